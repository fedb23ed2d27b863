# SPDX-License-Identifier: Apache-2.0
"""What people fear most: a pod that is not ready, or a request that fails, because of us."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.paths import CHECKOUT
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl, eventually, ready
from tests.cluster.test_deploy import only_pod

BINARY = CHECKOUT / "filter" / "dist" / "http-trace-filter.wasm"
REJECTED = "envoy_listener_manager_lds_update_rejected"


def restarted(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    """The application's pod after a `kubectl rollout restart`, whether ready or not."""
    before = {pod["metadata"]["uid"] for pod in kubectl.pods(namespace)}
    kubectl("rollout", "restart", "deployment/web", "-n", namespace)

    def new() -> list[dict[str, Any]]:
        found = [pod for pod in kubectl.pods(namespace) if pod["metadata"]["uid"] not in before]
        return [pod for pod in found if pod["status"].get("podIP")]

    return eventually("a new pod", new)[0]


def assert_unharmed(kubectl: Kubectl, namespace: str, pod: str) -> None:
    answer = kubectl.call(namespace, pod, f"http://web.{namespace}/echo")
    assert answer["status"] == 200, answer
    assert kubectl.stats(namespace, pod)[REJECTED] == 0


def test_a_deleted_config_map_leaves_pods_ready_and_a_rerun_heals(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("missing")
    deployed = collection.deploy(shop)
    revision = deployed.namespaces[shop]["workloads"][0]["to"]
    kubectl("delete", "configmap", f"wasm-filter-{revision}", "-n", shop)

    assert_unharmed(kubectl, shop, only_pod(kubectl, shop)["metadata"]["name"])
    restarted(kubectl, shop)
    kubectl.rolled(shop, "deployment/web")
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    assert_unharmed(kubectl, shop, pod)
    assert kubectl.revision_running(shop, pod) == ""

    healed = collection.deploy(shop)
    assert healed.verdicts == {shop: "deployed"}, healed.output
    restarted(kubectl, shop)
    kubectl.rolled(shop, "deployment/web")
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod) == revision)


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_a_garbage_binary_leaves_traffic_and_readiness_alone(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, tmp_path: Path, delivery: str
) -> None:
    # It has the header, imports and exports that preflight reads, and code that no VM compiles.
    content = bytearray(BINARY.read_bytes())
    half = len(content) // 2
    content[half : half + 512] = b"\xff" * 512
    garbage = tmp_path / "garbage.wasm"
    garbage.write_bytes(content)
    shop = app("garbage")
    before = only_pod(kubectl, shop)["metadata"]["name"]

    outcome = collection.deploy(shop, wasm_filter_binary_path=str(garbage), wasm_filter_delivery=delivery)

    assert outcome.status == 0, outcome.output
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    assert (pod == before) == (delivery == "inline")
    eventually("the proxy has refused it", lambda: "failed to load" in proxy_log(kubectl, shop, pod))
    assert_unharmed(kubectl, shop, pod)
    restarted(kubectl, shop)
    kubectl.rolled(shop, "deployment/web")
    assert_unharmed(kubectl, shop, only_pod(kubectl, shop)["metadata"]["name"])

    assert collection.deploy(shop, wasm_filter_delivery=delivery).status == 0
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("a good binary heals it", lambda: kubectl.revision_running(shop, pod))
    assert_unharmed(kubectl, shop, pod)


def proxy_log(kubectl: Kubectl, namespace: str, pod: str) -> str:
    return kubectl("logs", "-n", namespace, pod, "-c", "istio-proxy")


def old_way(namespace: str) -> dict[str, Any]:
    """An EnvoyFilter as the old script applies it: for all pods of the namespace, patched or not."""
    wasm = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": "old",
            "vm_config": {
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": "/var/local/lib/wasm-filters/http-trace-filter.wasm"}},
            },
        },
    }
    manager = {"name": "envoy.filters.network.http_connection_manager"}
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_OUTBOUND", "listener": {"filterChain": {"filter": manager}}},
        "patch": {"operation": "INSERT_BEFORE", "value": {"name": "old", "typed_config": wasm}},
    }
    metadata = {"name": "old", "namespace": namespace}
    api = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": metadata}
    return {**api, "spec": {"configPatches": [patch]}}


def test_the_old_scripts_outage_can_be_had_its_way_and_not_ours(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("outage")
    kubectl.apply(old_way(shop))
    running = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("istiod has sent it", lambda: kubectl.stats(shop, running)[REJECTED])
    pod = restarted(kubectl, shop)["metadata"]["name"]
    eventually("the new pod rejects listeners", lambda: "Invalid path" in proxy_log(kubectl, shop, pod))
    # Its sidecar says so itself, asked well after the rejection; a healthy one is ready by then.
    eventually("the sidecar is not ready", lambda: "Envoy proxy is NOT ready" in proxy_log(kubectl, shop, pod))
    assert not ready(next(found for found in kubectl.pods(shop) if found["metadata"]["name"] == pod))

    kubectl("delete", "envoyfilter", "old", "-n", shop)
    kubectl.rolled(shop, "deployment/web")
    # Ours, with pods that are not patched: the slot is only for those that carry the revision.
    assert collection.deploy(shop, wasm_filter_binary_path=str(BINARY)).status == 0
    restarted(kubectl, shop)
    kubectl.rolled(shop, "deployment/web")
    assert_unharmed(kubectl, shop, only_pod(kubectl, shop)["metadata"]["name"])
