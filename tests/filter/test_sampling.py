# SPDX-License-Identifier: Apache-2.0
"""Which share is traced, by what, and what is traced beside it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.filter import probability
from tests.filter.builds import RELEASED
from tests.filter.host.proxy import REQUEST, Exchange, Proxy
from tests.filter.host.wire import Pair
from tests.filter.test_selection import grpc, is_traced, request_ids, with_headers

SECOND = 10**9
# What the filter took when it had no other way.
BY_TRACE = [1, 12, 14, 41, 61, 62, 76, 92, 94, 97, 98]
BY_ID = [1, 14, 17, 27, 45, 47, 49, 66, 67, 68, 80, 82, 86, 91]


def traceparent(trace_id: int, flags: int = 1, version: int = 0) -> str:
    return f"{version:02x}-{trace_id:032x}-00f067aa0ba902b7-{flags:02x}"


def traced(proxy: Proxy, **headers: str) -> bool:
    return is_traced(proxy, Exchange(request=with_headers(**headers)))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**9 - 1), st.integers(0, (1 << 72) - 1), st.integers(-2, 1))
def test_an_id_is_in_the_share_from_its_threshold_on(rate: int, upper: int, beside: int) -> None:
    """By the specification's arithmetic; what stands before the last 56 bits does not count."""
    threshold = probability.threshold(rate)
    randomness = min(max(threshold + beside, 0), (1 << 56) - 1)
    proxy = Proxy(RELEASED, {"sample_by": "trace_id", "sample_rate": rate / 10**9})
    trace_id = upper << 56 | randomness
    if trace_id:
        assert traced(proxy, traceparent=traceparent(trace_id)) is (randomness >= threshold)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2), st.integers(1, (1 << 128) - 1))
def test_who_takes_more_takes_all_that_others_take(rates: list[int], trace_id: int) -> None:
    less, more = (Proxy(RELEASED, {"sample_by": "trace_id", "sample_rate": rate / 10**9}) for rate in sorted(rates))
    assert traced(less, traceparent=traceparent(trace_id)) <= traced(more, traceparent=traceparent(trace_id))


@pytest.mark.parametrize(
    ("tracestate", "expected"),
    [
        ("ot=rv:80000000000000", True),
        ("ot=rv:7fffffffffffff", False),
        ("vendor=x, ot=th:0;rv:ffffffffffffff\t,other=y", True),
        # None of these is explicit randomness: the trace id counts.
        ("ot=rv:fffffffffffff", False),
        ("ot=rv:fffffffffffffg", False),
        ("ot=th:0", False),
        ("xot=rv:ffffffffffffff", False),
        ("vendor=ot=rv:ffffffffffffff", False),
    ],
)
def test_explicit_randomness_counts_in_place_of_the_trace_id(wasm: Path, tracestate: str, expected: bool) -> None:
    proxy = Proxy(wasm, {"sample_by": "trace_id", "sample_rate": 0.5})
    given_headers = {"traceparent": traceparent(0xABC), "tracestate": tracestate}
    assert traced(proxy, **given_headers) is expected


@pytest.mark.parametrize("rate", [0, 0.5, 1])
def test_the_parents_flag_decides_whatever_the_rate(wasm: Path, rate: float) -> None:
    proxy = Proxy(wasm, {"sample_by": "parent", "sample_rate": rate})
    for flags, expected in ((0, False), (1, True), (2, False), (3, True), (0xA, False), (0xFF, True)):
        for version in (0, 1):
            assert traced(proxy, traceparent=traceparent(7, flags, version)) is expected


NO_TRACEPARENT = ["", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", traceparent(7)[:-1], "ff" + traceparent(7)[2:]]


@pytest.mark.parametrize("by", ["trace_id", "parent"])
@pytest.mark.parametrize("invalid", NO_TRACEPARENT)
def test_without_a_valid_traceparent_it_is_as_it_was(wasm: Path, by: str, invalid: str) -> None:
    ours, others = (Proxy(wasm, {"sample_by": way, "sample_rate": 0.3}) for way in (by, "hash"))
    more = {"traceparent": invalid} if invalid else {}
    taken = [[traced(proxy, x_request_id=one, **more) for one in request_ids(100)] for proxy in (ours, others)]
    assert taken[0] == taken[1] and 10 < sum(taken[0]) < 60
    # And left to chance without any id.
    anonymous = [pair for pair in REQUEST if pair[0] != b"x-request-id"]
    chosen = [is_traced(ours, Exchange(request=anonymous)) for _ in range(200)]
    assert 20 < sum(chosen) < 110


def test_who_does_not_ask_samples_as_before(wasm: Path) -> None:
    """Ids that were in a tenth when the filter had no other way."""
    proxy = Proxy(wasm, {"sample_rate": 0.1})
    by_trace = [number for number in range(1, 101) if traced(proxy, traceparent=traceparent(number))]
    by_id = [at for at, one in enumerate(request_ids(100)) if traced(proxy, x_request_id=one)]
    assert by_trace == BY_TRACE
    assert by_id == BY_ID


def test_a_way_that_is_misspelt_lets_nothing_out(wasm: Path) -> None:
    proxy = Proxy(wasm, {"sample_by": "traceid"})
    assert proxy.metric("configuration_errors") == 1
    assert not traced(proxy, traceparent=traceparent(7))


def answered(status: bytes | None, body: bytes = b"received") -> Exchange:
    response: list[Pair] | None = None if status is None else [(b":status", status)]
    return Exchange(request_body=[b"sent"], response=response, response_body=[body] if response else [])


ALWAYS: dict[str, Any] = {"sample_rate": 0, "sample_always": {"statuses": ["5xx", "404", "0"]}}


def test_what_is_always_traced_by_its_status(wasm: Path) -> None:
    proxy = Proxy(wasm, ALWAYS)
    results = [is_traced(proxy, answered(status)) for status in (b"503", b"404", None, b"200", b"400", b"x")]
    assert results == [True, True, True, False, False, True]
    proxy.tick()
    assert proxy.metric("memory_bytes") == 0
    document = proxy.trace(answered(b"503"))
    for side in ("scnt_request", "scnt_response"):
        assert (document[side]["body"], document[side]["truncated_body"]) == ("", True)
    assert ["content-type", "application/json; charset=utf-8"] in document["scnt_request"]["headers"]
    assert proxy.metric("truncated") == 0


def test_what_is_in_the_share_keeps_its_bodies(wasm: Path) -> None:
    assert Proxy(wasm, ALWAYS | {"sample_rate": 1}).trace(answered(b"503"))["scnt_request"]["body"] == "c2VudA=="


@pytest.mark.parametrize("in_trailers", [True, False])
def test_the_status_of_a_grpc_call_counts(wasm: Path, in_trailers: bool) -> None:
    proxy = Proxy(wasm, ALWAYS)
    results = [
        is_traced(proxy, grpc("/a.B/C", status, in_trailers=in_trailers)) for status in (b"13", b"5", b"0", b"x")
    ]
    assert results == [True, True, False, False]


def test_include_exclude_and_the_marker_count_as_for_all(wasm: Path) -> None:
    proxy = Proxy(wasm, ALWAYS | {"exclude": {"paths": ["/health"], "statuses": ["501"]}})
    request = with_headers(path="/health")
    assert not is_traced(proxy, Exchange(request=request, response=[(b":status", b"500")]))
    assert not is_traced(proxy, answered(b"501"))
    before = dict(proxy.machine.metrics)
    proxy.run(Exchange(request=[*REQUEST, (b"x-wasm-filter-trace", b"t")], response=[(b":status", b"500")]))
    assert proxy.machine.metrics == before


@pytest.mark.parametrize(("took", "expected"), [(SECOND // 2, False), (SECOND // 2 + 1, True)])
@pytest.mark.parametrize("form", ["publish", "otlp"])
def test_what_is_always_traced_by_its_time(wasm: Path, form: str, took: int, expected: bool) -> None:
    proxy = Proxy(wasm, {"format": form, "sample_rate": 0, "sample_always": {"slower_ms": 500}, "batch": {"count": 1}})
    stream = proxy.start(answered(b"200"))
    proxy.machine.now_ns += took
    proxy.finish(stream)
    assert (len(proxy.machine.calls), proxy.metric("skipped")) == ((1, 0) if expected else (0, 1))


def test_no_body_is_held_for_it(wasm: Path) -> None:
    """Of what the ratio leaves out no byte of a body is fetched, nor kept."""
    proxy = Proxy(wasm, {"sample_rate": 0, "sample_always": {"slower_ms": 500}})
    calls: list[str] = []
    proxy.machine.refuse = calls.append
    stream = proxy.start(answered(b"200", b"x" * 100_000))
    assert "proxy_get_buffer_bytes" not in calls
    proxy.tick()
    assert 0 < proxy.metric("memory_bytes") < 4096
    proxy.finish(stream)
    proxy.tick()
    assert proxy.metric("memory_bytes") == 0


def test_what_the_answer_settles_is_let_go_with_it(wasm: Path) -> None:
    proxy = Proxy(wasm, ALWAYS)
    stream = proxy.start(answered(b"200"))
    proxy.tick()
    assert (proxy.metric("memory_bytes"), proxy.metric("skipped")) == (0, 1)
    proxy.finish(stream)
    assert proxy.metric("skipped") == 1


def test_what_began_before_somebody_asked_for_its_time_is_not_slow(wasm: Path) -> None:
    """A configuration that changes while an exchange goes on."""
    proxy = Proxy(wasm, ALWAYS)
    stream = proxy.start(Exchange(response=None))
    proxy.configure(proxy.root, {"sample_rate": 0, "sample_always": {"slower_ms": 1}})
    proxy.finish(stream)
    assert (len(proxy.machine.calls), proxy.metric("skipped")) == (0, 1)
