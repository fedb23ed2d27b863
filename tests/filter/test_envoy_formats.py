# SPDX-License-Identifier: Apache-2.0
"""The formats through a real Envoy, and what becomes of documents that wait."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.filter import judges
from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, route, trace_filter
from tests.filter.envoy.process import Envoy, poll, request, running
from tests.filter.envoy.servers import BackendHandler, Server, UpstreamHandler, serving

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
UPSTREAM = "outbound|80||cart.pay.svc.cluster.local"
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "apiclarity": {},
    "ndjson": {"bodies": "on", "batch": {"count": 3}},
    "otlp": {"batch": {"count": 1000, "milliseconds": 100}},
}


@dataclass
class Scene:
    envoy: Envoy
    backend: Server

    def get(self, form: str, path: str) -> None:
        headers = {"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"}
        assert request(self.envoy.port(form), "POST", path, b"abc", **headers).status == 200

    def posts(self, form: str) -> list[bytes]:
        where = {"apiclarity": "/api/telemetry", "ndjson": "/publish", "otlp": "/v1/logs"}[form]
        return [post.body for post in list(self.backend.received) if post.path == where]


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    listeners = []
    for form, more in CONFIGURATIONS.items():
        configuration = {"format": form, "backend": {"cluster": "backend"}} | more
        traced = trace_filter(released, configuration)
        listeners.append(listener(form, traced, routes=[route("/", UPSTREAM)]))
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        clusters = [cluster(UPSTREAM, upstream.port), cluster("backend", backend.port)]
        with running(program, bootstrap(listeners, clusters), tmp_path_factory.mktemp("formats")) as envoy:
            yield Scene(envoy, backend)


def test_apiclarity(scene: Scene) -> None:
    scene.get("apiclarity", "/cart")
    poll(lambda: scene.posts("apiclarity") != [], "the telemetry")
    document = judges.apiclarity(scene.posts("apiclarity")[0])
    assert document["destinationNamespace"] == "pay"
    assert document["request"]["path"] == "/cart"
    assert 0 < document["request"]["common"]["time"] <= document["response"]["common"]["time"]


def test_ndjson_goes_by_count(scene: Scene) -> None:
    for number in range(3):
        scene.get("ndjson", f"/{number}")
    poll(lambda: scene.posts("ndjson") != [], "a batch")
    documents = [one for post in scene.posts("ndjson") for one in judges.ndjson(post)]
    poll(lambda: sum(len(judges.ndjson(post)) for post in scene.posts("ndjson")) == 3, "three documents")
    assert [one["scnt_request"]["path"] for one in documents] == [f"/{number}" for number in range(len(documents))]


def test_otlp_goes_by_time(scene: Scene) -> None:
    scene.get("otlp", "/cart?a=1")
    poll(lambda: scene.posts("otlp") != [], "a batch")
    resource, (record,) = judges.otlp(scene.posts("otlp")[0])
    assert resource["service.name"] == "unknown_service:envoy"
    assert (record["traceId"], record["spanId"]) == (TRACE_ID, SPAN_ID)
    attributes = record["attributes"]
    assert (attributes["url.path"], attributes["url.query"]) == ("/cart", "a=1")
    assert attributes["http.response.status_code"] == 200
    assert attributes["http.exchange.duration_ns"] > 0
    assert (attributes["http.request.body.size"], attributes["http.response.body.size"]) == (3, 7)
    assert not any(key.endswith(".body") for key in attributes), "bodies stay here unless asked for"


def test_what_an_otlp_backend_rejects_is_failed(program: Path, released: Path, tmp_path: Path) -> None:
    configuration = {"format": "otlp", "backend": {"cluster": "backend"}, "batch": {"count": 5, "milliseconds": 60_000}}
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        backend.said = b'{"partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "too old"}}'
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        listeners = [listener("traced", trace_filter(released, configuration))]
        with running(program, bootstrap(listeners, clusters), tmp_path) as envoy:
            # An Envoy of the tests has one worker, and so one batch.
            for number in range(5):
                assert request(envoy.port("traced"), "GET", f"/{number}").status == 200
            envoy.wait_for_metric("sent", lambda value: value == 2)
            assert envoy.metrics()["failed"] == 3


def test_what_waited_for_the_backend_arrives_when_it_is_back(program: Path, released: Path, tmp_path: Path) -> None:
    configuration = {
        "format": "ndjson",
        "backend": {"cluster": "backend"},
        "batch": {"count": 1, "milliseconds": 100},
        "heartbeat_seconds": 1,
    }
    traced = trace_filter(released, configuration)
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        backend.status = 503
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        with running(program, bootstrap([listener("traced", traced)], clusters), tmp_path) as envoy:
            for number in range(5):
                assert request(envoy.port("traced"), "GET", f"/down-{number}").status == 200
            envoy.wait_for_metric("backend_down", lambda value: value == 1)
            assert envoy.metrics()["failed"] == 5
            for number in range(4):
                assert request(envoy.port("traced"), "GET", f"/waits-{number}").status == 200
            backend.status = 200
            # One of them may have gone in an attempt that still failed.
            envoy.wait_for_metric("sent", lambda value: value >= 1)
            envoy.wait_for_metric("backend_down", lambda value: value == 0)
            metrics = envoy.metrics()
            assert (metrics["sent"] + metrics["failed"], metrics["dropped"]) == (9, 0)
