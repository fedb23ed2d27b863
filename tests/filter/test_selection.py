# SPDX-License-Identifier: Apache-2.0
"""What is traced, and of what the bodies are taken."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.filter.host.proxy import REQUEST, Exchange, Proxy
from tests.filter.host.wire import Pair


def with_headers(**headers: str) -> list[Pair]:
    """The request with these headers instead of its own, or more; pseudo headers by their names."""
    named = {"method": ":method", "path": ":path", "host": ":authority"}
    given = {named.get(name, name.replace("_", "-")).encode(): value.encode() for name, value in headers.items()}
    return [(name, value) for name, value in (dict(REQUEST) | given).items()]


def is_traced(proxy: Proxy, exchange: Exchange) -> bool:
    before = len(proxy.machine.calls), proxy.metric("skipped")
    proxy.run(exchange)
    after = len(proxy.machine.calls), proxy.metric("skipped")
    traced = after[0] > before[0]
    assert (after[0] - before[0]) + (after[1] - before[1]) == 1, "traced, or said to be skipped"
    if traced:
        proxy.answer(proxy.machine.calls[-1])
    return traced


@pytest.mark.parametrize(
    ("rules", "traced", "skipped"),
    [
        ({"methods": ["PUT", "POST"]}, {"method": "POST"}, {"method": "GET"}),
        ({"paths": ["/api/", "/v1"]}, {"path": "/v1?a"}, {"path": "/health"}),
        ({"hosts": ["shop"]}, {"host": "Shop:8080"}, {"host": "shop2"}),
        ({"hosts": ["shop:8080"]}, {"host": "shop:8080"}, {"host": "shop:80"}),
        ({"hosts": ["*.example.com"]}, {"host": "a.example.com"}, {"host": "example.com"}),
        ({"hosts": ["[::1]"]}, {"host": "[::1]:80"}, {"host": "[::2]:80"}),
        ({"methods": ["PUT"], "paths": ["/a"]}, {"method": "PUT", "path": "/a"}, {"method": "PUT", "path": "/b"}),
    ],
)
def test_include_and_exclude(
    wasm: Path, rules: dict[str, list[str]], traced: dict[str, str], skipped: dict[str, str]
) -> None:
    included = Proxy(wasm, {"include": rules})
    assert is_traced(included, Exchange(request=with_headers(**traced)))
    assert not is_traced(included, Exchange(request=with_headers(**skipped)))
    for name, values in rules.items():
        excluded = Proxy(wasm, {"exclude": {name: values}})
        assert not is_traced(excluded, Exchange(request=with_headers(**traced)))


def test_by_status(wasm: Path) -> None:
    def answered(status: bytes | None) -> Exchange:
        return Exchange(response=None if status is None else [(b":status", status)], response_body=[b"x" * 3000])

    errors = Proxy(wasm, {"include": {"statuses": ["5xx", "404", "0"]}})
    results = [is_traced(errors, answered(status)) for status in (b"503", b"404", None, b"200", b"400")]
    assert results == [True, True, True, False, False]
    assert not is_traced(Proxy(wasm, {"exclude": {"statuses": ["2xx"]}}), answered(b"204"))
    # What was kept until the status was known is given back.
    errors.tick()
    assert errors.metric("memory_bytes") == 0


def request_ids(count: int) -> list[str]:
    return [f"{number * 2654435761 % (1 << 32):08x}-6a5e-4b7c-9d2f-{number:012x}" for number in range(count)]


def test_the_rate_is_kept(wasm: Path) -> None:
    proxy = Proxy(wasm, {"sample_rate": 0.25})
    taken = [is_traced(proxy, Exchange(request=with_headers(x_request_id=one))) for one in request_ids(2000)]
    assert 400 < sum(taken) < 600
    none = Proxy(wasm, {"sample_rate": 0})
    assert not any(is_traced(none, Exchange(request=with_headers(x_request_id=one))) for one in request_ids(200))


def test_both_ends_of_a_request_decide_alike(wasm: Path) -> None:
    ends = [Proxy(wasm, {"sample_rate": 0.5, "context": context}) for context in ("outbound", "inbound")]
    by_trace = []
    for number, one in enumerate(request_ids(100)):
        # Envoy writes its own tracing decision into a request id on the way.
        ids = (one, one[:14] + "a" + one[15:])
        by_id = [
            is_traced(end, Exchange(request=with_headers(x_request_id=id))) for end, id in zip(ends, ids, strict=True)
        ]
        assert by_id[0] == by_id[1]
        # The trace id goes before: it stays the same when an application makes a new request.
        trace = f"00-{number + 1:032x}-00f067aa0ba902b7-01"
        both = [
            is_traced(end, Exchange(request=with_headers(traceparent=trace, x_request_id=str(at))))
            for at, end in enumerate(ends)
        ]
        assert both[0] == both[1]
        by_trace.append(both[0])
    assert 25 < sum(by_trace) < 75


def test_requests_without_any_id_are_left_to_chance(wasm: Path) -> None:
    proxy = Proxy(wasm, {"sample_rate": 0.5})
    anonymous = [pair for pair in REQUEST if pair[0] != b"x-request-id"]
    taken = [is_traced(proxy, Exchange(request=anonymous)) for _ in range(200)]
    assert 50 < sum(taken) < 150


def bodies(document: dict[str, Any]) -> tuple[bytes, bytes]:
    sent, received = document["scnt_request"], document["scnt_response"]
    for side in (sent, received):
        assert side["truncated_body"] is (side["body"] == "")
    return base64.b64decode(sent["body"]), base64.b64decode(received["body"])


@pytest.mark.parametrize(
    ("request_type", "response_type", "taken"),
    [
        ("application/json; charset=utf-8", "text/html;charset=utf-8", (b"sent", b"received")),
        ("APPLICATION/JSON", "image/png", (b"sent", b"")),
        ("application/json5", "text/plain", (b"", b"received")),
    ],
)
def test_bodies_by_content_type(wasm: Path, request_type: str, response_type: str, taken: tuple[bytes, bytes]) -> None:
    proxy = Proxy(wasm, {"body_content_types": ["application/json", "text/*"]})
    exchange = Exchange(
        request=with_headers(content_type=request_type),
        request_body=[b"sent"],
        response=[(b":status", b"200"), (b"content-type", response_type.encode())],
        response_body=[b"received"],
    )
    assert bodies(proxy.trace(exchange)) == taken
    assert proxy.metric("truncated") == 0


@pytest.mark.parametrize(
    ("headers", "response_type", "taken"),
    [
        ({}, "text/plain", (b"sent", b"received")),
        ({"upgrade": "websocket"}, "", (b"", b"")),
        ({"method": "CONNECT"}, "", (b"", b"")),
        ({"content_type": "application/grpc"}, "application/grpc", (b"", b"")),
        ({"content_type": "application/grpc-web+proto"}, "text/plain", (b"", b"")),
        ({}, "text/event-stream; charset=utf-8", (b"sent", b"")),
    ],
)
def test_what_streams_is_traced_without_bodies(
    wasm: Path, headers: dict[str, str], response_type: str, taken: tuple[bytes, bytes]
) -> None:
    exchange = Exchange(
        request=with_headers(**headers),
        request_body=[b"sent"],
        response=[(b":status", b"200"), (b"content-type", response_type.encode())],
        response_body=[b"received"],
    )
    assert bodies(Proxy(wasm).trace(exchange)) == taken
