# SPDX-License-Identifier: Apache-2.0
"""What a backend may answer to a call."""

from dataclasses import dataclass
from random import Random

from tests.filter.host.wire import Pair

HOST_LISTS = [[], [b"*"], [b"shop"], [b"shop:80", b"cart.pay"], [b"quiet:81"]]
GARBAGE = [b"", b"[]", b'{"hosts": 1}', b'{"hosts": ["shop"', b'{"hosts": ["a b"]}', b"\xff" * 17_000]
STATUSES = [b"200", b"200", b"200", b"204", b"302", b"404", b"415", b"429", b"500", b"2x", b"", None]
GRPC = [b"", b"", b"", b"0", b"12", b"99"]


@dataclass(frozen=True)
class Answer:
    status: bytes | None = b"200"
    body: bytes = b""
    hosts: list[bytes] | None = None
    """What the body says, if it is good."""
    rejected: int = 0
    """Records, as OTLP says it."""
    grpc: bytes = b""
    """The status of gRPC, where such a port answers."""
    retry_after: bytes = b""

    @property
    def headers(self) -> list[Pair]:
        more = [(b"grpc-status", self.grpc)] if self.grpc else []
        more += [(b"retry-after", self.retry_after)] if self.retry_after else []
        return [(b":status", self.status), *more] if self.status else []


def some_answer(random: Random, ordinary: bytes | None, *, steady: bool) -> Answer:
    """`ordinary`: the status of most answers, and of all if `steady`."""
    status = ordinary if steady or random.random() < 0.7 else random.choice(STATUSES)
    if not steady and random.random() < 0.1:
        return Answer(status, grpc=random.choice(GRPC))
    if not steady and random.random() < 0.05:
        return Answer(random.choice([b"429", b"503"]), retry_after=random.choice([b"1", b"60", b"61", b"0", b"soon"]))
    hosts = random.choice(HOST_LISTS)
    if random.random() < 0.2:
        return Answer(status, random.choice(GARBAGE))
    if random.random() < 0.1:
        rejected = random.choice([1, 3, 1000])
        written = random.choice([b"%d", b'"%d"']) % rejected
        return Answer(
            status, b'{"partialSuccess": {"errorMessage": "{", "rejectedLogRecords": %s}}' % written, None, rejected
        )
    body = b'{"hosts": [' + b", ".join(b'"%s"' % host for host in hosts) + b"]}"
    return Answer(status, body, hosts)
