# SPDX-License-Identifier: Apache-2.0
"""The two ends on loopback: an upstream that does what the path says, and a backend that keeps what it gets."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import Any, TypeVar

DEADLINE_SECONDS = 20.0

Running = TypeVar("Running", bound=BaseServer)


@dataclass
class Received:
    """A request as a server saw it."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


class Memory:
    """What a server got."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.changed = threading.Condition()

    def keep(self, request: Received) -> None:
        with self.changed:
            self.received.append(request)
            self.changed.notify_all()

    def wait_for(self, wanted: Callable[[Received], bool]) -> Received:
        """The first request that is wanted, now or within the deadline."""
        end = time.monotonic() + DEADLINE_SECONDS
        with self.changed:
            while True:
                for request in self.received:
                    if wanted(request):
                        return request
                left = end - time.monotonic()
                assert left > 0, f"not among {len(self.received)} requests: {self.received[-3:]}"
                self.changed.wait(left)


class Server(Memory, ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, family: socket.AddressFamily, handler: type["Handler"]) -> None:
        Memory.__init__(self)
        self.address_family = family
        ThreadingHTTPServer.__init__(self, ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), handler)
        self.status = 200
        self.hosts: list[str] = []
        self.said = b""
        """The body of an answer to a POST."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; Nagle's algorithm would hold the second one back.
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the tests look at what was received."""

    def read_body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self) -> None:
        request = Received(self.command, self.path, self.headers.items(), self.read_body())
        self.respond(request)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer

    def respond(self, request: Received) -> None:
        raise NotImplementedError

    def send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class UpstreamHandler(Handler):
    def respond(self, request: Received) -> None:
        self.server.keep(request)
        if request.path.startswith("/reset"):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif request.path.startswith("/chunked"):
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif request.path.startswith("/hang"):
            self.connection.recv(1)  # until the client, and then Envoy, has gone
            self.close_connection = True
        elif request.path.startswith("/offers"):
            self.send(200, b"offered", ("connection", "Upgrade"), ("upgrade", "h2,h2c"))
        elif request.path.startswith("/moved"):
            self.send(
                302, b"", ("location", "https://alice:s3cr3t@intra/x"), ("link", "<https://s3cr3t@intra/>; rel=a")
            )
        elif request.path.startswith("/empty"):
            self.send(204, b"")
        else:
            self.send(200, b"got " + request.body, ("content-type", "text/plain"), ("set-cookie", "id=s3cr3t"))


class BackendHandler(Handler):
    def respond(self, request: Received) -> None:
        self.server.keep(request)
        hosts = json.dumps({"hosts": self.server.hosts}).encode()
        self.send(self.server.status, hosts if request.method == "GET" else self.server.said)


@contextmanager
def serving(handler: type[Handler], family: socket.AddressFamily = socket.AF_INET) -> Iterator[Server]:
    with in_the_background(Server(family, handler)) as server:
        yield server


@contextmanager
def in_the_background(server: Running) -> Iterator[Running]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
