# SPDX-License-Identifier: Apache-2.0
"""A small proxy before an API server: plain HTTP to the client, TLS to the server; it counts, and makes trouble."""

from __future__ import annotations

import base64
import contextlib
import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.faults.troubles import Cut, Refusal, Request, Trouble

# Longer than any watch of ours without an event.
SECONDS = 120.0
CHUNK = 65536
# Of one connection, so not handed on; the length is known anew.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class Answer:
    """What came of a request. `status` 0: no answer was passed on."""

    request: Request
    status: int


class Proxy:
    """One API server's. `trouble` may be changed at any time."""

    def __init__(self, kubeconfig: Path, folder: Path, trouble: Trouble | None = None) -> None:
        self.trouble = trouble or Trouble()
        self._content = yaml.safe_load(kubeconfig.read_text())
        self._folder = folder
        self._journal: list[Answer] = []
        self._lock = threading.Lock()
        cluster = self._content["clusters"][0]["cluster"]
        url = urllib.parse.urlsplit(cluster["server"])
        self._address, self._context = url.netloc, _context(cluster) if url.scheme == "https" else None
        self._server = _Server(("127.0.0.1", 0), self)

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def kubeconfig(self) -> str:
        """A file that leads to the API server through this proxy, with the same rights."""
        entry = self._content["clusters"][0]
        port = self._server.server_address[1]
        clusters = [{**entry, "cluster": {"server": f"http://127.0.0.1:{port}"}}]
        path = self._folder / f"proxy-{port}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump({**self._content, "clusters": clusters}))
        return str(path)

    def upstream(self) -> http.client.HTTPConnection:
        """One for each request: one that was kept would be dead once the API server has been started anew."""
        if self._context is None:
            return http.client.HTTPConnection(self._address, timeout=SECONDS)
        return http.client.HTTPSConnection(self._address, timeout=SECONDS, context=self._context)

    def note(self, answer: Answer) -> None:
        with self._lock:
            self._journal.append(answer)

    def since(self, begin: int = 0) -> list[Answer]:
        """What was asked, from the given number on, in the order of the answers."""
        with self._lock:
            return self._journal[begin:]

    def writes(self, begin: int = 0) -> list[Answer]:
        """Those that the API server was asked to do."""
        return [one for one in self.since(begin) if one.request.writes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: Proxy) -> None:
        super().__init__(address, _Handler)
        self.proxy = proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed ends its connections anywhere: nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        proxy = self.server.proxy
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, url.path, query, body)
        refusal = proxy.trouble.refuses(request)
        if refusal:
            proxy.note(Answer(request, refusal.status))
            self._refuse(refusal)
            return
        upstream = proxy.upstream()
        try:
            headers = {name: text for name, text in self.headers.items() if name.lower() not in HOP_BY_HOP}
            upstream.request(self.command, self.path, body or None, headers)
            response = upstream.getresponse()
            if request.watches and response.status == 200:
                proxy.note(Answer(request, response.status))
                self._watch(upstream, response, proxy.trouble.cuts(request))
                return
            content = response.read()
        except (OSError, http.client.HTTPException):
            # No API server: the client is to see what it would see without this proxy.
            proxy.note(Answer(request, 0))
            self.close_connection = True
            return
        finally:
            upstream.close()
        self._answer(request, response, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _answer(self, request: Request, response: http.client.HTTPResponse, content: bytes) -> None:
        proxy = self.server.proxy
        proxy.trouble.answered(request, response.status)
        if proxy.trouble.loses(request):
            proxy.note(Answer(request, 0))
            self.close_connection = True
            return
        proxy.note(Answer(request, response.status))
        self._head(response)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _head(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, text in response.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, text)

    def _refuse(self, refusal: Refusal) -> None:
        content = b"turned away by the proxy\n"
        self.send_response_only(refusal.status)
        if refusal.retry_after:
            self.send_header("Retry-After", str(refusal.retry_after))
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _watch(self, upstream: http.client.HTTPConnection, response: http.client.HTTPResponse, cut: Cut | None) -> None:
        self._head(response)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for chunk in _chunks(upstream, response, cut):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *arguments: Any) -> None:
        """The journal has it."""


def _chunks(
    upstream: http.client.HTTPConnection, response: http.client.HTTPResponse, cut: Cut | None
) -> Iterator[bytes]:
    """Whatever comes, as it comes; with a cut half of the last."""
    seen = 0
    if cut and upstream.sock:
        upstream.sock.settimeout(cut.seconds)
    with contextlib.suppress(TimeoutError):
        while chunk := response.read1(CHUNK):
            seen += chunk.count(b"\n")
            if cut and seen >= cut.events:
                yield chunk[: len(chunk) // 2]
                return
            yield chunk


def _context(cluster: dict[str, str]) -> ssl.SSLContext:
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return ssl.create_default_context(cadata=authority)
