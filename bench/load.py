# SPDX-License-Identifier: Apache-2.0
"""The clients: a few connections, each with one request at a time."""

import contextlib
import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 4
TIMEOUT_SECONDS = 20.0
HEAD_END = b"\r\n\r\n"


class BadAnswer(Exception):
    """The proxy answered something other than it should."""


@dataclass
class _Client:
    socket: socket.socket
    sent_at: int = 0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.sent_at = time.perf_counter_ns()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Reads what is there; whether the answer is complete."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise BadAnswer(f"connection closed after {bytes(self.received[:500])!r}")
        self.received += data
        end = self.received.find(HEAD_END)
        if end < 0:
            return False
        head = bytes(self.received[:end])
        if not head.startswith(b"HTTP/1.1 200 "):
            raise BadAnswer(f"not 200: {head!r}")
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        missing = end + len(HEAD_END) + length - len(self.received)
        if missing < 0:
            raise BadAnswer(f"{-missing} bytes too many behind {head!r}")
        return missing == 0


def run(ports: Sequence[int], requests: Iterable[bytes], connections: int = CONNECTIONS, pause: float = 0) -> list[int]:
    """Sends the requests, over connections that take turns at the ports; returns how long each took, in ns, sorted.

    A closed loop: a client waits for its answer, then for `pause` seconds, and sends the next request. A slow
    moment of another process then makes the run longer, and no queue that the next figures suffer from. Of
    what was tried on two busy cores (1, 4 and 16 clients, pinned to cores or not) none repeated better.
    Raises BadAnswer.
    """
    waiting = iter(requests)
    with contextlib.ExitStack() as stack:
        poller = stack.enter_context(select.epoll())
        clients = {}
        for number, request in zip(range(connections), waiting, strict=False):
            connection = socket.create_connection(("127.0.0.1", ports[number % len(ports)]), TIMEOUT_SECONDS)
            client = _Client(stack.enter_context(connection))
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clients[client.socket.fileno()] = client
            poller.register(client.socket.fileno(), select.EPOLLIN)
            client.send(request)
        return _loop(poller, clients, waiting, pause)


def _loop(poller: select.epoll, clients: dict[int, _Client], waiting: Iterator[bytes], pause: float) -> list[int]:
    taken: list[int] = []
    while clients:
        ready = poller.poll(TIMEOUT_SECONDS)
        if not ready:
            raise BadAnswer(f"no answer within {TIMEOUT_SECONDS:.0f} s, after {len(taken)} requests")
        for number, _ in ready:
            client = clients[number]
            if not client.answered():
                continue
            taken.append(time.perf_counter_ns() - client.sent_at)
            request = next(waiting, None)
            if request is None:
                poller.unregister(number)
                del clients[number]
                continue
            if pause:
                time.sleep(pause)
            client.send(request)
    return sorted(taken)
