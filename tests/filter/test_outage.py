# SPDX-License-Identifier: Apache-2.0
"""When the backend is taken for down, what happens then, and what the log says of it."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.filter.host.proxy import Proxy

SECOND = 1_000_000_000
FAILURES_UNTIL_DOWN = 5
REFUSALS_ALLOWED = 100


def fail(proxy: Proxy, status: bytes | None = b"503") -> None:
    proxy.answer(proxy.machine.calls[-1], status)


@pytest.mark.parametrize("status", [b"503", b"429", None])
def test_a_backend_that_is_down_is_left_alone(wasm: Path, status: bytes | None) -> None:
    proxy = Proxy(wasm)
    for _ in range(FAILURES_UNTIL_DOWN):
        proxy.run()
        fail(proxy, status)
    proxy.tick()
    assert (proxy.metric("backend_down"), proxy.metric("failed")) == (1, FAILURES_UNTIL_DOWN)
    proxy.run()
    assert len(proxy.machine.calls) == FAILURES_UNTIL_DOWN
    assert (proxy.metric("dropped_backend_down"), proxy.metric("dropped")) == (1, 1)
    # Later one call tries again, and only one; its success ends it.
    proxy.machine.now_ns += SECOND
    proxy.run()
    proxy.run()
    assert len(proxy.machine.calls) == FAILURES_UNTIL_DOWN + 1
    proxy.answer(proxy.machine.calls[-1])
    proxy.tick()
    proxy.trace()
    assert (proxy.metric("backend_down"), proxy.metric("dropped")) == (0, 2)


def test_attempts_get_rarer_and_never_stop(wasm: Path) -> None:
    proxy = Proxy(wasm)
    attempts = []
    for _ in range(4 * 600):
        before = len(proxy.machine.calls)
        proxy.run()
        if len(proxy.machine.calls) > before:
            attempts.append(proxy.machine.now_ns)
            fail(proxy)
        proxy.machine.now_ns += SECOND // 4
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(attempts[4:])]
    assert gaps[0] <= 1
    assert all(gap <= 33 for gap in gaps)
    assert all(gap >= 16 for gap in gaps[8:])
    assert len(gaps) >= 600 / 33
    assert len(set(gaps[8:])) > 1, "left to chance"


def outage(answer: str) -> bytes:
    return b"the backend is down: " + answer.encode()


@pytest.mark.parametrize("status", [b"400", b"404", b"415", b"302", b"101"])
def test_a_backend_that_has_never_taken_a_trace_is_down(wasm: Path, status: bytes) -> None:
    """A wrong path, port or format: whatever the way it says no, nothing arrives."""
    proxy = Proxy(wasm)
    for _ in range(20):
        proxy.run()
        if len(proxy.machine.calls) <= FAILURES_UNTIL_DOWN:
            fail(proxy, status)
    proxy.tick()
    assert (len(proxy.machine.calls), proxy.metric("backend_down")) == (FAILURES_UNTIL_DOWN, 1)
    assert proxy.machine.logs == [outage(f"it answers {status.decode()}")], "once, not for each"


def test_what_an_outage_is_called_in_the_log(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for status in (b"503", None):
        for _ in range(FAILURES_UNTIL_DOWN):
            proxy.run()
            fail(proxy, status)
        proxy.machine.now_ns += SECOND
        proxy.run()
        proxy.answer(proxy.machine.calls[-1])
    assert proxy.machine.logs == [outage("it answers 503"), outage("no answer")]


def test_traces_that_a_backend_refuses_do_not_stop_the_rest(wasm: Path) -> None:
    """It has shown that it takes traces: then these can't be read, and the others can."""
    proxy = Proxy(wasm)
    for number in range(400):
        proxy.run()
        proxy.answer(proxy.machine.calls[-1], b"200" if number % 100 == 0 else b"400")
    assert (len(proxy.machine.calls), proxy.metric("sent"), proxy.metric("failed")) == (400, 4, 396)
    proxy.tick()
    assert (proxy.metric("backend_down"), proxy.machine.logs) == (0, [])


def test_a_backend_that_takes_nothing_any_more_is_down(wasm: Path) -> None:
    proxy = Proxy(wasm)
    proxy.run()
    proxy.answer(proxy.machine.calls[-1])
    for _ in range(200):
        calls = len(proxy.machine.calls)
        proxy.run()
        if len(proxy.machine.calls) > calls:
            fail(proxy, b"404")
    assert len(proxy.machine.calls) == 1 + REFUSALS_ALLOWED + FAILURES_UNTIL_DOWN
    assert proxy.machine.logs == [outage("it answers 404")]


@pytest.mark.parametrize(("grpc", "sent"), [(b"12", 0), (b"0", FAILURES_UNTIL_DOWN), (b"x", FAILURES_UNTIL_DOWN)])
def test_a_port_for_grpc_answers_200_and_means_no(wasm: Path, grpc: bytes, sent: int) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "batch": {"count": 1}})
    for _ in range(FAILURES_UNTIL_DOWN):
        proxy.run()
        proxy.answer(proxy.machine.calls[-1], b"200", more=[(b"grpc-status", grpc)])
    proxy.tick()
    assert (proxy.metric("sent"), proxy.metric("backend_down")) == (sent, int(sent == 0))
    assert proxy.machine.logs == ([] if sent else [outage("it answers 501")])
