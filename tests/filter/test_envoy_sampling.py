# SPDX-License-Identifier: Apache-2.0
"""The share that is traced, through a real Envoy: by the trace id, by the parent, and what is traced beside it."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from tests.filter import probability
from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import poll, request, running
from tests.filter.envoy.servers import BackendHandler, Received, Server, UpstreamHandler, serving

RATE = 0.5
BY_TRACE_ID = {"sample_by": "trace_id", "sample_rate": RATE}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "id": BY_TRACE_ID,
    "parent": {"sample_by": "parent", "sample_rate": 0},
    "errors": {"sample_rate": 0, "sample_always": {"statuses": ["5xx", "0"]}},
    # Whatever the machine is like: all of them take longer than the one, and none as long as the other.
    "slow": {"sample_rate": 0, "sample_always": {"slower_ms": 1}},
    "slower": {"sample_rate": 0, "sample_always": {"slower_ms": 3_600_000}},
}
SENT = 30


class SlowUpstream(UpstreamHandler):
    def respond(self, received: Received) -> None:
        if received.path.startswith("/errors/503"):
            self.send(503, b"broken", ("content-type", "text/plain"))
        elif received.path.startswith("/errors/reset"):
            super().respond(Received("GET", "/reset", [], b""))
        else:
            if received.path.startswith("/slow"):
                time.sleep(0.05)
            super().respond(received)


def trace_ids() -> list[str]:
    return [hashlib.sha256(b"%d" % number).hexdigest()[:32] for number in range(SENT)]


def exchanges() -> list[tuple[str, str, dict[str, str]]]:
    """Listener, path and headers."""
    found = []
    for trace_id in trace_ids():
        traceparent = f"00-{trace_id}-00f067aa0ba902b7-00"
        found.append(("id", f"/id/{trace_id}", {"traceparent": traceparent}))
        found.append(("parent", f"/parent/0/{trace_id}", {"traceparent": traceparent}))
        found.append(("parent", f"/parent/1/{trace_id}", {"traceparent": traceparent[:-1] + "1"}))
    found.append(("id", "/id/explicit", {**found[0][2], "tracestate": "a=b,ot=rv:ffffffffffffff"}))
    found.append(("id", "/id/explicitly-not", {**found[0][2], "tracestate": "ot=rv:00000000000001"}))
    found.append(("parent", "/parent/without", {}))
    found += [("errors", f"/errors/{what}", {}) for what in ("503", "reset", "200")]
    return [*found, ("slow", "/slow", {}), ("slower", "/slower", {})]


@pytest.fixture(scope="module")
def documents(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What was traced, by path, when all that is not is known to be skipped."""
    with serving(SlowUpstream) as upstream, serving(BackendHandler) as backend:
        listeners = [
            listener(name, trace_filter(released, {"backend": {"cluster": "backend"}, **one}))
            for name, one in CONFIGURATIONS.items()
        ]
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        with running(program, bootstrap(listeners, clusters), tmp_path_factory.mktemp("sampling")) as envoy:
            ports = {name: envoy.port(name) for name in CONFIGURATIONS}
            sent = exchanges()
            for name, path, headers in sent:
                request(ports[name], "POST", path, b"sent", **headers)
            poll(lambda: sum(envoy.metrics()[metric] for metric in ("sent", "skipped")) == len(sent), "all of them")
            return received(backend)


def received(backend: Server) -> dict[str, dict[str, Any]]:
    found = [post.document for post in backend.received]
    return {one["scnt_request"]["path"]: one for one in found}


def test_by_the_trace_id(documents: dict[str, dict[str, Any]]) -> None:
    threshold = probability.threshold(int(RATE * 10**9))
    expected = {f"/id/{one}" for one in trace_ids() if int(one[-14:], 16) >= threshold}
    assert 0 < len(expected) < SENT
    assert {path for path in documents if path.startswith("/id")} == expected | {"/id/explicit"}


def test_by_the_parent(documents: dict[str, dict[str, Any]]) -> None:
    expected = {f"/parent/1/{one}" for one in trace_ids()}
    assert {path for path in documents if path.startswith("/parent")} == expected
    assert documents[min(expected)]["scnt_request"]["body"] == "c2VudA=="


def test_errors_and_slow_ones_beside_the_share(documents: dict[str, dict[str, Any]]) -> None:
    found = {path: one["scnt_response"]["status_code"] for path, one in documents.items() if path[:2] in ("/e", "/s")}
    assert found == {"/errors/503": "503", "/errors/reset": "503", "/slow": "200"}
    for path in found:
        sides = [documents[path][side] for side in ("scnt_request", "scnt_response")]
        assert [side["body"] for side in sides] == ["", ""]
        assert sides[0]["truncated_body"] is True
        assert any(name == "x-request-id" for name, _ in sides[0]["headers"])
