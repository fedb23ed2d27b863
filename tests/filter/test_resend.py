# SPDX-License-Identifier: Apache-2.0
"""Format otlp: what the backend could not take for now is sent again, as long as the queue has room for it."""

from pathlib import Path

import pytest

from tests.filter import judges
from tests.filter.host.machine import INTERNAL_FAILURE, Call
from tests.filter.host.proxy import Proxy
from tests.filter.test_outage import SECOND
from tests.filter.test_queue import numbered


def otlp(wasm: Path, count: int = 2, **more: object) -> Proxy:
    return Proxy(wasm, {"format": "otlp", "bodies": "on", "batch": {"count": count}, **more})


def paths(call: Call) -> list[str]:
    return [record["attributes"]["url.path"] for record in judges.otlp(call.body)[1]]


def counts(proxy: Proxy) -> dict[str, int]:
    names = ("sent", "failed", "resent", "dropped", "in_flight", "memory_bytes")
    return {name: proxy.metric(name) for name in names if proxy.metric(name)}


@pytest.mark.parametrize("status", [b"429", b"502", b"503", b"504", None])
def test_what_is_refused_for_now_is_sent_again(wasm: Path, status: bytes | None) -> None:
    proxy = otlp(wasm)
    for number in range(3):
        proxy.run(numbered(number))
    (first,) = proxy.machine.calls
    proxy.answer(first, status)
    assert counts(proxy) == {}, "it is neither sent nor failed yet"
    proxy.tick()
    _, again, rest = proxy.machine.calls
    assert (again.body, paths(again), paths(rest)) == (first.body, ["/0", "/1"], ["/2"])
    for call in (again, rest):
        proxy.answer(call)
    proxy.tick()
    assert counts(proxy) == {"sent": 3, "resent": 2}
    assert len(proxy.machine.calls) == 3


@pytest.mark.parametrize("status", [b"400", b"404", b"413", b"500", b"501"])
def test_what_is_refused_for_good_is_not(wasm: Path, status: bytes) -> None:
    proxy = otlp(wasm)
    for number in range(2):
        proxy.run(numbered(number))
    proxy.answer(proxy.machine.calls[0], status)
    proxy.tick()
    assert (len(proxy.machine.calls), counts(proxy)) == (1, {"failed": 2})


def test_other_formats_are_not_sent_again(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson", "batch": {"count": 1}})
    proxy.run()
    proxy.answer(proxy.machine.calls[0], b"503")
    proxy.tick()
    assert (len(proxy.machine.calls), counts(proxy)) == (1, {"failed": 1})


def test_answers_come_in_any_order(wasm: Path) -> None:
    proxy = otlp(wasm, 1)
    for number in range(5):
        proxy.run(numbered(number))
    calls = proxy.machine.calls[:]
    for at, status in ((3, b"200"), (0, b"503"), (4, b"503"), (1, b"200"), (2, b"400")):
        proxy.answer(calls[at], status)
    proxy.run(numbered(5))
    proxy.tick()
    assert [paths(call) for call in proxy.machine.calls[5:]] == [["/5"], ["/0"], ["/4"]]
    for call in proxy.machine.calls[5:]:
        proxy.answer(call)
    proxy.tick()
    assert counts(proxy) == {"sent": 5, "failed": 1, "resent": 2}


def test_a_call_that_cannot_be_made_is_made_later(wasm: Path) -> None:
    """The backend's only pod restarts: Envoy knows no host of the cluster."""
    proxy = otlp(wasm, 1)
    proxy.machine.refuse = lambda name: INTERNAL_FAILURE if name == "proxy_http_call" else None
    proxy.run(numbered(0))
    proxy.machine.refuse = lambda _: None
    proxy.tick()
    assert paths(proxy.machine.calls[0]) == ["/0"]
    proxy.answer(proxy.machine.calls[0])
    proxy.tick()
    assert counts(proxy) == {"sent": 1, "resent": 1}


def test_an_outage_loses_nothing_while_there_is_room(wasm: Path) -> None:
    proxy = otlp(wasm, 3)
    arrived: list[str] = []
    for number in range(400):
        proxy.run(numbered(number))
        proxy.machine.now_ns += SECOND // 10
        if number % 10 == 0:
            proxy.tick()
        while proxy.machine.calls:
            call = proxy.machine.calls.pop()
            up = number % 100 > 70
            proxy.answer(call, b"200" if up else None)
            arrived += paths(call) if up else []
    for _ in range(3):
        proxy.machine.now_ns += 40 * SECOND
        proxy.tick()
        while proxy.machine.calls:
            call = proxy.machine.calls.pop()
            proxy.answer(call)
            arrived += paths(call)
    proxy.tick()
    assert sorted(arrived) == sorted(f"/{number}" for number in range(400))
    assert counts(proxy) == {"sent": 400, "resent": proxy.metric("resent")}


@pytest.mark.parametrize(("said", "seconds"), [(b"7", 7), (b"60", 60), (b"61", 0), (b"0", 0), (b"Fri, 31 Dec", 0)])
def test_a_backend_that_asks_for_time_gets_it(wasm: Path, said: bytes, seconds: int) -> None:
    proxy = otlp(wasm, 1)
    proxy.run(numbered(0))
    proxy.answer(proxy.machine.calls[0], b"503", more=[(b"retry-after", said)])
    for _ in range(seconds):
        proxy.tick()
        assert len(proxy.machine.calls) == 1
        proxy.machine.now_ns += SECOND
    proxy.tick()
    assert len(proxy.machine.calls) == 2


def test_when_there_is_no_room_copies_go_before_what_is_nowhere_else(wasm: Path) -> None:
    proxy = otlp(wasm, 1)
    for number in range(40):
        proxy.run(numbered(number, b"x" * 200_000))
    flying = len(proxy.machine.calls)
    assert flying == 40
    for call in proxy.machine.calls[:]:
        proxy.answer(call, b"503")
    lost = proxy.metric("failed")
    assert 0 < lost < 40, "the copies of the oldest were given up"
    for number in range(40, 80):
        proxy.run(numbered(number, b"x" * 200_000))
    assert proxy.metric("dropped_backend_down") == proxy.metric("dropped") > 0
    proxy.machine.now_ns += 40 * SECOND
    proxy.tick()
    while len(proxy.machine.calls) > flying:
        proxy.answer(proxy.machine.calls.pop())
        proxy.tick()
    assert proxy.metric("sent") + lost + proxy.metric("dropped") == 80
    assert proxy.metric("memory_bytes") == 0


def test_what_waits_to_be_sent_again_goes_when_the_configuration_ends(wasm: Path) -> None:
    proxy = otlp(wasm, 1)
    for number in range(2):
        proxy.run(numbered(number))
    proxy.answer(proxy.machine.calls[0], b"503")
    assert not proxy.end(proxy.root)
    assert [paths(call) for call in proxy.machine.calls] == [["/0"], ["/1"], ["/0"]]
    proxy.answer(proxy.machine.calls[1], b"503")
    assert proxy.machine.done == []
    proxy.answer(proxy.machine.calls[2])
    assert proxy.machine.done == [proxy.root]
    assert counts(proxy) == {"sent": 1, "failed": 1, "resent": 1}


def test_a_new_configuration_does_not_send_what_the_old_one_sent(wasm: Path) -> None:
    proxy = otlp(wasm, 1)
    proxy.run(numbered(0))
    proxy.configure(proxy.root, {"format": "publish"})
    proxy.answer(proxy.machine.calls[0], b"503")
    proxy.tick()
    assert (len(proxy.machine.calls), counts(proxy)) == (1, {"failed": 1})
