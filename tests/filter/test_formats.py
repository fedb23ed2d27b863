# SPDX-License-Identifier: Apache-2.0
"""Each format before its judge: everything a document has to say, and any bytes."""

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.filter import judges
from tests.filter.fuzz.documents import text_of
from tests.filter.host.machine import Call
from tests.filter.host.proxy import PROPERTIES, REQUEST, Exchange, Proxy

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = (b"traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01".encode())
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
header_lists = st.lists(
    st.tuples(
        st.sampled_from([b":path", b":authority", b":status", b"host", b"traceparent", b"x"]) | st.binary(max_size=9),
        st.binary(max_size=60),
    ),
    max_size=12,
)
addresses = st.binary(max_size=40) | st.sampled_from([b"[::1]:80", b"/run/app.sock", b"10.0.0.1", b"[", b"]:1", b":"])


def call_of(proxy: Proxy, exchange: Exchange | None = None) -> Call:
    proxy.run(exchange)
    proxy.tick()
    return proxy.machine.calls[-1]


def test_apiclarity(wasm: Path) -> None:
    cluster = {b"xds\0cluster_name": b"outbound|80||cart.pay.svc.cluster.local"}
    proxy = Proxy(
        wasm, {"format": "apiclarity", "backend": {"cluster": "c", "headers": [["x-trace-source-token", "t"]]}}
    )
    call = call_of(proxy, Exchange(request_body=[b"a", b"b"], properties=PROPERTIES | cluster))
    headers = dict(call.headers)
    assert (headers[b":path"], headers[b"x-trace-source-token"]) == (b"/api/telemetry", b"t")
    time = proxy.machine.now_ns // 1_000_000
    assert judges.apiclarity(call.body) == {
        "requestID": "7b0a",
        "scheme": "http",
        "destinationAddress": "10.0.0.2:80",
        "destinationNamespace": "pay",
        "sourceAddress": "10.0.0.1:4000",
        "request": {
            "method": "POST",
            "path": "/cart?id=1",
            "host": "shop",
            "common": {
                "version": "HTTP/1.1",
                "headers": [
                    {"key": "host", "value": "shop"},
                    {"key": "x-request-id", "value": "7b0a"},
                    {"key": "content-type", "value": "application/json; charset=utf-8"},
                ],
                "body": base64.b64encode(b"ab").decode(),
                "TruncatedBody": False,
                "time": time,
            },
        },
        "response": {
            "statusCode": "200",
            "common": {
                "version": "HTTP/1.1",
                "headers": [{"key": "content-type", "value": "text/plain"}],
                "body": "",
                "TruncatedBody": False,
                "time": time,
            },
        },
    }


@pytest.mark.parametrize(
    ("context", "properties", "namespace"),
    [
        ("outbound", {b"xds\0cluster_name": b"outbound|80|v1|cart.pay.svc.cluster.local"}, "pay"),
        ("outbound", {b"xds\0cluster_name": b"PassthroughCluster"}, ""),
        ("gateway", {b"xds\0upstream_host_metadata\0filter_metadata\0istio\0workload": b"cart;pay;cart;v1;one"}, "pay"),
        ("gateway", {b"xds\0upstream_host_metadata\0filter_metadata\0istio\0workload": b"cart"}, ""),
        ("inbound", {b"xds\0node\0metadata\0NAMESPACE": b"shop"}, "shop"),
        ("inbound", {b"node\0metadata\0NAMESPACE": b"shop"}, "shop"),  # an older Envoy
    ],
)
def test_the_namespace_of_the_destination(
    wasm: Path, context: str, properties: dict[bytes, bytes], namespace: str
) -> None:
    proxy = Proxy(wasm, {"format": "apiclarity", "context": context})
    document = judges.apiclarity(call_of(proxy, Exchange(properties=PROPERTIES | properties)).body)
    assert document["destinationNamespace"] == namespace


@pytest.mark.parametrize("address", [b"[fe80::1]:80", b"[::1]", b"/run/app.sock", b"", b"10.0.0.1"])
def test_apiclarity_gets_addresses_with_one_colon(wasm: Path, address: bytes) -> None:
    properties = PROPERTIES | {b"source\0address": address, b"destination\0address": address}
    document = judges.apiclarity(call_of(Proxy(wasm, {"format": "apiclarity"}), Exchange(properties=properties)).body)
    if address == b"[fe80::1]:80":
        assert document["sourceAddress"] == "fe80--1:80"


def test_otlp(wasm: Path) -> None:
    own = {
        b"xds\0node\0metadata\0WORKLOAD_NAME": b"web",
        b"xds\0node\0metadata\0NAMESPACE": b"shop",
        b"xds\0node\0metadata\0NAME": b"web-1",
    }
    request = [*REQUEST, TRACEPARENT, (b"accept", b"a"), (b"user-agent", b"curl"), (b"accept", b"b")]
    request[0] = (b":authority", b"[::1]:8080")
    proxy = Proxy(wasm, {"format": "otlp", "bodies": "on"})
    call = call_of(proxy, Exchange(request=request, request_body=[b"abc"], properties=PROPERTIES | own))
    assert dict(call.headers)[b":path"] == b"/v1/logs"
    assert dict(call.headers)[b"content-type"] == b"application/json"
    resource, (record,) = judges.otlp(call.body)
    assert resource == {"service.name": "web", "k8s.namespace.name": "shop", "k8s.pod.name": "web-1"}
    attributes = record.pop("attributes")
    assert record == {
        "timeUnixNano": str(proxy.machine.now_ns),
        "observedTimeUnixNano": str(proxy.machine.now_ns),
        "severityNumber": 9,
        "eventName": "http.exchange",
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
    }
    assert attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "url.path": "/cart",
        "url.query": "id=1",
        "server.address": "::1",
        "server.port": 8080,
        "client.address": "10.0.0.1",
        "client.port": 4000,
        "network.peer.address": "10.0.0.2",
        "network.peer.port": 80,
        "network.protocol.version": "1.1",
        "user_agent.original": "curl",
        "http.response.status_code": 200,
        "http.request.body.size": 3,
        "http.response.body.size": 0,
        "http.exchange.id": "7b0a",
        "http.exchange.destination": "10.0.0.2:80",
        "http.exchange.duration_ns": 0,
        "http.request.body.content": "abc",
        "http.request.header.x-request-id": ["7b0a"],
        "http.request.header.content-type": ["application/json; charset=utf-8"],
        "http.request.header.traceparent": [TRACEPARENT[1].decode()],
        "http.request.header.accept": ["a", "b"],
        "http.request.header.user-agent": ["curl"],
        "http.response.header.content-type": ["text/plain"],
    }


def test_otlp_errors_and_what_is_not_known(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "otlp"})
    for status in (b"503", None):
        proxy.run(
            Exchange(
                response=None if status is None else [(b":status", status)], response_body=[b"secret"], properties={}
            )
        )
    proxy.tick()
    resource, (failed, unanswered) = judges.otlp(proxy.machine.calls[0].body)
    assert resource == {"service.name": "unknown_service:envoy"}
    assert failed["attributes"]["error.type"] == "503"
    assert failed["attributes"]["http.exchange.response.body_truncated"] is True
    assert failed["attributes"]["http.response.body.size"] == 6
    assert unanswered["attributes"]["error.type"] == "_OTHER"
    assert "http.response.status_code" not in unanswered["attributes"]
    assert "traceId" not in unanswered


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID}-{SPAN_ID}-0g",
        f"0X-{TRACE_ID}-{SPAN_ID}-01",
        f"cc-{TRACE_ID}-{SPAN_ID}-01.more",
        "",
    ],
)
def test_a_traceparent_that_is_none(wasm: Path, traceparent: str) -> None:
    request = [*REQUEST, (b"traceparent", traceparent.encode())]
    _, (record,) = judges.otlp(call_of(Proxy(wasm, {"format": "otlp"}), Exchange(request=request)).body)
    assert "spanId" not in record


def test_a_traceparent_of_a_later_version(wasm: Path) -> None:
    request = [*REQUEST, (b"traceparent", f"cc-{TRACE_ID}-{SPAN_ID}-01-what-comes".encode())]
    _, (record,) = judges.otlp(call_of(Proxy(wasm, {"format": "otlp"}), Exchange(request=request)).body)
    assert (record["traceId"], record["spanId"]) == (TRACE_ID, SPAN_ID)


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("::1", "::1", None),
        ("fe80::1:80", "fe80::1:80", None),
        ("[::1]:80", "::1", 80),
        ("shop:99999", "shop", None),
        ("shop:65536", "shop", None),
        ("shop:0", "shop", None),
        ("shop:080", "shop", None),
        ("shop:", "shop", None),
        ("shop:65535", "shop", 65535),
        (":80", None, 80),
        ("[::1", None, None),
        ("[shop]", None, None),
        ("sh op", None, None),
        ("x::y", None, None),
        ("a_b-c.example.", "a_b-c.example.", None),
    ],
)
def test_a_server_is_valid_or_none(wasm: Path, host: str, address: str | None, port: int | None) -> None:
    request = [(b":authority", host.encode()), *REQUEST[1:]]
    _, (record,) = judges.otlp(call_of(Proxy(wasm, {"format": "otlp"}), Exchange(request=request)).body)
    assert record["attributes"].get("server.address") == address
    assert record["attributes"].get("server.port") == port


def test_the_proxys_own_names_are_asked_for_once(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "otlp", "batch": {"count": 1}})
    named = PROPERTIES | {b"xds\0node\0metadata\0NAME": b"web-1"}
    for properties in (named, PROPERTIES):
        proxy.run(Exchange(properties=properties))
    assert [judges.otlp(call.body)[0]["k8s.pod.name"] for call in proxy.machine.calls] == ["web-1", "web-1"]


def test_the_attributes_of_headers_are_bounded(wasm: Path) -> None:
    proxy = Proxy(wasm, {"format": "otlp"})
    many = [(b"x-%d" % number, b"1") for number in range(5000)]
    _, (record,) = judges.otlp(call_of(proxy, Exchange(request=[*REQUEST, *many])).body)
    assert len([key for key in record["attributes"] if key.startswith("http.request.header.")]) <= 100


def test_who_sends_bodies_by_default(wasm: Path) -> None:
    sent = {}
    for name in ("publish", "apiclarity", "ndjson", "otlp"):
        call = call_of(Proxy(wasm, {"format": name}), Exchange(request_body=[b"a body of some length"]))
        sent[name] = base64.b64encode(b"a body of some length") in call.body
    assert sent == {"publish": True, "apiclarity": True, "ndjson": False, "otlp": False}


@quick
@given(
    header_lists, header_lists, st.dictionaries(st.sampled_from(list(PROPERTIES)), addresses), st.binary(max_size=20)
)
def test_any_bytes(wasm: Path, request: Any, response: Any, properties: dict[bytes, bytes], body: bytes) -> None:
    properties.pop(b"xds\0cluster_name", None)
    bodies = [body] if body else []
    exchange = Exchange(request=request, response=response, properties=properties, request_body=bodies)
    for name in ("apiclarity", "ndjson", "otlp"):
        call = call_of(Proxy(wasm, {"format": name, "bodies": "on", "redact_body_fields": ["-*"]}), exchange)
        read = getattr(judges, name)(call.body)
        if name == "apiclarity":
            assert base64.b64decode(read["request"]["common"]["body"]) == body
        if name == "otlp":
            attributes = read[1][0]["attributes"]
            found = attributes.get("http.request.body.content", attributes.get("http.exchange.request.body_coded", b""))
            assert found == (body if isinstance(found, bytes) else text_of(body))
