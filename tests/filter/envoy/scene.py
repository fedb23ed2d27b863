# SPDX-License-Identifier: Apache-2.0
"""An Envoy between an upstream and a backend, and exchanges through it, with and without the filter."""

import re
from dataclasses import dataclass
from typing import Any

from tests.filter.envoy.process import Answer, Envoy, request
from tests.filter.envoy.servers import Memory, Received, Server

CONFIGURATION: dict[str, Any] = {
    "revision": "0a1b2c3d4e",
    "backend": {"cluster": "backend", "authority": "collector:9000"},
    "heartbeat_seconds": 1,
}


@dataclass
class Scene:
    """`envoy` has the listeners of `bootstrap.pair`."""

    envoy: Envoy
    upstream: Memory
    backend: Server

    def trace(self, path: str) -> Received:
        """The trace of the exchange with this path, as far as the path goes without its query."""
        return self.backend.wait_for(lambda post: post.document["scnt_request"]["path"].startswith(path))

    def traces(self, path: str) -> int:
        """How many have arrived."""
        return sum(post.document["scnt_request"]["path"] == path for post in list(self.backend.received) if post.body)

    def both(self, method: str, path: str, body: object = None, **headers: str) -> tuple[Answer, Received]:
        """The exchange through the filter and, to compare, without it; then its trace."""
        answers = []
        seen = []
        for name in ("plain", "traced"):
            before = len(self.upstream.received)
            answers.append(request(self.envoy.port(name), method, path, body, **headers))
            seen.append([comparable(received) for received in self.upstream.received[before:]])
        assert seen[0] == seen[1]
        assert [answer.status for answer in answers] == [answers[0].status] * 2
        assert [answer.body for answer in answers] == [answers[0].body] * 2
        assert steady(answers[0].headers) == steady(answers[1].headers)
        return answers[1], self.trace(path.partition("?")[0])


def steady(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without what differs from one request to the next in any case."""
    changing = {"date", "x-request-id", "x-envoy-upstream-service-time", "host"}
    return [pair for pair in headers if pair[0].lower() not in changing]


def steady_text(text: bytes) -> bytes:
    """The same for a message as it went over the wire."""
    return re.sub(rb"(?im)^(date|x-request-id|x-envoy-upstream-service-time): [^\r]*\r\n", b"", text)


def comparable(received: Received) -> tuple[str, str, list[tuple[str, str]], bytes]:
    return received.method, received.path, steady(received.headers), received.body
