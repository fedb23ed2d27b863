# SPDX-License-Identifier: Apache-2.0
"""Servers and clients that do on the wire what no well-behaved library would."""

import contextlib
import socket
import socketserver
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.filter.envoy.servers import DEADLINE_SECONDS, Memory, Received, in_the_background


class Wire(socketserver.StreamRequestHandler):
    """One connection, for one request: its head is read, the rest is up to the script for the path.

    An answer that keeps the connection would have Envoy send the next request into one that is about to be closed.
    """

    timeout = DEADLINE_SECONDS
    server: "Scripted"
    request: socket.socket
    path: str

    def handle(self) -> None:
        lines: list[str] = []
        while line := self.rfile.readline().decode("latin-1").rstrip("\r\n"):
            lines.append(line)
        if not lines:
            return
        method, self.path, _ = lines[0].split(" ")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        self.server.keep(Received(method, self.path, headers, b""))
        with contextlib.suppress(ConnectionError):
            self.server.scripts[self.path.split("/")[1]](self)

    def say(self, text: bytes) -> None:
        self.wfile.write(text)
        self.wfile.flush()

    def chunked(self) -> list[bytes]:
        """A chunked body, then the lines of its trailers."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        lines = [body]
        while line := self.rfile.readline().strip():
            lines.append(line)
        return lines

    def reset(self) -> None:
        """The peer sees its connection reset, not closed."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.request.close()


Script = Callable[[Wire], None]


class Scripted(Memory, socketserver.ThreadingTCPServer):
    """`scripts` by the first part of a path."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, scripts: Mapping[str, Script], path: Path | None) -> None:
        Memory.__init__(self)
        self.scripts = scripts
        self.address_family = socket.AF_UNIX if path else socket.AF_INET
        socketserver.ThreadingTCPServer.__init__(self, str(path) if path else ("127.0.0.1", 0), Wire)  # type: ignore[arg-type]

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def scripted(scripts: Mapping[str, Script], path: Path | None = None) -> Iterator[Scripted]:
    """On loopback, or on a Unix domain socket."""
    with in_the_background(Scripted(scripts, path)) as server:
        yield server


def connect(where: int | Path) -> socket.socket:
    if isinstance(where, int):
        return socket.create_connection(("127.0.0.1", where), timeout=DEADLINE_SECONDS)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(DEADLINE_SECONDS)
    client.connect(str(where))
    return client


def talk(where: int | Path, text: bytes) -> bytes:
    """What comes back until the other side closes."""
    with connect(where) as client:
        client.sendall(text)
        return b"".join(iter(lambda: client.recv(65536), b""))


def receive(client: socket.socket, wanted: bytes) -> bytes:
    """Reads until what was read has what is wanted."""
    got = b""
    while wanted not in got:
        piece = client.recv(65536)
        assert piece, f"closed after {got!r}"
        got += piece
    return got
