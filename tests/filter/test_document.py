# SPDX-License-Identifier: Apache-2.0
"""One exchange, one document: what is in it, field by field."""

import base64
import gzip
from pathlib import Path

import pytest

from tests.filter import judges
from tests.filter.host.machine import REQUEST_HEADERS
from tests.filter.host.proxy import BACKEND, PROPERTIES, REQUEST, Exchange, Proxy

AS_THEY_ARE = {"redact_body_fields": ["-*"]}
"""Bodies that can't be looked into are sent too."""


def test_a_compressed_body_is_sent_as_it_came_and_said_to_be(wasm: Path) -> None:
    packed = gzip.compress(b"text" * 100, mtime=0)
    response = [(b":status", b"200"), (b"content-type", b"text/plain"), (b"content-encoding", b"gzip")]
    exchange = Exchange(response=response, response_body=[packed])
    received = Proxy(wasm, AS_THEY_ARE).trace(exchange)["scnt_response"]
    assert base64.b64decode(received["body"]) == packed
    assert ["content-encoding", "gzip"] in received["headers"]


@pytest.mark.parametrize("form", ["publish", "otlp"])
@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"deflate", b"x-of-tomorrow", b"gzip, identity"])
def test_a_compressed_body_that_is_cut_is_left_out(wasm: Path, form: str, coding: bytes) -> None:
    response = [(b":status", b"200"), (b"content-type", b"text/plain"), (b"content-encoding", coding)]
    proxy = Proxy(
        wasm, {"format": form, "bodies": "on", "response_body_bytes_max": 9, "batch": {"count": 1}, **AS_THEY_ARE}
    )
    document = proxy.trace(Exchange(response=response, response_body=[b"compressed"]))
    if form == "publish":
        assert (document["scnt_response"]["body"], document["scnt_response"]["truncated_body"]) == ("", True)
        return
    _, (record,) = judges.otlp(proxy.machine.calls[-1].body)
    assert record["attributes"]["http.exchange.response.body_truncated"] is True
    assert not any("response.body_coded" in key or "content" in key.split(".")[-1:] for key in record["attributes"])


def test_otlp_says_which_body_is_compressed(wasm: Path) -> None:
    """`http.response.body.content` is, by its convention, what is left when the coding is taken off."""
    response = [(b":status", b"200"), (b"content-type", b"text/plain")]
    for coding, key in ((b"br", "http.exchange.response.body_coded"), (b"Identity", "http.response.body.content")):
        proxy = Proxy(wasm, {"format": "otlp", "bodies": "on", "batch": {"count": 1}, **AS_THEY_ARE})
        proxy.run(Exchange(response=[*response, (b"content-encoding", coding)], response_body=[b"packed"]))
        _, (record,) = judges.otlp(proxy.machine.calls[-1].body)
        bodies = {key: value for key, value in record["attributes"].items() if "body" in key and "size" not in key}
        assert bodies == {key: b"packed" if coding == b"br" else "packed"}


def test_every_field_is_filled(wasm: Path) -> None:
    proxy = Proxy(wasm)
    assert proxy.trace(Exchange(request_body=[b'{"a":', b"1}"], response_body=[b"done"])) == {
        "request_id": "7b0a",
        "scheme": "http",
        "destination_address": "10.0.0.2:80",
        "source_address": "10.0.0.1:4000",
        "scnt_request": {
            "method": "POST",
            "path": "/cart?id=1",
            "host": "shop",
            "version": "HTTP/1.1",
            "headers": [
                ["host", "shop"],
                ["x-request-id", "7b0a"],
                ["content-type", "application/json; charset=utf-8"],
            ],
            "body": base64.b64encode(b'{"a":1}').decode(),
            "truncated_body": False,
        },
        "scnt_response": {
            "status_code": "200",
            "version": "HTTP/1.1",
            "headers": [["content-type", "text/plain"]],
            "body": base64.b64encode(b"done").decode(),
            "truncated_body": False,
        },
    }


def test_the_call_goes_to_the_backend_with_the_marker(wasm: Path) -> None:
    proxy = Proxy(wasm, {"name": "shop-trace", "backend": BACKEND | {"headers": [["x-token", "t"]], "timeout_ms": 9}})
    proxy.run()
    call = proxy.machine.calls[0]
    assert call.cluster == b"outbound|9000||collector"
    assert call.timeout_ms == 9
    assert dict(call.headers) == {
        b":method": b"POST",
        b":scheme": b"http",
        b":path": b"/publish",
        b":authority": b"collector:9000",
        b"content-type": b"application/json",
        b"x-wasm-filter-trace": b"shop-trace",
        b"x-token": b"t",
    }


def test_addresses_by_context(wasm: Path) -> None:
    for context, destination in (("outbound", "10.0.0.2:80"), ("inbound", "10.0.0.2:80"), ("gateway", "10.0.0.3:8080")):
        assert Proxy(wasm, {"context": context}).trace()["destination_address"] == destination
    without_upstream = {name: value for name, value in PROPERTIES.items() if name != b"upstream\0address"}
    document = Proxy(wasm, {"context": "gateway"}).trace(Exchange(properties=without_upstream))
    assert document["destination_address"] == "10.0.0.2:80"


def test_ipv6_addresses_keep_their_brackets(wasm: Path) -> None:
    addresses = {b"source\0address": b"[::1]:4000", b"destination\0address": b"[fe80::1]:80"}
    document = Proxy(wasm).trace(Exchange(properties=PROPERTIES | addresses))
    assert (document["source_address"], document["destination_address"]) == ("[::1]:4000", "[fe80::1]:80")


def test_addresses_are_asked_for_once_per_connection(wasm: Path) -> None:
    proxy = Proxy(wasm)
    asked: list[str] = []

    def listen(name: str) -> None:
        asked.append(name)

    proxy.machine.refuse = listen
    proxy.run()
    first, asked[:] = asked.count("proxy_get_property"), []
    assert proxy.trace()["source_address"] == "10.0.0.1:4000"
    assert asked.count("proxy_get_property") < first
    # Another connection is another source, whatever was remembered.
    other = PROPERTIES | {b"connection_id": (8).to_bytes(8, "little"), b"source\0address": b"10.9.9.9:1"}
    assert proxy.trace(Exchange(properties=other))["source_address"] == "10.9.9.9:1"


def test_a_source_named_by_x_forwarded_for_belongs_to_the_request(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for address in ("10.1.1.1:0", "10.2.2.2:0"):
        forwarded = [*REQUEST, (b"x-forwarded-for", address.split(":")[0].encode())]
        properties = PROPERTIES | {b"source\0address": address.encode()}
        assert proxy.trace(Exchange(request=forwarded, properties=properties))["source_address"] == address


def test_nothing_but_request_headers_is_still_a_trace(wasm: Path) -> None:
    document = Proxy(wasm).trace(Exchange(request=[(b":method", b"GET")], response=None, properties={}))
    assert document["source_address"] == document["destination_address"] == document["scheme"] == ""
    assert document["scnt_response"] == {
        "status_code": "0",
        "version": "",
        "headers": [],
        "body": "",
        "truncated_body": False,
    }


def test_a_request_without_id_gets_one_of_its_own(wasm: Path) -> None:
    proxy = Proxy(wasm)
    anonymous = [pair for pair in REQUEST if pair[0] != b"x-request-id"]
    made = [proxy.trace(Exchange(request=list(anonymous)))["request_id"] for _ in range(50)]
    assert len(set(made)) == 50
    assert all(len(text) == 36 and text[14] == "4" for text in made)


def test_invalid_utf8_is_read_as_latin_1(wasm: Path) -> None:
    odd = [(b":path", b'/caf\xe9\xc3\xa9\x01"\\'), (b"x-\xff", b"\xf0\x9f\x98\x80\xf0\x9f\x98")]
    document = Proxy(wasm).trace(Exchange(request=odd))
    assert document["scnt_request"]["path"] == '/caf\u00e9\u00e9\x01"\\'
    assert document["scnt_request"]["headers"] == [["x-\u00ff", "\U0001f600\u00f0\u009f\u0098"]]


def test_a_local_reply_replaces_an_earlier_response(wasm: Path) -> None:
    proxy = Proxy(wasm)
    stream = proxy.start(Exchange(response_body=[b"lost"]))
    proxy.machine.offer.headers = {2: [(b":status", b"503")]}
    proxy.machine.call("proxy_on_response_headers", stream, 1, 0)
    proxy.finish(stream)
    assert b'"status_code":"503"' in proxy.machine.calls[0].body
    assert b"bG9zdA" not in proxy.machine.calls[0].body


def test_headers_too_large_to_take_leave_a_trace_without_them(wasm: Path) -> None:
    proxy = Proxy(wasm)
    document = proxy.trace(Exchange(request=[(b":method", b"GET"), (b"x-long", b"x" * 70_000)]))
    assert document["scnt_request"]["method"] == "GET"
    assert document["scnt_request"]["headers"] == []
    document = proxy.trace(Exchange(request=[(b":method", b"GET"), (b"x-long", b"x" * 5_000_000)]))
    assert document["scnt_request"]["headers"] == []
    assert proxy.metric("truncated") == 2


def test_a_call_of_ours_and_a_call_to_the_backend_are_not_traced(wasm: Path) -> None:
    proxy = Proxy(wasm)
    proxy.run(Exchange(request=[*REQUEST, (b"x-wasm-filter-trace", b"other")], request_body=[b"x" * 5000]))
    proxy.run(Exchange(properties=PROPERTIES | {b"xds\0cluster_name": b"outbound|9000||collector"}))
    assert proxy.machine.calls == []
    assert proxy.metric("dropped") == 0
    assert REQUEST_HEADERS == 0
    proxy.trace()
