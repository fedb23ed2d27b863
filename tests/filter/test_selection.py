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
        ({"hosts": ["shop:80"]}, {"host": "shop"}, {"host": "shop:8080"}),
        ({"hosts": ["a.*"]}, {"host": "a.example."}, {"host": "b.a"}),
        ({"methods": ["post", "Put"]}, {"method": "POST"}, {"method": "GET"}),
        ({"paths": ["/login*", "/api/*/admin"]}, {"path": "/api/v1/admin/x"}, {"path": "/api/admin"}),
        ({"paths": ["*.php"]}, {"path": "/a/b.php?c"}, {"path": "/a/b"}),
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
    for written in ("2xx", "2XX", "20x", "xxx"):
        assert not is_traced(Proxy(wasm, {"exclude": {"statuses": [written]}}), answered(b"204"))
    # What was kept until the status was known is given back.
    errors.tick()
    assert errors.metric("memory_bytes") == 0


@pytest.mark.parametrize("way", ["include", "exclude"])
@pytest.mark.parametrize(
    "rules",
    [
        {"paths": ["/cart", "^/login"]},
        {"paths": ["/login.*"]},
        {"methods": ["*"]},
        {"statuses": ["2**"]},
        {"hosts": ["https://secret.example"]},
        {"hosts": [7]},
        {"path": ["/login"]},
        [],
    ],
)
def test_with_a_rule_that_can_not_be_used_nothing_is_traced(wasm: Path, way: str, rules: Any) -> None:
    proxy = Proxy(wasm, {way: rules})
    assert proxy.metric("configuration_errors") == 1
    assert not is_traced(proxy, Exchange())


def grpc(path: str, status: bytes, *, in_trailers: bool) -> Exchange:
    pair = (b"grpc-status", status)
    response = [(b":status", b"200"), (b"content-type", b"application/grpc"), *([] if in_trailers else [pair])]
    request = with_headers(path=path, content_type="application/grpc+proto")
    return Exchange(request=request, response=response, trailers=[pair] if in_trailers else [])


@pytest.mark.parametrize("in_trailers", [True, False])
def test_rules_see_the_status_of_a_grpc_call(wasm: Path, in_trailers: bool) -> None:
    errors = Proxy(wasm, {"include": {"statuses": ["5xx"]}})
    results = [
        is_traced(errors, grpc("/a.B/C", status, in_trailers=in_trailers))
        for status in (b"13", b"14", b"0", b"5", b"x")
    ]
    assert results == [True, True, False, False, False]
    assert not is_traced(Proxy(wasm, {"exclude": {"statuses": ["404"]}}), grpc("/a.B/C", b"5", in_trailers=in_trailers))
    # Of another content type it is a header as any other.
    plain = Exchange(response=[(b":status", b"200"), (b"grpc-status", b"13")], trailers=[(b"grpc-status", b"13")])
    assert not is_traced(errors, plain)


def test_rules_see_service_and_method_of_a_grpc_call(wasm: Path) -> None:
    calls = ("/shop.Cart/Get", "/shop.Cart/Watch", "/shop.v1.Stock/Get", "/pay.Card/Get")

    def traced(rule: str, *paths: str) -> list[str]:
        proxy = Proxy(wasm, {rule: {"paths": list(paths)}})
        return [call for call in calls if is_traced(proxy, grpc(call, b"0", in_trailers=True))]

    assert traced("include", "/shop.Cart/") == ["/shop.Cart/Get", "/shop.Cart/Watch"]
    assert traced("include", "/shop.") == [*calls[:3]]
    assert traced("exclude", "/*/Get") == ["/shop.Cart/Watch"]


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
    ("types", "taken", "left"),
    [
        (["application/*+json"], "application/vnd.api+json; v=1", "application/octet-stream"),
        (["application/*+json"], "Application/Problem+JSON", "application/json"),
        (["*/json"], "text/json", "image/png"),
        (["*/*"], "image/png", ""),
        (["application/vnd.*"], "application/vnd.api+json", "application/json"),
        # They can't be used: then none is taken.
        (["application/json;charset=utf-8"], None, "application/json;charset=utf-8"),
        (["application/.*"], None, "application/json"),
        (["json"], None, "application/json"),
    ],
)
def test_patterns_of_media_types_are_never_wider_than_they_say(
    wasm: Path, types: list[str], taken: str | None, left: str
) -> None:
    proxy = Proxy(wasm, {"body_content_types": types})
    for media, wanted in ((taken, b"sent"), (left, b"")):
        if media is not None:
            document = proxy.trace(Exchange(request=with_headers(content_type=media), request_body=[b"sent"]))
            assert base64.b64decode(document["scnt_request"]["body"]) == wanted
    assert proxy.metric("configuration_errors") == (taken is None)


@pytest.mark.parametrize(("status", "taken"), [(b"101", b""), (b"200", b"received"), (b"426", b"received")])
def test_only_101_is_an_upgrade(wasm: Path, status: bytes, taken: bytes) -> None:
    proxy = Proxy(wasm)
    response = [(b":status", status), (b"connection", b"Upgrade"), (b"upgrade", b"h2,h2c")]
    document = proxy.trace(Exchange(response=response, response_body=[b"received"]))
    assert base64.b64decode(document["scnt_response"]["body"]) == taken


@pytest.mark.parametrize(
    ("headers", "response_type", "taken"),
    [
        ({}, "text/plain", (b"sent", b"received")),
        # Who asks for another protocol still speaks HTTP.
        ({"upgrade": "websocket"}, "", (b"sent", b"received")),
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
