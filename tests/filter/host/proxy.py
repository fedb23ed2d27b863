# SPDX-License-Identifier: Apache-2.0
"""Drives a machine as Envoy does: configuration, whole exchanges, ticks, answers of the backend."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.filter.host.machine import (
    CALL_RESPONSE_BODY,
    CALL_RESPONSE_HEADERS,
    PLUGIN_CONFIGURATION,
    REQUEST_BODY,
    REQUEST_HEADERS,
    RESPONSE_BODY,
    RESPONSE_HEADERS,
    RESPONSE_TRAILERS,
    Call,
    Machine,
)
from tests.filter.host.wire import Pair

BACKEND = {"cluster": "outbound|9000||collector", "authority": "collector:9000"}
REQUEST: list[Pair] = [
    (b":authority", b"shop"),
    (b":path", b"/cart?id=1"),
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b"x-request-id", b"7b0a"),
    (b"content-type", b"application/json; charset=utf-8"),
]
RESPONSE: list[Pair] = [(b":status", b"200"), (b"content-type", b"text/plain")]
PROPERTIES = {
    b"source\0address": b"10.0.0.1:4000",
    b"destination\0address": b"10.0.0.2:80",
    b"upstream\0address": b"10.0.0.3:8080",
    b"request\0protocol": b"HTTP/1.1",
    b"connection_id": (7).to_bytes(8, "little"),
    b"xds\0cluster_name": b"outbound|80||shop",
}


@dataclass
class Exchange:
    request: list[Pair] = field(default_factory=lambda: list(REQUEST))
    request_body: list[bytes] = field(default_factory=list)
    response: list[Pair] | None = field(default_factory=lambda: list(RESPONSE))
    response_body: list[bytes] = field(default_factory=list)
    trailers: list[Pair] = field(default_factory=list)
    properties: dict[bytes, bytes] = field(default_factory=lambda: dict(PROPERTIES))


class Proxy:
    """A machine with one root context, configured with the backend unless told otherwise."""

    root = 1

    def __init__(self, wasm: Path, configuration: dict[str, Any] | bytes | None = None) -> None:
        self.machine = Machine(wasm)
        self.next_id = 2
        self.configure(self.root, {} if configuration is None else configuration)

    def configure(self, root: int, configuration: dict[str, Any] | bytes) -> None:
        if isinstance(configuration, dict):
            configuration = json.dumps({"backend": BACKEND} | configuration).encode()
        self.machine.call("proxy_on_context_create", root, 0)
        self.machine.offer.buffers = {PLUGIN_CONFIGURATION: configuration}
        assert self.machine.call("proxy_on_configure", root, len(configuration)) == 1

    def start(self, exchange: Exchange) -> int:
        """Everything up to the end of the exchange."""
        stream, self.next_id = self.next_id, self.next_id + 1
        offer = self.machine.offer
        offer.properties = exchange.properties
        self.machine.call("proxy_on_context_create", stream, self.root)
        offer.headers = {REQUEST_HEADERS: exchange.request}
        assert self.machine.call("proxy_on_request_headers", stream, len(exchange.request), 0) == 0
        self._body(stream, "request", REQUEST_BODY, exchange.request_body)
        if exchange.response is not None:
            offer.headers = {RESPONSE_HEADERS: exchange.response}
            assert self.machine.call("proxy_on_response_headers", stream, len(exchange.response), 0) == 0
            self._body(stream, "response", RESPONSE_BODY, exchange.response_body)
        if exchange.trailers:
            offer.headers = {RESPONSE_TRAILERS: exchange.trailers}
            assert self.machine.call("proxy_on_response_trailers", stream, len(exchange.trailers)) == 0
        return stream

    def _body(self, stream: int, side: str, kind: int, chunks: list[bytes]) -> None:
        for number, chunk in enumerate(chunks, 1):
            self.machine.offer.buffers = {kind: chunk}
            assert self.machine.call(f"proxy_on_{side}_body", stream, len(chunk), number == len(chunks)) == 0

    def finish(self, stream: int) -> None:
        assert self.machine.call("proxy_on_done", stream) == 1

    def run(self, exchange: Exchange | None = None) -> None:
        self.finish(self.start(exchange or Exchange()))

    def trace(self, exchange: Exchange | None = None) -> dict[str, Any]:
        """Runs an exchange and returns the one document that it gave."""
        before = len(self.machine.calls)
        self.run(exchange)
        assert len(self.machine.calls) == before + 1, self.machine.metrics
        document = json.loads(self.machine.calls[-1].body)
        assert isinstance(document, dict)
        return document

    def end(self, root: int) -> bool:
        """Envoy has no more use for the configuration. False: the filter asks for time."""
        return self.machine.call("proxy_on_done", root) == 1

    def tick(self) -> None:
        self.machine.call("proxy_on_tick", self.root)

    def answer(
        self, call: Call, status: bytes | None = b"200", body: bytes = b"", more: list[Pair] | None = None
    ) -> None:
        pairs = [] if status is None else [(b":status", status), *(more or [])]
        self.machine.offer.headers = {CALL_RESPONSE_HEADERS: pairs}
        self.machine.offer.buffers = {CALL_RESPONSE_BODY: body}
        self.machine.call("proxy_on_http_call_response", call.root, call.token, len(pairs), len(body), 0)

    def metric(self, name: str) -> int:
        """Of whatever filter: the first part of a metric's name has no underscore."""
        pattern = re.compile(rf"wasmcustom\.[a-z0-9-]+_{name}")
        return sum(value for known, value in self.machine.metrics.items() if pattern.fullmatch(known))
