# SPDX-License-Identifier: Apache-2.0
"""Each wire format, from a pod's request to the backend's socket; and what the sidecar's metrics say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod
from tests.filter import otel_collector


def texts(posts: list[dict[str, Any]]) -> list[str]:
    """What was posted, whatever its form."""
    return [post["raw"] if "raw" in post else json.dumps(post["document"]) for post in posts]


@pytest.mark.parametrize(
    ("form", "path"),
    [("publish", "/publish"), ("apiclarity", "/api/telemetry"), ("ndjson", "/publish"), ("otlp", "/v1/logs")],
)
def test_a_request_arrives_in_the_format_that_was_asked_for(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection, form: str, path: str
) -> None:
    shop = app(form)
    outcome = collection.deploy(shop, wasm_filter_delivery="inline", wasm_filter_trace_format=form)
    assert outcome.status == 0, outcome.output
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod))
    marker = f"format-{form}-{shop}"
    assert kubectl.call(shop, pod, f"http://web.{shop}/echo?{marker}")["status"] == 200

    def arrived() -> list[dict[str, Any]]:
        return [post for post in backend.traces() if marker in texts([post])[0]]

    post = eventually("the trace", arrived)[0]
    assert post["path"] == path
    assert ["x-wasm-filter-trace", "trace"] in post["headers"]
    stats = kubectl.stats(shop, pod)
    assert stats["wasmcustom_trace_sent"] >= 1 and stats["wasmcustom_trace_dropped"] == 0
    assert stats["envoy_listener_manager_lds_update_rejected"] == 0


def test_an_opentelemetry_collector_in_the_mesh(
    kubectl: Kubectl,
    app: Callable[..., str],
    new_namespace: Callable[..., str],
    backend: Backend,
    collection: Collection,
) -> None:
    shop, otel = app("shop"), new_namespace("otel")
    program = otel_collector.binary(print)
    kubectl.apply(*manifests.opentelemetry_collector(otel, program, f"http://{backend.address}:9000"))
    kubectl.rolled(otel, "deployment/otel")
    to_otel = {"wasm_filter_trace_backend_address": f"otel.{otel}", "wasm_filter_trace_backend_port": 4318}
    outcome = collection.deploy(shop, wasm_filter_delivery="inline", wasm_filter_trace_format="otlp", **to_otel)
    assert outcome.status == 0, outcome.output
    name = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, name))
    for number in range(3):
        assert kubectl.call(shop, name, f"http://web.{shop}/echo?{number}")["status"] == 200

    def handed_on() -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        posts = [post for post in backend.traces() if shop in texts([post])[0]]
        return [otel_collector.read(json.dumps(post["document"]).encode()) for post in posts]

    # Each worker has batches of its own.
    def queries() -> list[str]:
        return sorted(record["attributes"]["url.query"] for _, records in handed_on() for record in records)

    eventually("all records", lambda: queries() == ["0", "1", "2"])
    for resource, _ in handed_on():
        assert resource == {"service.name": "web", "k8s.namespace.name": shop, "k8s.pod.name": name}
    assert kubectl.stats(shop, name)["wasmcustom_trace_failed"] == 0
    log = kubectl("logs", "-n", otel, "deployment/otel", "-c", "app")
    assert "Everything is ready" in log
    assert '"level":"error"' not in log and '"level":"warn"' not in log
