# SPDX-License-Identifier: Apache-2.0
"""Format otlp before its real judge: exchanges go through a real Envoy and on to a real OpenTelemetry Collector, and
what that wrote is compared field by field with what was sent."""

import gzip
import http.client
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testbed import binaries
from tests.filter import otel_collector
from tests.filter.envoy.bootstrap import Value, bootstrap, cluster, listener, wasm_config
from tests.filter.envoy.process import running
from tests.filter.envoy.servers import DEADLINE_SECONDS, BackendHandler, UpstreamHandler, serving
from tests.filter.fuzz.documents import cut_text_of, text_of
from tests.filter.otel_collector import Collector

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OWN = {"WORKLOAD_NAME": "web", "NAMESPACE": "shop", "NAME": "web-1"}
LIMIT = 300
BATCH = 4
Headers = list[tuple[str, bytes]]


@dataclass
class Sent:
    """A request as it is made here, and then what is known of the exchange when it is over."""

    method: str
    path: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    client: tuple[str, int] = ("", 0)
    times: tuple[int, int] = (0, 0)
    status: int = 0
    answer: bytes = b""
    answer_headers: list[tuple[str, str]] = field(default_factory=list)

    def run(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        started = time.time_ns()
        connection.putrequest(self.method, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in (("host", b"shop:81"), *self.headers, ("content-length", b"%d" % len(self.body))):
            connection.putheader(name, value)
        connection.endheaders(self.body)
        self.client = connection.sock.getsockname()
        response = connection.getresponse()
        self.status, self.answer, self.answer_headers = response.status, response.read(), response.getheaders()
        connection.close()
        self.times = (started, time.time_ns())


TRACEPARENT = ("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01".encode())
EXCHANGES = [
    Sent("GET", "/plain"),
    Sent("GET", "/cart?id=1&token=s3cr3t", [TRACEPARENT, ("user-agent", b"curl/8"), ("authorization", b"s3cr3t")]),
    Sent("GET", "/twice", [("x-twice", b"a"), ("x-once", b"1"), ("x-twice", b"b"), ("x-twice", b"")]),
    Sent("POST", "/odd", [("x-odd", b'caf\xe9 \xc3\xa9 \xf0\x9f\x98\x80 "\\\t\xff')], bytes(range(256))),
    Sent("POST", "/long", [TRACEPARENT, ("content-type", b"text/plain")], os.urandom(5000)),
    Sent("GET", "/reset", [TRACEPARENT]),
    Sent("GET", "/local"),
    Sent("PUT", "/empty", [], b"\0"),
    Sent("POST", "/json", [("content-type", b"application/json; a=b")], '{"a": "\u20ac\\n"}'.encode()),
    Sent("POST", "/cut", [("content-type", b"text/plain")], b"x" + "\u20ac".encode() * LIMIT),
    Sent("POST", "/coded", [("content-type", b"text/plain"), ("content-encoding", b"gzip")], gzip.compress(b"text")),
    Sent("POST", "/coded", [("content-type", b"text/plain"), ("content-encoding", b"br")], os.urandom(LIMIT + 1)),
]
REDACTED = ["[redacted]"]
# What is read otherwise than it was sent.
AS_THEY_ARE = {"redact_body_fields": ["-*"]}
HEADERS_READ = {
    "authorization": REDACTED,
    "set-cookie": REDACTED,
    "x-odd": ['caf\u00e9 \u00e9 \U0001f600 "\\\t\u00ff'],
}


@dataclass
class Evidence:
    """What is left when all is over and the Collector has ended."""

    batches: list[tuple[Value, list[Value]]]
    collector: Collector
    metrics: dict[str, int]

    @property
    def records(self) -> list[Value]:
        return [record for _, records in self.batches for record in records]


def pass_through(wasm: Path, program: Path, folder: Path, exchanges: list[Sent], configuration: Value) -> Evidence:
    configuration = {
        "format": "otlp",
        "backend": {"cluster": "backend"},
        "bodies": "on",
        **AS_THEY_ARE,
        **configuration,
    }
    traced = [{"name": "trace", "typed_config": wasm_config(wasm, configuration)}]
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as sink:
        with otel_collector.collecting(program, sink.port, folder / "collector") as collector:
            backend = cluster("backend", 0)
            (endpoint,) = backend["load_assignment"]["endpoints"][0]["lb_endpoints"]
            endpoint["endpoint"]["address"] = {"pipe": {"path": str(collector.socket)}}
            config = bootstrap([listener("otlp", traced)], [cluster("upstream", upstream.port), backend])
            config["node"]["metadata"] = OWN
            with running(binaries.envoy(), config, folder / "envoy") as envoy:
                for exchange in exchanges:
                    exchange.run(envoy.port("otlp"))
                envoy.wait_for_metric("sent", lambda value: value == len(exchanges))
                metrics = envoy.metrics()
        posts = [otel_collector.read(post.body) for post in sink.received]
    return Evidence(posts, collector, metrics)


@pytest.fixture(scope="module")
def program() -> Path:
    return otel_collector.binary(print)


@pytest.fixture(scope="module")
def evidence(released: Path, program: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    configuration = {
        "batch": {"count": BATCH, "milliseconds": 60_000},
        "request_body_bytes_max": LIMIT,
        "response_body_bytes_max": LIMIT,
    }
    return pass_through(released, program, tmp_path_factory.mktemp("otlp"), EXCHANGES, configuration)


def test_batches_hold_what_was_sent_in_its_order(evidence: Evidence) -> None:
    assert [len(records) for _, records in evidence.batches] == [BATCH] * (len(EXCHANGES) // BATCH)
    paths = [record["attributes"]["url.path"] for record in evidence.records]
    assert paths == [exchange.path.partition("?")[0] for exchange in EXCHANGES]


def test_the_resource_is_the_workload(evidence: Evidence) -> None:
    for resource, _ in evidence.batches:
        assert resource == {"service.name": "web", "k8s.namespace.name": "shop", "k8s.pod.name": "web-1"}


@pytest.mark.parametrize("number", range(len(EXCHANGES)), ids=[exchange.path for exchange in EXCHANGES])
def test_a_record_says_what_was_sent(evidence: Evidence, number: int) -> None:
    sent, record = EXCHANGES[number], evidence.records[number]
    begin, end = int(record.pop("timeUnixNano")), int(record.pop("observedTimeUnixNano"))
    attributes = record.pop("attributes")
    traced = {"traceId": TRACE_ID, "spanId": SPAN_ID} if TRACEPARENT in sent.headers else {}
    assert record == {"severityNumber": 9, "eventName": "http.exchange", **traced}
    # Envoy's clock counts microseconds.
    assert sent.times[0] - 1000 <= begin <= end <= sent.times[1]
    assert attributes.pop("http.exchange.duration_ns") == end - begin
    address, _, port = attributes.pop("http.exchange.destination").partition(":")
    # What pods send: the other end is where it went.
    peer = {"network.peer.address": address, "network.peer.port": int(port)}
    assert address == "127.0.0.1"
    # Envoy makes up the id and hands it on.
    assert [attributes.pop("http.exchange.id")] == attributes.pop("http.request.header.x-request-id")
    assert typed(attributes) == typed({**facts(sent), **peer, **bodies(sent), **headers(sent)})


def typed(attributes: Value) -> dict[str, tuple[type, Any]]:
    """Python's 1 == True would hide an attribute of another type."""
    return {key: (type(value), value) for key, value in attributes.items()}


def facts(sent: Sent) -> Value:
    path, _, query = sent.path.partition("?")
    optional = {
        "url.query": query.replace("s3cr3t", "[redacted]"),
        "user_agent.original": dict(sent.headers).get("user-agent", b"").decode(),
        "error.type": str(sent.status) if sent.status >= 400 else "",
    }
    return {
        "http.request.method": sent.method,
        "url.scheme": "http",
        "url.path": path,
        "server.address": "shop",
        "server.port": 81,
        "client.address": sent.client[0],
        "client.port": sent.client[1],
        "network.protocol.version": "1.1",
        "http.response.status_code": sent.status,
        **{key: value for key, value in optional.items() if value},
    }


def bodies(sent: Sent) -> Value:
    found: Value = {}
    for side, body, headers in (
        ("request", sent.body, {name: value.decode("latin-1") for name, value in sent.headers}),
        ("response", sent.answer, dict(sent.answer_headers)),
    ):
        found[f"http.{side}.body.size"] = len(body)
        is_cut, is_coded = len(body) > LIMIT, "content-encoding" in headers
        if body and is_coded and not is_cut:
            found[f"http.exchange.{side}.body_coded"] = body
        elif body and not is_coded:
            is_text = headers.get("content-type", "").startswith(("text/", "application/json"))
            read = cut_text_of if is_cut else text_of
            found[f"http.{side}.body.content"] = read(body[:LIMIT]) if is_text else body[:LIMIT]
        if is_cut:
            found[f"http.exchange.{side}.body_truncated"] = True
    return found


def headers(sent: Sent) -> Value:
    """All values of a name are one attribute, in their order."""
    request = [*sent.headers, ("content-length", b"%d" % len(sent.body)), ("x-forwarded-proto", b"http")]
    # The proxy's own `server` comes after the filter; so does the `date` of what it answers itself.
    proxys = {"server", "date"} if sent.path in ("/reset", "/local") else {"server"}
    response = [(name, value) for name, value in sent.answer_headers if name not in proxys]
    if "date" not in proxys:
        response.append(("server", f"{UpstreamHandler.server_version} {UpstreamHandler.sys_version}"))
    found: Value = {}
    for name, sent_value in request:
        found.setdefault(f"http.request.header.{name}", []).append(sent_value.decode(errors="replace"))
    for name, value in response:
        found.setdefault(f"http.response.header.{name}", []).append(value)
    return {key: HEADERS_READ.get(key.rpartition(".")[2], values) for key, values in found.items()}


def test_the_collector_refused_nothing(evidence: Evidence) -> None:
    count = len(EXCHANGES)
    telemetry = evidence.collector.telemetry()
    assert telemetry["otelcol_receiver_accepted_log_records"] == count
    assert telemetry["otelcol_exporter_sent_log_records"] == count
    assert {name for name, value in telemetry.items() if value} == {
        "otelcol_receiver_accepted_log_records",
        "otelcol_exporter_sent_log_records",
    }
    assert {line["level"] for line in evidence.collector.log()} == {"info"}
    assert (evidence.metrics["failed"], evidence.metrics["dropped"]) == (0, 0)


def test_many_exchanges_go_in_batches_by_size(released: Path, program: Path, tmp_path: Path) -> None:
    exchanges = [Sent("POST", f"/{number}", [], os.urandom(10_000)) for number in range(200)]
    evidence = pass_through(released, program, tmp_path, exchanges, {})
    assert {len(records) for _, records in evidence.batches} != {1}
    assert len(evidence.batches) > len(exchanges) // 100, "before there are a hundred, they are a megabyte"
    arrived = {record["attributes"]["url.path"]: record["attributes"] for record in evidence.records}
    assert len(evidence.records) == len(arrived) == len(exchanges)
    for sent in exchanges:
        assert arrived[sent.path]["http.request.body.content"] == sent.body
        assert arrived[sent.path]["http.response.body.content"] == text_of(sent.answer)
    assert evidence.collector.telemetry()["otelcol_receiver_accepted_log_records"] == len(exchanges)
