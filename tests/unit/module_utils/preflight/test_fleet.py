# SPDX-License-Identifier: Apache-2.0
"""Targets, exclusions and warnings, from all that is read."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Exclusion
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight import mesh
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.check import Checked, check
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.fleet import Cluster

from tests.unit.module_utils.planning.mesh_webhooks import injector
from tests.unit.module_utils.planning.test_old_script import envoy_filter
from tests.unit.module_utils.planning.test_request import granted
from tests.unit.module_utils.planning.test_visibility import sidecar
from tests.unit.module_utils.preflight.read_only_api import (
    GROUP,
    MESH,
    NAMESPACES,
    SERVICE,
    WEBHOOK,
    ReadOnlyApi,
)
from tests.unit.objects import injected_pod, namespace, workload

PLAIN: dict[str, Any] = {"metadata": {}, "spec": {"containers": []}}


def server(*entries: dict[str, Any]) -> ReadOnlyApi:
    """With `shop` and `pay`."""
    api = ReadOnlyApi(namespace("shop"), namespace("pay"), service=SERVICE)
    api.put(*entries)
    return api


def checked(api: ReadOnlyApi, **changes: Any) -> tuple[Checked, list[str]]:
    found = Findings()
    result = check(api, granted(**changes), "c", found)
    assert result is not None, found.errors
    return result, found.warnings


def reasons(result: Checked) -> dict[str, str]:
    return {one.namespace: one.reason for one in result.targets if not one.eligible}


def test_a_namespace_whose_new_pods_get_no_sidecar_is_refused_and_its_workloads_are_not_listed_beside() -> None:
    api = server(workload("shop", "web"), workload("pay", "web"))
    api.objects[f"{NAMESPACES}/pay"]["metadata"]["labels"] = {"istio.io/rev": "gone"}
    api.admission = lambda pod: injected_pod() if pod["metadata"]["namespace"] == "shop" else PLAIN
    result, warnings = checked(api)
    assert (reasons(result), result.exclusions, warnings) == ({"pay": "no_injector"}, (), [])
    assert "of this cluster: default" in result.targets[1].message


def test_a_workload_whose_new_pods_get_no_sidecar_is_left_alone_beside_others() -> None:
    api = server(workload("shop", "web"), workload("shop", "old", labels={"istio.io/rev": "gone"}))
    api.admission = lambda pod: PLAIN if "istio.io/rev" in pod["metadata"]["labels"] else injected_pod()
    result, _warnings = checked(api)
    (found,) = result.exclusions
    assert isinstance(found, Exclusion)
    assert (found.cluster, found.namespace, found.name, found.reason) == ("c", "shop", "old", "no_sidecar")
    assert reasons(result) == {}


def test_one_opted_in_workload_serves_an_ambient_namespace() -> None:
    api = server(workload("shop", "web"), workload("shop", "in", labels={"sidecar.istio.io/inject": "true"}))
    api.objects[f"{NAMESPACES}/shop"]["metadata"]["labels"] = {"istio.io/dataplane-mode": "ambient"}
    api.admission = lambda pod: injected_pod() if "sidecar.istio.io/inject" in pod["metadata"]["labels"] else PLAIN
    for delivery in ("configmap", "inline"):
        result, _warnings = checked(api, namespaces="shop", delivery=delivery)
        assert reasons(result) == {}
        assert [one.name for one in result.exclusions] == (["web"] if delivery == "configmap" else [])
    assert "ambient" in checked(api, namespaces="shop")[0].exclusions[0].message


def test_a_removal_is_refused_nowhere() -> None:
    api = server(workload("shop", "web"))
    api.admission = lambda _pod: PLAIN
    result, warnings = checked(api, state="absent")
    assert (reasons(result), result.exclusions, warnings) == ({}, (), [])


def test_a_namespace_that_is_being_deleted_is_not_asked_about() -> None:
    api = server(workload("shop", "web"))
    api.objects[f"{NAMESPACES}/shop"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert reasons(checked(api)[0]) == {"shop": "namespace_terminating"}
    assert api.tried == []
    living = Cluster(mesh.read_namespaces(api, ("shop", "pay")), mesh.Configuration("r"), None).living
    assert list(living) == ["pay"]


def test_what_hides_the_backend_or_traces_already_is_warned_about() -> None:
    api = server(workload("shop", "web"), workload("pay", "web"))
    api.objects[f"{GROUP}/namespaces/istio-system/sidecars/default"] = sidecar("./*", namespace="istio-system")
    api.objects[f"{GROUP}/namespaces/pay/sidecars/default"] = sidecar("*/*", namespace="pay")
    api.objects[f"{GROUP}/namespaces/shop/envoyfilters/trace-filter"] = envoy_filter()
    api.objects[f"{GROUP}/namespaces/other/envoyfilters/trace-filter"] = envoy_filter("other")
    _result, (old, hidden) = checked(api)
    assert old.startswith("namespace shop: EnvoyFilter trace-filter of the old script")
    assert hidden.startswith("namespace shop: ") and "Sidecar istio-system/default" in hidden
    # A backend outside the mesh is hidden by none; where the filter goes, neither matters.
    assert len(checked(api, backend_address="192.168.0.1")[1]) == 1
    assert checked(api, state="absent")[1] == []


def test_only_where_something_is_put_it_is_warned_about() -> None:
    api = server(workload("shop", "web"))
    api.objects[f"{GROUP}/namespaces/shop/envoyfilters/trace-filter"] = envoy_filter()
    api.admission = lambda _pod: PLAIN
    assert checked(api)[1] == []


def test_namespaces_that_istiod_does_not_look_at_and_a_cluster_without_one() -> None:
    api = server(workload("shop", "web"))
    api.objects[MESH] = {"data": {"mesh": 'discoverySelectors: [{matchLabels: {mesh: "yes"}}]'}}
    api.objects[WEBHOOK] = injector(url="https://primary/inject/cluster/c/net/n")
    _result, (nobody, unseen) = checked(api)
    assert nobody.startswith("no istiod is seen in this cluster (namespace istio-system)")
    assert unseen.startswith("namespaces shop, pay: the discoverySelectors")
