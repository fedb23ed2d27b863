# SPDX-License-Identifier: Apache-2.0
"""Format otlp by OpenTelemetry's semantic conventions: peers, errors, bodies, gRPC."""

from pathlib import Path

import pytest

from tests.filter import judges
from tests.filter.host.proxy import REQUEST, Exchange, Proxy
from tests.filter.test_formats import call_of


@pytest.mark.parametrize(
    ("context", "forwarded", "address"),
    [
        ("outbound", False, "10.0.0.2"),
        ("inbound", False, "10.0.0.1"),
        ("inbound", True, None),
        ("gateway", False, "10.0.0.1"),
    ],
)
def test_the_peer_is_at_the_other_end(wasm: Path, context: str, forwarded: bool, address: str | None) -> None:
    request = [*REQUEST, *([(b"x-forwarded-for", b"10.0.0.1")] if forwarded else [])]
    proxy = Proxy(wasm, {"format": "otlp", "context": context})
    _, (record,) = judges.otlp(call_of(proxy, Exchange(request=request)).body)
    assert record["attributes"].get("network.peer.address") == address


@pytest.mark.parametrize(
    ("context", "status", "kind"),
    [("outbound", b"404", "404"), ("inbound", b"404", None), ("inbound", b"502", "502"), ("gateway", b"400", None)],
)
def test_whose_error_it_is(wasm: Path, context: str, status: bytes, kind: str | None) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "context": context})
    _, (record,) = judges.otlp(call_of(proxy, Exchange(response=[(b":status", status)])).body)
    assert record["attributes"].get("error.type") == kind


BODY = "http.response.body.content"


@pytest.mark.parametrize(
    ("media", "body", "found"),
    [
        (b"text/plain", b"caf\xc3\xa9 \xff\n", "caf\u00e9 \u00ff\n"),
        (b"application/problem+json; a=b", b'{"a": 1}', '{"a": 1}'),
        (b"application/x-www-form-urlencoded", b"a=1", "a=1"),
        (b"application/x; charset=utf-8", b"x", "x"),
        (b"image/png", b"\x89PNG", b"\x89PNG"),
        (b"", b"who knows", b"who knows"),
        (b"text/plain", b"", None),
    ],
)
def test_a_body_is_text_where_it_is_text(wasm: Path, media: bytes, body: bytes, found: str | bytes | None) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "bodies": "on"})
    exchange = Exchange(response=[(b":status", b"200"), (b"content-type", media)], response_body=[body])
    _, (record,) = judges.otlp(call_of(proxy, exchange).body)
    assert record["attributes"].get(BODY) == found


@pytest.mark.parametrize(("limit", "shown"), [(1, "x"), (2, "x"), (3, "x"), (4, "x\u20ac"), (5, "x\u20acy")])
def test_a_text_is_cut_between_characters(wasm: Path, limit: int, shown: str) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "bodies": "on", "response_body_bytes_max": limit})
    _, (record,) = judges.otlp(call_of(proxy, Exchange(response_body=["x\u20acyz".encode()])).body)
    assert record["attributes"][BODY] == shown
    assert record["attributes"]["http.exchange.response.body_truncated"] is True


def test_a_text_of_a_megabyte_that_has_to_be_escaped(wasm: Path) -> None:
    """As a string it would take six: it is sent as bytes."""
    proxy = Proxy(wasm, {"format": "otlp", "bodies": "on"})
    for body, found in ((b"\x01" * 1_000_000, b"\x01" * 1_000_000), ("\u00e9".encode() * 100_001, "\u00e9" * 100_001)):
        _, (record,) = judges.otlp(call_of(proxy, Exchange(response_body=[body])).body)
        assert record["attributes"][BODY] == found


GRPC_NAMES = {b"0": "OK", b"5": "NOT_FOUND", b"13": "INTERNAL", b"14": "UNAVAILABLE"}


@pytest.mark.parametrize("context", ["outbound", "inbound"])
@pytest.mark.parametrize("status", [b"13", b"14", b"0", b"5", b"17", b""])
def test_a_grpc_call(wasm: Path, status: bytes, context: str) -> None:
    request = [*REQUEST[:1], (b":path", b"/shop.Cart/Get?x"), *REQUEST[2:5], (b"content-type", b"application/grpc")]
    trailers = [(b"grpc-message", b"secret"), (b"grpc-status", status)]
    exchange = Exchange(request=request, trailers=trailers)
    call = call_of(Proxy(wasm, {"format": "otlp", "context": context}), exchange)
    _, (record,) = judges.otlp(call.body)
    found = record["attributes"]
    assert (found["rpc.system.name"], found["rpc.method"]) == ("grpc", "shop.Cart/Get")
    known = int(status) if status in (b"0", b"5", b"13", b"14") else None
    name = GRPC_NAMES.get(status)
    assert found.get("rpc.status_code") == name
    # To a client all but OK is an error, to a server what is its own.
    errors = ("NOT_FOUND", "INTERNAL", "UNAVAILABLE") if context == "outbound" else ("INTERNAL", "UNAVAILABLE")
    assert found.get("error.type") == (name if name in errors else None)
    assert b"secret" not in call.body
    for more, shown in (({}, known), ({"redact_headers": ["grpc-*"]}, "[redacted]")):
        document = Proxy(wasm, more).trace(exchange)
        headers = dict(document["scnt_response"]["headers"])
        assert headers.get("grpc-status") == (None if known is None else str(shown))
