"""Where in the mesh the filter sits: at every position each exchange is traced once, from the first one on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod

REQUESTS = 100


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
