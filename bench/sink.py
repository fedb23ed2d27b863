# SPDX-License-Identifier: Apache-2.0
"""Where traces go: a process that reads every body, counts what is in it, and can be down for a while."""

import asyncio
import multiprocessing
import multiprocessing.connection
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

# What stands once in each trace, by the path of the call. A quote within a text is escaped, so it is no match.
MARKERS = {b"/api/telemetry": b'"requestID":', b"/v1/logs": b'"timeUnixNano":', b"/publish": b'"request_id":'}
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.I)


@dataclass(frozen=True)
class Counts:
    posts: int
    traces: int
    bytes: int

    def since(self, before: "Counts") -> "Counts":
        return Counts(self.posts - before.posts, self.traces - before.traces, self.bytes - before.bytes)


@dataclass
class Sink:
    port: int
    _shared: Any
    _control: "multiprocessing.connection.Connection"

    def counts(self) -> Counts:
        """Since its start."""
        return Counts(*self._shared)

    def listen(self, up: bool) -> None:
        """Down: new connections are refused and those that are open are closed. Returns once it is so."""
        self._control.send(up)
        self._control.recv()


@contextmanager
def running() -> Iterator[Sink]:
    # A fresh interpreter, as the parent may have threads.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    shared = context.RawArray("q", 3)
    process = context.Process(target=_main, args=(theirs, shared), daemon=True)
    process.start()
    theirs.close()  # so that a sink that fails to start is the end of the file, and no wait for ever
    try:
        yield Sink(ours.recv(), shared, ours)
    finally:
        process.terminate()
        process.join()


def _main(control: "multiprocessing.connection.Connection", shared: Any) -> None:
    asyncio.run(_serve(control, shared))


async def _serve(control: "multiprocessing.connection.Connection", shared: Any) -> None:
    loop = asyncio.get_running_loop()
    commands: asyncio.Queue[bool | None] = asyncio.Queue()
    commands.put_nowait(True)
    loop.add_reader(control.fileno(), lambda: commands.put_nowait(_received(control, loop)))
    connections: set[asyncio.BaseTransport] = set()
    server = None
    port = 0
    while (up := await commands.get()) is not None:
        if up and server is None:
            server = await loop.create_server(lambda: _Connection(shared, connections), "127.0.0.1", port, backlog=512)
            port = server.sockets[0].getsockname()[1]
        elif not up and server is not None:
            server.close()
            for transport in list(connections):
                transport.close()
            await server.wait_closed()
            server = None
        control.send(port)


def _received(control: "multiprocessing.connection.Connection", loop: asyncio.AbstractEventLoop) -> bool | None:
    """None when the parent has gone."""
    try:
        return bool(control.recv())
    except EOFError:
        loop.remove_reader(control.fileno())
        return None


class _Connection(asyncio.Protocol):
    def __init__(self, shared: Any, open_connections: set[asyncio.BaseTransport]) -> None:
        self.shared = shared
        self.open_connections = open_connections
        self.received = bytearray()
        self.wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.open_connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_connections.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        while len(self.received) >= self.wanted:
            end = self.received.find(HEAD_END)
            if end < 0:
                return
            length = LENGTH.search(self.received, 0, end + 2)
            if length is None:
                raise ValueError("a call without content-length")
            body = end + len(HEAD_END)
            self.wanted = body + int(length[1])
            if len(self.received) < self.wanted:
                return
            self.count(body)
            del self.received[: self.wanted]
            self.wanted = 0
            self.transport.write(ANSWER)

    def count(self, body: int) -> None:
        path = bytes(self.received[: self.received.index(b" HTTP/1.1\r\n")]).rpartition(b" ")[2]
        marker = MARKERS.get(path)
        self.shared[0] += 1
        self.shared[1] += self.received.count(marker, body, self.wanted) if marker else 1
        self.shared[2] += self.wanted - body
