# SPDX-License-Identifier: Apache-2.0
"""Whole waves against a simulated cluster; what is waited for is in test_wave_run_waiting.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.config_map import ConfigMapDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import object_steps, workload
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.registry import KINDS

from tests.simulation.api_server import Object
from tests.unit import objects
from tests.unit.objects import NAMES, R1, R2, VOLUME, delivery, release
from tests.unit.runs import THEIRS, Simulated, cluster
from tests.unit.wires import Slow


def test_deploy() -> None:
    found = cluster("shop", "pay")
    verdicts = found.deploy("shop", "pay")
    for verdict in verdicts.values():
        assert (verdict.outcome, verdict.changed, verdict.reason) == ("deployed", True, "")
        assert verdict.message == f"revision {R1} (configmap): 2 workloads patched"
        assert [(entry.kind, entry.outcome, entry.to_revision) for entry in verdict.workloads] == [
            ("Deployment", "deployed", R1),
            ("StatefulSet", "deployed", R1),
        ]
    volumes = json.loads(found.template("pay")["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == ["theirs", NAMES.volume]
    sent = [dispatch.request for _at, dispatch in found.executor.dispatched]
    written = [request for request in sent if request.verb not in ("get", "list", "delete")]
    assert {request.manager for request in written} == {NAMES.field_manager}


def test_workloads_are_in_the_order_of_kind_and_name_whichever_list_came_first() -> None:
    found = cluster("shop")
    found.server.seed(objects.workload("shop", "api"), objects.workload("shop", "a", kind="StatefulSet"))
    found.wire = Slow("list .*/deployments", 1)
    (verdict,) = found.deploy("shop").values()
    labels = [f"{entry.kind}/{entry.name}" for entry in verdict.workloads]
    assert labels == ["Deployment/api", "Deployment/web", "StatefulSet/a", "StatefulSet/data"]


def test_no_pod_changes_before_its_objects_are_there() -> None:
    found = cluster("shop")
    found.deploy("shop")
    kinds = [request.split("/")[-1 if request.startswith("CREATE") else -2] for request in found.writes]
    assert kinds[:2] == ["configmaps", "envoyfilters"]
    assert sorted(kinds[2:]) == ["deployments", "statefulsets"]


def test_again_changes_nothing_and_only_lists() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop", "pay")
    found.server.requests.clear()
    verdicts = found.deploy("shop", "pay")
    assert {
        (verdict.outcome, verdict.changed, verdict.diff["before"] or verdict.diff["after"] or None)
        for verdict in verdicts.values()
    } == {("unchanged", False, None)}
    # How many namespaces, each kind of workloads, two of objects, and pods of no workload.
    assert [request.partition(" ")[0] for request in found.server.requests] == ["LIST"] * (1 + len(KINDS) + 2 + 1)


def test_check_mode_says_what_would_change_and_changes_nothing() -> None:
    found = cluster("shop", dry_run=True)
    before = json.dumps(found.template("shop"))
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.changed) == ("deployed", True)
    assert NAMES.pod_label in verdict.diff["after"]["Deployment/web"]
    assert json.dumps(found.template("shop")) == before
    assert found.names("ConfigMap", "shop") == []
    assert not [request for request in found.server.requests if request.startswith("WATCH")]


STEPS = [(workload, "planned"), (workload, "advance"), (object_steps, "advance"), (ConfigMapDelivery, "missing")]


@pytest.mark.parametrize(("owner", "step"), STEPS)
def test_a_fault_of_ours_stops_no_other_namespace(monkeypatch: pytest.MonkeyPatch, owner: Any, step: str) -> None:
    found = cluster("shop", "pay")
    sound = getattr(owner, step)

    def faulty(*arguments: Any, **options: Any) -> Any:
        if "'namespace': 'shop'" in repr(arguments):
            raise KeyError("unforeseen")
        return sound(*arguments, **options)

    monkeypatch.setattr(owner, step, faulty)
    verdicts = found.deploy("shop", "pay")
    assert (verdicts["shop"].outcome, verdicts["shop"].reason) == ("failed", "crashed")
    assert "unforeseen" in verdicts["shop"].message
    assert verdicts["pay"].outcome == "deployed"


def test_an_ineligible_namespace_is_not_touched_and_stops_nobody() -> None:
    found = cluster("shop", "pay")
    verdicts = found.deploy("shop", "pay", ineligible={"pay": ("not_injected", "pay is not injected")})
    assert verdicts["shop"].outcome == "deployed"
    assert (verdicts["pay"].outcome, verdicts["pay"].reason) == ("failed", "not_injected")
    assert verdicts["pay"].message == "pay is not injected"
    assert not verdicts["pay"].changed
    assert not [request for request in found.server.requests if "/pay/" in request]


def test_where_none_is_eligible_nothing_is_asked() -> None:
    found = cluster("shop")
    assert found.deploy("shop", ineligible={"shop": ("not_injected", "no")})["shop"].reason == "not_injected"
    assert found.server.requests == []


@pytest.mark.parametrize(
    ("refused", "changed"),
    [
        ("LIST .*/pay/deployments|LIST /apis/apps/v1/deployments", False),
        ("CREATE .*/pay/configmaps", False),
        # The ConfigMap is there by then, and it is said.
        ("CREATE .*/pay/envoyfilters", True),
    ],
)
def test_a_namespace_that_is_refused_stops_nobody(refused: str, changed: bool) -> None:
    found = cluster("shop", "pay")
    found.refuse(refused, 403)
    verdicts = found.deploy("shop", "pay")
    assert verdicts["shop"].outcome == "deployed"
    assert (verdicts["pay"].outcome, verdicts["pay"].reason) == ("failed", "api_refused")
    assert verdicts["pay"].changed == changed
    # Its pods were not sent to look for what is not there.
    assert NAMES.pod_label not in found.template("pay")["labels"]


def test_an_object_of_somebody_else_fails_its_namespace_only() -> None:
    found = cluster("shop", "pay")
    theirs = release().config_map("pay", "x")
    found.server.seed({**theirs, "metadata": {**theirs["metadata"], "labels": {}}})
    verdicts = found.deploy("shop", "pay")
    assert (verdicts["pay"].outcome, verdicts["pay"].reason) == ("failed", "foreign_object")
    assert verdicts["shop"].outcome == "deployed"


def test_a_workload_that_is_refused_stops_no_other() -> None:
    found = cluster("shop")
    found.refuse("APPLY .*/deployments/web", 422)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.changed, verdict.reason) == ("failed", True, "api_refused")
    assert [(entry.outcome, entry.to_revision) for entry in verdict.workloads] == [("failed", "none"), ("deployed", R1)]
    assert verdict.message.startswith("Deployment/web: failed to ")
    assert verdict.message.endswith(f"; revision {R1} (configmap): 1 other workload patched")
    # What does not run it yet may have to go back: nothing is collected.
    assert found.names("EnvoyFilter", "shop") == [f"trace-filter-{R1}"]


def test_a_volume_of_our_name_that_is_not_ours_is_refused() -> None:
    theirs = {VOLUME: json.dumps([{"name": NAMES.volume, "emptyDir": {}}])}
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web", annotations=theirs))
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "foreign_object")
    assert found.template("shop")["annotations"] == theirs


def test_only_what_the_selector_means_is_changed() -> None:
    found = cluster("shop")
    wanted = release()
    wanted.spec["workloadSelector"]["labels"]["app"] = "web"
    verdict = found.deploy("shop", operation=ConfigMapDelivery(wanted))["shop"]
    assert verdict.message == (
        f"revision {R1} (configmap): 1 workload patched; 1 skipped (not_selected: StatefulSet/data)"
    )
    assert NAMES.pod_label not in found.template("shop", "StatefulSet", "data")["labels"]


def test_a_sentence_that_is_the_same_for_all_is_told_once() -> None:
    found = cluster("shop")
    found.server.seed(objects.workload("shop", "api"))
    found.refuse("APPLY .*/deployments/", 403)
    verdict = found.deploy("shop")["shop"]
    assert verdict.message.startswith("Deployment/api, Deployment/web: failed to ")
    assert verdict.message.count("failed to ") == 1
    assert verdict.message.endswith("1 other workload patched")


def test_a_skipped_workload_is_named() -> None:
    found = cluster("shop")
    found.server.seed(objects.workload("shop", "plain", labels={"sidecar.istio.io/inject": "false"}))
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "deployed"
    assert "1 skipped (injection_disabled: Deployment/plain)" in verdict.message


def test_inline_touches_no_workload() -> None:
    found = cluster("shop")
    found.deploy("shop", operation=delivery(R1, "inline"))
    verdict = found.deploy("shop", operation=delivery(R2, "inline"))["shop"]
    assert verdict.outcome == "deployed"
    assert verdict.message == f"revision {R2} (inline): no pod restarts"
    assert not [request for request in found.writes if "/apis/apps/" in request]
    assert found.names("EnvoyFilter", "shop") == ["trace-filter"]


def test_remove_leaves_what_was_there_before() -> None:
    found = cluster("shop", "pay")
    before = found.held("Deployment", "shop", "web")["spec"]
    found.deploy("shop", "pay")
    found.deploy("shop", operation=delivery(R2))
    verdict = found.remove("shop")["shop"]
    assert (verdict.outcome, verdict.changed) == ("removed", True)
    assert found.template("shop") == {"labels": {"app": "web"}, "annotations": THEIRS}
    assert found.held("Deployment", "shop", "web")["spec"] == before
    assert not [key for key in found.held("Deployment", "shop", "web")["metadata"]["annotations"] if "wasm" in key]
    assert found.names("ConfigMap", "shop") == found.names("EnvoyFilter", "shop") == []
    assert found.names("ConfigMap", "pay")


def test_remove_takes_the_workloads_first() -> None:
    found = cluster("shop")
    found.deploy("shop")
    found.server.requests.clear()
    found.remove("shop")
    verbs = [request.partition(" ")[0] for request in found.writes]
    # Two for a workload that had the annotations: the second gives up what we own of it.
    assert verbs == ["MERGE_PATCH"] * 3 + ["DELETE"] * 2


def test_remove_where_nothing_is_is_nothing_to_do() -> None:
    found = cluster("shop")
    verdict = found.remove("shop")["shop"]
    assert (verdict.outcome, verdict.changed) == ("unchanged", False)
    assert verdict.message == "nothing to do, filter removed: no workload patched"
    assert found.writes == []


def test_remove_keeps_the_file_of_pods_that_could_not_be_changed() -> None:
    found = cluster("shop")
    found.deploy("shop")
    found.refuse("MERGE_PATCH .*/deployments/web", 403)
    verdict = found.remove("shop")["shop"]
    assert verdict.outcome == "failed"
    assert found.names("ConfigMap", "shop") == [f"wasm-filter-{R1}"]
    assert found.names("EnvoyFilter", "shop") == []


def test_progress_is_told() -> None:
    found = cluster("shop")
    found.deploy("shop")
    assert ("shop", f"ConfigMap/wasm-filter-{R1} and EnvoyFilter/trace-filter-{R1} set", False) in found.told
    assert ("shop", "Deployment/web patched", True) in found.told
    assert ("shop", "StatefulSet/data rolled, 2 pods", False) in found.told


def test_progress_counts_the_namespaces_that_have_nothing_under_way() -> None:
    found = cluster("shop", "pay", "bank")
    ineligible = {"pay": ("not_injected", "no")}
    found.run(delivery(), ["shop", "pay"], ["bank"], ineligible=ineligible, max_fail_percentage=50)
    counts = {(one.namespace, one.done, one.total) for one in found.executor.told}
    # The one that is not eligible is done with before anything else, and a wave goes on where the last one was.
    assert counts == {("shop", 1, 3), ("shop", 2, 3), ("bank", 2, 3), ("bank", 3, 3)}
    assert {one.rolling for one in found.executor.told} >= {0, 1, 2}


def test_progress_of_check_mode_says_would_be() -> None:
    found = cluster("shop", dry_run=True)
    found.deploy("shop")
    texts = [text for _namespace, text, _step in found.told]
    assert "Deployment/web would be patched" in texts
    assert all("would be " in text for text in texts)


def test_what_is_deleted_is_told() -> None:
    found = cluster("shop")
    found.deploy("shop")
    found.remove("shop")
    assert ("shop", f"EnvoyFilter/trace-filter-{R1} and ConfigMap/wasm-filter-{R1} deleted", False) in found.told


def pod_of(kind: str | None) -> Object:
    metadata: dict[str, Any] = {"name": "p", "namespace": "shop", "annotations": {"sidecar.istio.io/status": "{}"}}
    if kind:
        metadata["ownerReferences"] = [{"kind": kind, "name": "owner", "uid": "u", "controller": True}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


@pytest.mark.parametrize("kind", ["Job", "ReplicaSet", None])
def test_a_namespace_whose_pods_can_not_be_given_the_filter_gets_nothing(kind: str | None) -> None:
    found = Simulated(objects.namespace("shop"), pod_of(kind), controllers=False)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("skipped", "no_workloads", False)
    (left,) = verdict.workloads
    assert (left.kind, left.outcome, left.reason) == (kind or "Pod", "skipped", "kind_not_handled")
    assert left.name in verdict.message
    assert found.writes == []
    # They have sidecars, which take an inline filter as any other.
    assert found.deploy("shop", operation=delivery(R1, "inline"))["shop"].outcome == "deployed"
