# SPDX-License-Identifier: Apache-2.0
"""Backends that are no Service of the mesh, the inbound side, and two filters in one proxy."""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod


def test_an_ip_address_gets_a_cluster_of_its_own(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop = app("literal")
    address = backend.pod["status"]["podIP"]
    outcome = collection.deploy(shop, wasm_filter_trace_backend_address=address, wasm_filter_delivery="inline")
    assert outcome.status == 0, outcome.output
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod))
    assert kubectl.call(shop, pod, f"http://web.{shop}/echo?literal=1")["status"] == 200
    assert backend.trace_of("literal=1")["scnt_response"]["status_code"] == "200"
    assert kubectl.stats(shop, pod)["envoy_listener_manager_lds_update_rejected"] == 0


def test_inbound_traces_what_reaches_the_workload(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    called, caller = app("called"), app("caller")
    outcome = collection.deploy(
        called, wasm_filter_context="inbound", wasm_filter_delivery="inline", wasm_filter_proof="require"
    )
    assert outcome.status == 0, outcome.output
    server, client = only_pod(kubectl, called), only_pod(kubectl, caller)
    eventually("the filter runs", lambda: kubectl.revision_running(called, server["metadata"]["name"]))
    assert kubectl.call(caller, client["metadata"]["name"], f"http://web.{called}/echo?inbound=1")["status"] == 200
    document = backend.trace_of("inbound=1")
    assert document["source_address"].startswith(client["status"]["podIP"] + ":")
    assert document["destination_address"] == f"{server['status']['podIP']}:8080"


def test_two_filters_leave_each_other_alone(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop = app("two")
    before = kubectl.get("deployment", "web", "-n", shop)["spec"]["template"]
    assert collection.deploy(shop).status == 0
    assert collection.deploy(shop, wasm_filter_name="audit", wasm_filter_config_map_name="audit").status == 0
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    assert {"wasm-filters.openclarity.io/trace", "wasm-filters.openclarity.io/audit"} <= set(
        only_pod(kubectl, shop)["metadata"]["labels"]
    )
    eventually("the filters run", lambda: kubectl.revision_running(shop, pod))
    assert kubectl.call(shop, pod, f"http://web.{shop}/echo?two=1")["status"] == 200

    def both() -> bool:
        found = [trace for trace in backend.traces() if "two=1" in trace["document"]["scnt_request"]["path"]]
        return {value for trace in found for name, value in trace["headers"] if name == "x-wasm-filter-trace"} == {
            "trace",
            "audit",
        }

    eventually("a trace by each", both)
    assert collection.remove(shop).verdicts == {shop: "removed"}
    assert "audit-filter" in kubectl("get", "envoyfilters", "-n", shop)
    assert collection.remove(shop, wasm_filter_name="audit", wasm_filter_config_map_name="audit").status == 0
    after = kubectl.get("deployment", "web", "-n", shop)["spec"]["template"]
    assert after["metadata"].get("annotations") == before["metadata"].get("annotations")
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
