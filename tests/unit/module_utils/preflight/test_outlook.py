# SPDX-License-Identifier: Apache-2.0
"""What is asked before pods are replaced, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import injectors
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.injection import Injection
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.lists import Lister
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.mesh import ControlPlane
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.outlook import (
    Outlook,
    look_ahead,
    namespaces_to_ask,
    restarts,
)

from tests.unit.module_utils.planning.mesh_webhooks import injector
from tests.unit.module_utils.planning.test_request import granted
from tests.unit.module_utils.preflight.read_only_api import NAMESPACES, ReadOnlyApi
from tests.unit.module_utils.preflight.test_dry_runs import NO_RIGHT, QUOTA
from tests.unit.module_utils.preflight.test_mesh import pod
from tests.unit.objects import MOUNT, NAMES, injected_pod, workload

ENABLED = {"istio-injection": "enabled"}
LABELS = {"shop": ENABLED, "pay": {"istio.io/rev": "gone"}}
MESH = ControlPlane(injectors.of([injector()]), False, True)
UNKNOWN = ControlPlane(None, True, True)


def ahead(
    api: ReadOnlyApi, mesh: ControlPlane = MESH, labels: Any = LABELS, **changes: Any
) -> tuple[Outlook, list[str]]:
    request, found = granted(**changes), Findings()
    workloads = Lister(api, namespaces_to_ask(request, labels), len(labels)).workloads()
    return look_ahead(api, request, labels, workloads, mesh, found), found.warnings


def api(*entries: dict[str, Any]) -> ReadOnlyApi:
    found = ReadOnlyApi()
    found.put(*entries)
    return found


def test_each_that_would_be_changed_is_judged_by_what_was_answered() -> None:
    server = api(workload("shop", "a"), workload("shop", "b"), workload("pay", "c"))
    server.admission = lambda one: (
        injected_pod() if one["metadata"]["namespace"] == "shop" else {"metadata": {}, "spec": {"containers": []}}
    )
    found, warnings = ahead(server)
    assert {one.name: injection.proxy for one, injection in found.judged} == {"a": True, "b": True, "c": False}
    assert found.by_namespace()["pay"] == [Injection(False)]
    assert warnings == []
    # With what would be put into the template.
    assert len(server.tried) == 2 and NAMES.volume in server.tried[0]["metadata"]["annotations"][MOUNT]


def test_without_the_right_the_webhooks_are_gone_by_and_nothing_is_said() -> None:
    server = api(workload("shop", "a"), workload("pay", "c"))
    server.refused["REHEARSE"], server.saying[403] = 403, NO_RIGHT
    found, warnings = ahead(server)
    assert {one.name: injection.proxy for one, injection in found.judged} == {"a": True, "c": False}
    assert warnings == []


def test_without_any_right_labels_are_gone_by_and_that_is_said() -> None:
    server = api(workload("shop", "a"), workload("pay", "c"))
    server.refused["REHEARSE"], server.saying[403] = 403, NO_RIGHT
    found, (warning,) = ahead(server, UNKNOWN)
    assert {one.name: injection.proxy for one, injection in found.judged} == {"a": True, "c": True}
    assert warning.startswith("namespaces shop, pay: whether new pods get a sidecar is judged by labels alone")


def test_a_pod_that_would_not_start_is_said_in_the_api_servers_words_and_not_held_against_its_sidecar() -> None:
    server = api(workload("shop", "a"))
    server.refused["REHEARSE"], server.saying[403] = 403, QUOTA
    found, (warning,) = ahead(server)
    assert [injection.proxy for _one, injection in found.judged] == [True]
    assert warning.startswith("namespace shop: a new pod of Deployment/a would not be created") and QUOTA in warning


def test_of_pods_that_would_not_start_one_of_a_namespace_is_told_and_the_rest_counted() -> None:
    names = {f"n{number}": ENABLED for number in range(10)}
    # Apart for an injector, so that each is asked about.
    entries = [
        workload(name, kind, annotations={"sidecar.istio.io/x": f"{name}{kind}"}) for name in names for kind in "ab"
    ]
    server = api(*entries)
    server.refused["REHEARSE"], server.saying[403] = 403, QUOTA
    *told, rest = ahead(server, labels=names)[1]
    assert len(told) == len({one.partition(":")[0] for one in told}) == 8
    assert rest == "the same in 2 more namespaces"


def running(server: ReadOnlyApi, **revisions: str) -> ReadOnlyApi:
    for namespace, revision in revisions.items():
        server.objects[f"{NAMESPACES}/{namespace}/pods/x"] = pod(revision)
    return server


def test_sidecars_of_another_istiod_are_told_before_the_restart() -> None:
    server = running(api(workload("shop", "a"), workload("pay", "b")), shop="1-20", pay="default")
    _found, (warning,) = ahead(server, labels={"shop": ENABLED, "pay": ENABLED})
    assert warning == "namespace shop: sidecars are of istiod revision 1-20; pods that are replaced get default"


def test_nothing_is_asked_where_nothing_is_replaced_and_the_namespace_asks_for_sidecars() -> None:
    server = running(api(workload("shop", "a"), workload("plain", "b")), plain="1-20")
    found, warnings = ahead(server, labels={"shop": ENABLED, "plain": {}}, delivery="inline")
    assert [(one.namespace, injection.proxy) for one, injection in found.judged] == [("plain", True)]
    assert [one["metadata"]["namespace"] for one in server.tried] == ["plain"]
    assert MOUNT not in server.tried[0]["metadata"].get("annotations", {}) and warnings == []


def test_a_removal_that_takes_sidecars_away_is_warned_about() -> None:
    entry = workload("pay", "a", labels={NAMES.pod_label: "0000000001"})
    server = running(api(entry, workload("pay", "untouched")), pay="1-20")
    server.admission = lambda _pod: {"metadata": {}, "spec": {"containers": []}}
    found, (warning,) = ahead(server, state="absent")
    assert [one.name for one, _injection in found.judged] == ["a"]
    assert NAMES.pod_label not in server.tried[0]["metadata"]["labels"]
    assert warning.startswith("namespace pay: pods have sidecars;")
    # Nobody loses what nobody has.
    del server.objects[f"{NAMESPACES}/pay/pods/x"]
    assert ahead(server, state="absent")[1] == []


@pytest.mark.parametrize(
    ("changes", "replaced"), [({}, True), ({"delivery": "inline"}, False), ({"state": "absent"}, True)]
)
def test_which_runs_replace_pods(changes: dict[str, Any], replaced: bool) -> None:
    assert restarts(granted(**changes)) == replaced


def test_only_selected_workloads_are_asked_about() -> None:
    server = api(workload("shop", "a"), workload("shop", "b"))
    found, _warnings = ahead(server, variables={"wasm_filter_selector": {"app": "b"}})
    assert [one.name for one, _injection in found.judged] == ["b"]
