# SPDX-License-Identifier: Apache-2.0
"""Where in the mesh the filter sits: at every position each exchange is traced once, from the first one on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod

REQUESTS = 100
# Of a sidecar's own counts those of requests that go out to port 80, and no others.
OUTGOING = {
    "sidecar.istio.io/statsInclusionPrefixes": "http.outbound_0.0.0.0_80",
    "sidecar.istio.io/statsInclusionRegexps": "no-such-metric",
}


@pytest.fixture
def inner(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Backend:
    """A backend that is in the mesh itself, with a sidecar."""
    name = new_namespace("inner")
    kubectl.apply(*manifests.collector(name, injected=True))
    kubectl.rolled(name, "deployment/collector")
    return Backend(kubectl, name)


def test_tracing_the_tracer_never_loops(
    kubectl: Kubectl, app: Callable[..., str], inner: Backend, collection: Collection
) -> None:
    caller, called = app("caller"), app("called")
    backend = {"wasm_filter_trace_backend_address": inner.address, "wasm_filter_delivery": "inline"}
    assert collection.deploy(f"{called},{inner.namespace}", wasm_filter_context="inbound", **backend).status == 0
    assert collection.deploy(caller, **backend).status == 0
    client, server = only_pod(kubectl, caller), only_pod(kubectl, called)
    for namespace in (caller, called, inner.namespace):
        name = kubectl.pods(namespace)[0]["metadata"]["name"]
        eventually("the filter runs", lambda: kubectl.revision_running(namespace, name))  # noqa: B023

    def call(marker: str) -> None:
        answer = kubectl.call(caller, client["metadata"]["name"], f"http://web.{called}/echo?{marker}")
        assert answer["status"] == 200, answer

    def destinations() -> Counter[str]:
        documents = [trace["document"] for trace in inner.traces()]
        return Counter(one["destination_address"] for one in documents if "loop" in one["scnt_request"]["path"])

    for number in range(REQUESTS):
        call(f"loop-{number}")
    positions = {
        f"{kubectl.get('service', 'web', '-n', called)['spec']['clusterIP']}:80": REQUESTS,
        f"{server['status']['podIP']}:8080": REQUESTS,
    }
    eventually("a trace for each request and position", lambda: destinations() >= Counter(positions))
    # Whatever a trace had set off would have come before the trace of a later request.
    call("last")
    inner.trace_of("last")
    assert destinations() == positions
    posted = [one for one in inner.traces() if one["document"]["scnt_request"]["method"] == "POST"]
    assert posted == [], "a trace of a trace"


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_the_first_request_of_a_new_pod_is_traced(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, delivery: str
) -> None:
    # The application calls as soon as it runs, before its sidecar does.
    shop = app("first", env={"CALLS": "http://web/echo", "CALL_INTERVAL_SECONDS": "0.5"}, annotations=OUTGOING)
    assert collection.deploy(shop, wasm_filter_delivery=delivery).status == 0
    if delivery == "inline":
        kubectl("rollout", "restart", "deployment/web", "-n", shop)
        kubectl.rolled(shop, "deployment/web")
    pod = only_pod(kubectl, shop)["metadata"]["name"]

    def all_traced() -> bool:
        stats = kubectl.stats(shop, pod)
        completed = stats["envoy_http_downstream_rq_completed"]
        return completed > 3 and stats["wasmcustom_trace_sent"] == completed

    eventually("as many traces as requests", all_traced)


def test_a_gateway_knows_the_client_and_the_endpoint(
    kubectl: Kubectl,
    app: Callable[..., str],
    new_namespace: Callable[..., str],
    backend: Backend,
    collection: Collection,
) -> None:
    shop, edge = app("behind"), new_namespace("edge")
    trusting = {"proxy.istio.io/config": "gatewayTopology: {numTrustedProxies: 1}"}
    kubectl.apply(*manifests.gateway(edge, shop, trusting))
    kubectl.rolled(edge, "deployment/gateway")
    outcome = collection.deploy(
        edge, wasm_filter_context="gateway", wasm_filter_delivery="inline", wasm_filter_proof="require"
    )
    assert outcome.status == 0, outcome.output
    assert "the filter runs in 1 pod" in outcome.namespaces[edge]["message"]
    gateway, web = only_pod(kubectl, edge, "gateway"), only_pod(kubectl, shop)

    assert kubectl.call(shop, web["metadata"]["name"], f"http://gateway.{edge}/echo?direct")["status"] == 200
    direct = backend.trace_of("direct")
    assert direct["source_address"].startswith(web["status"]["podIP"] + ":")
    # The API server is a proxy that the gateway trusts, and says who called it: we, on its loopback.
    kubectl.through_pod(edge, gateway["metadata"]["name"], 8080, "/echo?forwarded")
    forwarded = backend.trace_of("forwarded")
    assert forwarded["source_address"].startswith("127.0.0.1:")
    for document in (direct, forwarded):
        assert document["destination_address"] == f"{web['status']['podIP']}:8080"
