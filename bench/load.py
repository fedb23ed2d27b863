"""The clients: a few connections, each with one request at a time."""

import select
import socket
import time
from dataclasses import dataclass

CONNECTIONS = 4
TIMEOUT_SECONDS = 20.0
HEAD_END = b"\r\n\r\n"


class BadAnswer(Exception):
    """The proxy answered something other than it should."""


@dataclass
class _Client:
    socket: socket.socket
    sent_at: int = 0
    received: bytes = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter_ns()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Reads what is there; whether the answer is complete."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise BadAnswer(f"connection closed after {self.received!r}")
        self.received += data
        end = self.received.find(HEAD_END)
        if end < 0:
            return False
        head = self.received[:end]
        if not head.startswith(b"HTTP/1.1 200 "):
            raise BadAnswer(f"not 200: {head!r}")
        length = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        missing = end + len(HEAD_END) + length - len(self.received)
        if missing < 0:
            raise BadAnswer(f"{-missing} bytes too many behind {head!r}")
        return missing == 0


def run(port: int, requests: int, request: bytes, connections: int = CONNECTIONS, pause: float = 0) -> list[int]:
    """Sends that many requests and returns how long each took, in ns, sorted.

    A closed loop: a client waits for its answer, then for `pause` seconds, and sends the next request. So a
    slow moment of another process makes the run longer rather than a queue, and the figures stay alike.
    """
    poller = select.epoll()
    clients = {}
    try:
        for _ in range(min(connections, requests)):
            client = _Client(socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS))
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clients[client.socket.fileno()] = client
            poller.register(client.socket.fileno(), select.EPOLLIN)
        return _loop(poller, clients, requests, request, pause)
    finally:
        poller.close()
        for client in clients.values():
            client.socket.close()


def _loop(
    poller: select.epoll, clients: dict[int, _Client], requests: int, request: bytes, pause: float
) -> list[int]:
    for client in clients.values():
        client.send(request)
    left = requests - len(clients)
    taken: list[int] = []
    while len(taken) < requests:
        ready = poller.poll(TIMEOUT_SECONDS)
        if not ready:
            raise BadAnswer(f"no answer within {TIMEOUT_SECONDS:.0f} s, after {len(taken)} requests")
        for number, _ in ready:
            client = clients[number]
            if not client.answered():
                continue
            taken.append(time.perf_counter_ns() - client.sent_at)
            client.received = b""
            if left > 0:
                left -= 1
                time.sleep(pause)
                client.send(request)
    return sorted(taken)
