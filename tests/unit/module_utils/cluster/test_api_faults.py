# SPDX-License-Identifier: Apache-2.0
"""Faults of the way to an API server, which a real one can't be made to show: 429, 503, a torn connection.

The client is the real one; the server is a script of answers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import kubernetes
import pytest
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import K8SClient
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import (
    INCOMPLETE_ANSWERS_MAX,
    ClusterApi,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, Unreachable
from kubernetes.dynamic import DynamicClient

TORN = 0


class Scripted(BaseHTTPRequestHandler):
    """Answers with the next status of the script; TORN closes the connection in the middle."""

    protocol_version = "HTTP/1.1"
    script: list[int]
    retry_after = "0"
    seen: list[tuple[str, Any]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, json.loads(body) if body else None))
        status = self.script.pop(0)
        if status == TORN:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            self.close_connection = True
            return
        content = json.dumps({"message": "busy", "items": [], "metadata": {}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", self.retry_after)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture(params=[True])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[ClusterApi, type[Scripted]]]:
    """Its parameter: does the client send again by itself?"""
    handler = type("Handler", (Scripted,), {"script": [], "seen": []})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    configuration = kubernetes.client.Configuration()
    configuration.host = f"http://127.0.0.1:{listening.server_port}"
    dynamic = DynamicClient(kubernetes.client.ApiClient(configuration), discoverer=lambda *_: None)
    yield ClusterApi(K8SClient(configuration, dynamic), resend=request.param), handler
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize("fault", [429, 502, 503])
def test_what_is_turned_away_is_sent_again(server: tuple[ClusterApi, type[Scripted]], fault: int) -> None:
    api, handler = server
    handler.script[:] = [fault, fault, 200]
    api.apply("/api/v1/namespaces/shop/configmaps/x", {"metadata": {"name": "x"}}, "me")
    assert handler.seen == [("PATCH", {"metadata": {"name": "x"}})] * 3


@pytest.mark.parametrize("status", [422, 500])
def test_a_refusal_is_not_sent_again(server: tuple[ClusterApi, type[Scripted]], status: int) -> None:
    api, handler = server
    handler.script[:] = [status]
    with pytest.raises(ApiError, match="busy"):
        api.apply("/api/v1/namespaces/shop/configmaps/x", {"metadata": {"name": "x"}}, "me")
    assert len(handler.seen) == 1


def test_a_torn_answer_is_asked_for_again(server: tuple[ClusterApi, type[Scripted]]) -> None:
    api, handler = server
    handler.script[:] = [TORN, 200]
    assert api.list("/api/v1/namespaces") == ([], "")


def test_answers_that_are_always_torn_are_an_error(server: tuple[ClusterApi, type[Scripted]]) -> None:
    api, handler = server
    handler.script[:] = [TORN] * 10
    with pytest.raises(Unreachable):
        api.list("/api/v1/namespaces")
    assert len(handler.seen) == INCOMPLETE_ANSWERS_MAX + 1


@pytest.mark.parametrize("server", [False], indirect=True)
@pytest.mark.parametrize(("fault", "pause"), [(429, 7), (502, 7), (503, 7), (504, 7), (TORN, 0)])
def test_for_a_loop_nothing_is_sent_again(server: tuple[ClusterApi, type[Scripted]], fault: int, pause: float) -> None:
    api, handler = server
    handler.script[:] = [fault, 200]
    handler.retry_after = "7"
    with pytest.raises(ApiError) as caught:
        api.apply("/api/v1/namespaces/shop/configmaps/x", {"metadata": {"name": "x"}}, "me")
    assert (caught.value.status, caught.value.retry_after) == (fault, pause)
    assert len(handler.seen) == 1
