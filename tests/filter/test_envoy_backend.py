# SPDX-License-Identifier: Apache-2.0
"""A backend that is ill, in each Envoy: traffic does not notice, and the trace is counted as failed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import Value, bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import Envoy, poll, request, running
from tests.filter.envoy.scene import CONFIGURATION
from tests.filter.envoy.scripted import Script, Wire, scripted
from tests.filter.envoy.servers import BackendHandler, UpstreamHandler, serving

FAILURES_UNTIL_DOWN = 5


def silent(wire: Wire) -> None:
    """Until Envoy has given up and closes the connection."""
    wire.rfile.read()


def resets(wire: Wire) -> None:
    wire.reset()


def closes(wire: Wire) -> None:
    """In the middle of its answer."""
    wire.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")


def garbage(wire: Wire) -> None:
    wire.say(b"\x00\xffno HTTP\r\n\r\n")


def server_error(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


def redirect(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 302 Elsewhere\r\nconnection: close\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")


def wrong_media(wire: Wire) -> None:
    """As a backend that takes protobuf only."""
    wire.say(b"HTTP/1.1 415 Unsupported\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


SCRIPTS: dict[str, Script] = {
    "resets": resets,
    "closes": closes,
    "garbage": garbage,
    "error": server_error,
    "redirect": redirect,
    "media": wrong_media,
    "slow": silent,
}
"""By the first part of the path that the filter posts to, which is also the filter's name."""

CLUSTERS = {"down": "gone", "nowhere": "nowhere"}
"""Backends that can't be reached at all."""

TIMEOUTS_MS = {"slow": 200}
NAMES = [*SCRIPTS, *CLUSTERS]
ANSWERS = {
    "error": "it answers 500",
    "redirect": "it answers 302",
    "media": "it answers 415",
    "resets": "it answers 503",
}
"""What the log says of them: Envoy answers for who does not."""


def ill(wasm: Path, name: str) -> Value:
    backend = {"cluster": CLUSTERS.get(name, "backend"), "path": f"/{name}", "timeout_ms": TIMEOUTS_MS.get(name, 5000)}
    return listener(name, trace_filter(wasm, CONFIGURATION | {"name": name, "backend": backend}))


@pytest.fixture(scope="module")
def envoy(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Envoy]:
    """After as many exchanges with each backend as the filter needs to call it down."""
    with serving(BackendHandler) as gone:
        port = gone.port
    with serving(UpstreamHandler) as upstream, scripted(SCRIPTS) as backend:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port), cluster("gone", port)]
        listeners = [ill(released, name) for name in NAMES]
        with running(program, bootstrap(listeners, clusters), tmp_path_factory.mktemp("backend")) as envoy:
            for name in NAMES:
                for number in range(FAILURES_UNTIL_DOWN):
                    assert request(envoy.port(name), "POST", f"/{number}", b"abc").body == b"got abc"
            yield envoy


def failed(envoy: Envoy, name: str) -> None:
    envoy.wait_for_metric("failed", lambda value: value >= FAILURES_UNTIL_DOWN, name=name)
    metrics = envoy.metrics(name)
    assert (metrics["sent"], metrics["bytes"]) == (0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_backend_that_fails_is_left_alone_for_a_while(envoy: Envoy, name: str) -> None:
    failed(envoy, name)
    envoy.wait_for_metric("backend_down", lambda value: value == 1, name=name)

    def dropped() -> bool:
        # Now and then one goes out, to see whether it still fails.
        assert request(envoy.port(name), "POST", "/more", b"abc").body == b"got abc"
        return envoy.metrics(name)["dropped_backend_down"] > 0

    poll(dropped, "a trace that is not even tried")
    envoy.wait_for_metric("in_flight", lambda value: value == 0, name=name)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_log_says_what_it_answers(envoy: Envoy, name: str) -> None:
    lines = [line for line in envoy.wasm_log().splitlines() if f" {name}: the backend is down" in line]
    assert len(lines) == 1, lines
    assert ANSWERS[name] in lines[0]
