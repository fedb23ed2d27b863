# SPDX-License-Identifier: Apache-2.0
"""Whatever there is too much of is cut or dropped and counted, and the memory stays what it is."""

import base64
import json
from pathlib import Path

from tests.filter.host.machine import CALL_RESPONSE_HEADERS, INTERNAL_FAILURE
from tests.filter.host.proxy import REQUEST, Exchange, Proxy

CALLS_IN_FLIGHT_MAX = 256
STREAMS_MAX = 10_240


def test_bodies_are_cut_at_their_own_limit(wasm: Path) -> None:
    proxy = Proxy(wasm, {"request_body_bytes_max": 10, "response_body_bytes_max": 3})
    document = proxy.trace(Exchange(request_body=[b"0123456", b"789abc", b"def"], response_body=[b"xyz"]))
    assert base64.b64decode(document["scnt_request"]["body"]) == b"0123456789"
    assert document["scnt_request"]["truncated_body"] is True
    assert base64.b64decode(document["scnt_response"]["body"]) == b"xyz"
    assert document["scnt_response"]["truncated_body"] is False
    assert proxy.metric("truncated") == 1


def test_the_default_limit_is_a_million_bytes(wasm: Path) -> None:
    body = b"0123456789" * 102_400
    document = Proxy(wasm).trace(Exchange(request_body=[body], response_body=[body[:1_000_000]]))
    assert base64.b64decode(document["scnt_request"]["body"]) == body[:1_000_000]
    assert base64.b64decode(document["scnt_response"]["body"]) == body[:1_000_000]
    assert document["scnt_request"]["truncated_body"] is True
    assert document["scnt_response"]["truncated_body"] is False


def test_bodies_off(wasm: Path) -> None:
    proxy = Proxy(wasm, {"bodies": "off"})
    document = proxy.trace(Exchange(request_body=[b"private"]))
    assert document["scnt_request"]["body"] == ""
    assert document["scnt_request"]["truncated_body"] is True
    assert document["scnt_response"]["truncated_body"] is False
    assert proxy.metric("truncated") == 0


def test_calls_in_flight_are_bounded(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for _ in range(CALLS_IN_FLIGHT_MAX + 5):
        proxy.run()
    assert len(proxy.machine.calls) == CALLS_IN_FLIGHT_MAX
    assert proxy.metric("dropped") == 5
    proxy.answer(proxy.machine.calls[3])
    proxy.trace()
    # So are the bytes that wait with them.
    proxy = Proxy(wasm)
    for _ in range(20):
        proxy.run(Exchange(request_body=[b"x" * 1_000_000]))
    assert sum(len(call.body) for call in proxy.machine.calls) <= 16 * 1024 * 1024
    assert proxy.metric("dropped") > 0


def test_answers_are_told_apart(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for status in (b"200", b"204", b"500", b"302", b"2x", None):
        proxy.run()
        proxy.answer(proxy.machine.calls[-1], status)
    # An answer to a call that is not ours, or comes twice, changes nothing.
    proxy.answer(proxy.machine.calls[0])
    proxy.machine.offer.headers = {CALL_RESPONSE_HEADERS: [(b":status", b"200")]}
    proxy.machine.call("proxy_on_http_call_response", 9, 1, 1, 0, 0)
    assert (proxy.metric("sent"), proxy.metric("failed")) == (2, 4)


def test_a_call_that_cannot_be_made_is_a_failure(wasm: Path) -> None:
    proxy = Proxy(wasm)
    proxy.machine.refuse = lambda name: INTERNAL_FAILURE if name == "proxy_http_call" else None
    proxy.run()
    assert proxy.metric("failed") == 1


def test_streams_are_bounded_and_their_places_return(wasm: Path) -> None:
    proxy = Proxy(wasm)
    tiny = Exchange(request=[(b":method", b"GET")], response=None)
    started = [proxy.start(tiny) for _ in range(STREAMS_MAX + 3)]
    assert proxy.metric("dropped") == 3
    for stream in started:
        proxy.finish(stream)
    assert len(proxy.machine.calls) == CALLS_IN_FLIGHT_MAX
    assert proxy.metric("dropped") == proxy.metric("dropped_streams") + proxy.metric("dropped_busy")
    assert (proxy.metric("dropped_streams"), proxy.metric("dropped_busy")) == (3, STREAMS_MAX - CALLS_IN_FLIGHT_MAX)
    proxy.answer(proxy.machine.calls[0])
    proxy.trace()


def test_when_memory_is_short_bodies_are_cut_and_requests_are_still_traced(wasm: Path) -> None:
    proxy = Proxy(wasm)
    big = Exchange(request_body=[b"x" * 1_000_000])
    started = [proxy.start(big) for _ in range(40)]
    assert proxy.machine.memory_bytes == 16 * 1024 * 1024
    for stream in started:
        proxy.finish(stream)
        proxy.answer(proxy.machine.calls[-1])
    assert len(proxy.machine.calls) == 40
    assert proxy.metric("dropped") == 0
    assert 30 <= proxy.metric("truncated") < 40
    assert b'"path":"/cart?id=1"' in proxy.machine.calls[-1].body
    # And all of it comes back.
    assert proxy.trace(big)["scnt_request"]["truncated_body"] is False


def test_ten_thousand_streams_with_large_bodies_at_once(checked: Path) -> None:
    proxy = Proxy(checked)
    big = Exchange(request_body=[b"x" * 1_000_000], response_body=[b"y" * 1_000_000])
    started = [proxy.start(big) for _ in range(10_000)]
    proxy.tick()
    assert 0 < proxy.metric("memory_bytes") <= proxy.machine.memory_bytes == 16 * 1024 * 1024
    whole = 0
    for stream in started:
        proxy.finish(stream)
        call = proxy.machine.calls.pop()
        document = json.loads(call.body)
        whole += not (document["scnt_request"]["truncated_body"] or document["scnt_response"]["truncated_body"])
        proxy.answer(call)
    assert (proxy.metric("sent"), proxy.metric("dropped"), proxy.metric("failed")) == (10_000, 0, 0)
    assert proxy.metric("truncated") == 10_000 - whole > 9_900
    proxy.tick()
    assert (proxy.metric("memory_bytes"), proxy.metric("in_flight")) == (0, 0)
    # And all of it comes back.
    assert proxy.trace(big)["scnt_response"]["truncated_body"] is False


def test_a_smaller_budget_cuts_sooner(wasm: Path) -> None:
    big = Exchange(request_body=[b"x" * 1_000_000])
    used = {}
    for budget in (8, 16):
        proxy = Proxy(wasm, {"memory_mib": budget})
        started = [proxy.start(big) for _ in range(20)]
        proxy.tick()
        used[budget] = proxy.metric("memory_bytes")
        for stream in started:
            proxy.finish(stream)
            proxy.answer(proxy.machine.calls[-1])
        assert (proxy.metric("sent"), proxy.metric("dropped")) == (20, 0)
        assert proxy.trace(big)["scnt_request"]["truncated_body"] is False
    # A quarter of what there is for exchanges is kept for the headers of others.
    assert 1024 * 1024 < used[8] < 2 * 1024 * 1024
    assert used[16] > 7 * 1024 * 1024


def test_memory_does_not_wear_out(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for round_number in range(400):
        body = [b"x" * (round_number * 2500)]
        document = proxy.trace(Exchange(request=REQUEST * 3, request_body=body, response_body=[b"y" * 7000] * 6))
        proxy.answer(proxy.machine.calls[-1])
        assert document["scnt_request"]["truncated_body"] is False
    assert proxy.metric("sent") == 400
    assert proxy.metric("truncated") == 0
