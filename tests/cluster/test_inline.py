# SPDX-License-Identifier: Apache-2.0
"""Delivery inline: no restart, hot swap, and the way between both deliveries."""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod


def listeners_changed(kubectl: Kubectl, namespace: str, pod: str) -> float:
    """How often a listener that serves was changed; Services that come and go elsewhere only add some."""
    stats = kubectl.stats(namespace, pod)
    names = ("listener_modified", "listener_in_place_updated")
    return sum(stats.get(f"envoy_listener_manager_{name}", 0) for name in names)


def test_inline_loads_swaps_and_leaves_without_a_restart(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop = app("inline")
    pod = only_pod(kubectl, shop)
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]

    first = collection.deploy(shop, wasm_filter_delivery="inline")
    assert first.status == 0, first.output
    revision = eventually("the filter runs", lambda: kubectl.revision_running(shop, name))
    assert kubectl.call(shop, name, f"http://web.{shop}/echo?inline=1")["status"] == 200
    assert backend.trace_of("inline=1")["scnt_response"]["body"]
    listeners = listeners_changed(kubectl, shop, name)
    assert listeners > 0, "the slot came in by a change of listeners"

    second = collection.deploy(shop, wasm_filter_delivery="inline", wasm_filter_bodies="off")
    assert second.verdicts == {shop: "deployed"}
    eventually("the new revision runs", lambda: kubectl.revision_running(shop, name) != revision)
    assert kubectl.call(shop, name, f"http://web.{shop}/echo?inline=2")["status"] == 200
    assert not backend.trace_of("inline=2")["scnt_response"]["body"]
    assert kubectl.stats(shop, name)["envoy_listener_manager_lds_update_rejected"] == 0
    assert listeners_changed(kubectl, shop, name) == listeners, "a swap touches no listener"

    assert collection.deploy(shop, wasm_filter_delivery="inline", wasm_filter_bodies="off").verdicts == {
        shop: "unchanged"
    }
    assert collection.remove(shop).verdicts == {shop: "removed"}
    after = only_pod(kubectl, shop)
    assert after["metadata"]["uid"] == uid, "nothing restarted"
    assert after["status"]["containerStatuses"][0]["restartCount"] == 0
    eventually("the slot is gone", lambda: listeners_changed(kubectl, shop, name) > listeners)
    assert kubectl.call(shop, name, f"http://web.{shop}/echo?inline=3")["status"] == 200
    assert not [trace for trace in backend.traces() if "inline=3" in trace["document"]["scnt_request"]["path"]]


def test_between_the_deliveries_no_proxy_ever_has_two_slots(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("switch")
    for delivery in ("configmap", "inline", "configmap", "inline"):
        outcome = collection.deploy(shop, wasm_filter_delivery=delivery)
        assert outcome.status == 0, outcome.output
        found = kubectl.get("envoyfilters", "-n", shop)["items"]
        assert len(found) == 1, [item["metadata"]["name"] for item in found]
        wanted = found[0]["metadata"]["labels"]["wasm-filters.openclarity.io/revision"]
        pod = only_pod(kubectl, shop)["metadata"]["name"]
        eventually(f"{delivery} runs", lambda: kubectl.revision_running(shop, pod) == wanted)  # noqa: B023
        stats = kubectl.stats(shop, pod)
        assert stats["envoy_listener_manager_lds_update_rejected"] == 0
        assert stats.get("envoy_extension_config_discovery_config_reject", 0) == 0
    assert collection.remove(shop).verdicts == {shop: "removed"}
    assert "wasm-filter" not in kubectl("get", "configmaps,envoyfilters", "-n", shop)
