# SPDX-License-Identifier: Apache-2.0
"""Documents that wait to be sent: how many, how long, and what happens when the backend does not take them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.filter import judges
from tests.filter.host.proxy import BACKEND, REQUEST, Exchange, Proxy
from tests.filter.test_outage import FAILURES_UNTIL_DOWN, SECOND


def numbered(number: int, body: bytes = b"") -> Exchange:
    request = [*REQUEST]
    request[1] = (b":path", b"/%d" % number)
    return Exchange(request=request, request_body=[body] if body else [])


def paths(proxy: Proxy) -> list[list[str]]:
    """Of each call, the paths in it."""
    if b"v1/logs" in dict(proxy.machine.calls[0].headers)[b":path"]:
        read = [
            [record["attributes"]["url.path"] for record in judges.otlp(call.body)[1]] for call in proxy.machine.calls
        ]
    else:
        read = [[one["scnt_request"]["path"] for one in judges.ndjson(call.body)] for call in proxy.machine.calls]
    return read


def expected(*numbers: range) -> list[list[str]]:
    return [[f"/{number}" for number in some] for some in numbers]


@pytest.mark.parametrize(
    ("answer", "sent", "failed"),
    [
        (b'{"partialSuccess":{"rejectedLogRecords":"3"}}', 2, 3),
        (b'{"partialSuccess": {"errorMessage": "too old", "rejectedLogRecords": 1}}', 4, 1),
        (b'{"partialSuccess":{"rejectedLogRecords":"700"}}', 0, 5),
        (b'{"partialSuccess":{"errorMessage":"a warning"}}', 5, 0),
        (b'{"partialSuccess":{"rejectedLogRecords":"-1"}}', 5, 0),
        (b'{"rejectedLogRecords":"3"}', 5, 0),
        (b"{}", 5, 0),
        (b"\xff" * 20_000, 5, 0),
    ],
)
def test_what_an_otlp_backend_rejects_is_failed(wasm: Path, answer: bytes, sent: int, failed: int) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "batch": {"count": 5}})
    for number in range(5):
        proxy.run(numbered(number))
    proxy.answer(proxy.machine.calls[0], b"200", answer)
    assert (proxy.metric("sent"), proxy.metric("failed")) == (sent, failed)
    other = Proxy(wasm, {"format": "ndjson", "batch": {"count": 1}})
    other.run(numbered(0))
    other.answer(other.machine.calls[0], b"200", answer)
    assert (other.metric("sent"), other.metric("failed")) == (1, 0)


@pytest.mark.parametrize("form", ["ndjson", "otlp"])
def test_sent_by_count_and_by_time(wasm: Path, form: str) -> None:
    proxy = Proxy(wasm, {"format": form, "batch": {"count": 3, "milliseconds": 200}})
    assert proxy.machine.tick_ms == 200
    for number in range(7):
        proxy.run(numbered(number))
    assert paths(proxy) == expected(range(3), range(3, 6))
    proxy.tick()
    proxy.tick()
    assert paths(proxy) == expected(range(3), range(3, 6), range(6, 7))
    for call in proxy.machine.calls:
        proxy.answer(call)
    assert proxy.metric("sent") == 7
    assert proxy.metric("bytes") == sum(len(call.body) for call in proxy.machine.calls)


def test_sent_by_size(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson", "bodies": "on", "batch": {"bytes": 3000}})
    for number in range(4):
        proxy.run(numbered(number, b"x" * 1000))
    assert paths(proxy) == expected(range(2), range(2, 4))


def test_the_streams_of_a_worker_share_the_buffer_and_configurations_do_not(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson"})
    proxy.configure(50, {"format": "otlp", "backend": {"cluster": "other"}})
    proxy.run(numbered(0))
    proxy.root = 50
    proxy.run(numbered(1))
    proxy.root = 1
    proxy.run(numbered(2))
    proxy.tick()
    assert [call.cluster for call in proxy.machine.calls] == [
        BACKEND["cluster"].encode(),
        b"other",
        BACKEND["cluster"].encode(),
    ]
    assert len(judges.otlp(proxy.machine.calls[1].body)[1]) == 1


def test_a_new_configuration_sends_what_the_old_one_left(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson"})
    proxy.run(numbered(0))
    proxy.configure(proxy.root, {"format": "otlp"})
    assert paths(proxy) == expected(range(1))


def test_what_waits_when_a_configuration_ends_is_sent_and_its_answer_waited_for(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson"})
    proxy.configure(50, {"format": "ndjson"})
    proxy.run(numbered(0))
    assert not proxy.end(proxy.root)
    assert paths(proxy) == expected(range(1))
    # The machine may end as well: nobody could take the call out of the gauge then.
    assert proxy.metric("in_flight") == 0
    assert proxy.machine.done == []
    proxy.answer(proxy.machine.calls[0])
    assert proxy.machine.done == [proxy.root]
    assert (proxy.metric("sent"), proxy.metric("dropped"), proxy.metric("memory_bytes")) == (1, 0, 0)
    assert proxy.end(50)


def test_what_cannot_be_sent_when_a_configuration_ends_is_counted(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson", "batch": {"count": 2}})
    down(proxy)
    proxy.run(numbered(0))
    proxy.tick()
    assert proxy.end(proxy.root)
    assert (proxy.metric("dropped_backend_down"), proxy.metric("dropped"), proxy.metric("memory_bytes")) == (1, 1, 0)
    assert proxy.metric("backend_down") == 0


def test_an_answer_finds_the_configuration_that_called(wasm: Path) -> None:
    """Envoy hands an answer to the root context in whose name the call was made: with two batched
    configurations in one machine the buffer changes hands while the other one is at work."""
    proxy = Proxy(wasm, {"format": "ndjson"})
    other = 10_000
    proxy.configure(other, {"format": "otlp"})
    for number in range(600):
        proxy.root = other if number % 2 else 1
        proxy.run(numbered(number))
        for call in proxy.machine.calls[max(0, number - 1) :]:
            assert call.root == (other if b"v1/logs" in dict(call.headers)[b":path"] else 1)
            proxy.answer(call)
    assert (proxy.metric("sent"), proxy.metric("dropped")) == (599, 0)


def down(proxy: Proxy) -> None:
    """Each batch alone, until the backend counts as down; what was sent is forgotten."""
    for _ in range(FAILURES_UNTIL_DOWN):
        proxy.run(numbered(0))
        proxy.tick()
        proxy.answer(proxy.machine.calls.pop(), b"404")
    assert (proxy.machine.calls, proxy.metric("failed")) == ([], FAILURES_UNTIL_DOWN)


def test_while_the_backend_is_down_documents_wait(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "ndjson", "batch": {"count": 2}})
    down(proxy)
    for number in range(10):
        proxy.run(numbered(number))
        proxy.tick()
    assert (proxy.machine.calls, proxy.metric("dropped")) == ([], 0)
    assert proxy.metric("memory_bytes") > 0
    proxy.machine.now_ns += SECOND
    proxy.tick()
    assert paths(proxy) == expected(range(10))


@pytest.mark.parametrize("form", ["ndjson", "otlp"])
def test_when_there_is_no_room_the_oldest_go(wasm: Path, form: str) -> None:
    proxy = Proxy(wasm, {"format": form, "bodies": "on"})
    down(proxy)
    # All calls of a worker are in flight, or the backend is down: both end in a full buffer.
    for number in range(100):
        proxy.run(numbered(number, b"x" * 100_000))
    assert proxy.machine.calls == []
    dropped = proxy.metric("dropped_backend_down")
    assert dropped == proxy.metric("dropped") > 0
    proxy.machine.now_ns += SECOND
    proxy.tick()
    assert paths(proxy) == expected(range(dropped, 100))
    proxy.answer(proxy.machine.calls[0])
    assert proxy.metric("sent") == 100 - dropped
    assert proxy.machine.memory_bytes == 16 * 1024 * 1024


def test_gauges_follow(wasm: Path) -> None:
    proxy = Proxy(wasm)
    started = proxy.start(Exchange(request_body=[b"x" * 5000]))
    proxy.run()
    proxy.tick()
    assert proxy.metric("in_flight") == 1
    assert proxy.metric("memory_bytes") >= 5000
    proxy.finish(started)
    for call in proxy.machine.calls:
        proxy.answer(call)
    proxy.tick()
    assert (proxy.metric("in_flight"), proxy.metric("memory_bytes")) == (0, 0)


def test_reasons_add_up(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for _ in range(300):
        proxy.run()
    reasons: dict[str, Any] = {name: value for name, value in proxy.machine.metrics.items() if "_dropped_" in name}
    assert sum(reasons.values()) == proxy.metric("dropped") == proxy.metric("dropped_busy") == 300 - 256


def test_filters_of_different_names_have_metrics_of_their_own(wasm: Path) -> None:
    proxy = Proxy(wasm, {"name": "shop-audit", "revision": "0000000007"})
    proxy.run()
    proxy.answer(proxy.machine.calls[0])
    assert proxy.machine.metrics["wasmcustom.shop-audit_sent"] == 1
    assert proxy.machine.metrics["wasmcustom.shop-audit_revision"] == 7
    assert not any("trace_" in name for name in proxy.machine.metrics)
    assert json.loads(proxy.machine.calls[0].body)["request_id"] == "7b0a"
