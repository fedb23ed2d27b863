# SPDX-License-Identifier: Apache-2.0
"""Exchanges of one machine, each somewhere between its begin and its end."""

from random import Random

from tests.filter.fuzz import messages
from tests.filter.fuzz.answers import Answer
from tests.filter.fuzz.host_side import CLUSTER, HostSide
from tests.filter.fuzz.plugin_settings import Settings
from tests.filter.host.proxy import PROPERTIES

PHASES = 4


class Traffic:
    def __init__(self, host: HostSide, random: Random, *, large: bool) -> None:
        self.host = host
        self.random = random
        self.large = large
        self.phases: dict[int, int] = {}
        self.next_id = 1000
        self.number = 0
        self.exchanges = 0

    def begin(self) -> None:
        roots = [root for root in self.host.roots() if not root.ending or not self.host.exact]
        if not roots:
            return
        self.next_id += self.random.randrange(1, 3)
        self.exchanges += 1
        self.host.create(self.next_id, self.random.choice(roots).id)
        stream = self.host.streams.get(self.next_id)
        if stream is not None:
            stream.properties, stream.source = self.properties()
        self.phases[self.next_id] = 0

    def properties(self) -> tuple[dict[bytes, bytes], str | None]:
        """And the peer's address, where it is an ordinary one."""
        random = self.random
        connection = random.randrange(1, 600)
        source: str | None = f"10.1.{connection // 256}.{connection % 256}:4000"
        properties = PROPERTIES | {
            b"connection_id": connection.to_bytes(8, "little"),
            b"source\0address": f"10.1.{connection // 256}.{connection % 256}:4000".encode(),
        }
        if random.random() < 0.3:
            addresses = [b"[::1]:80", b"/run/app.sock", b"10.0.0.1", b"", b"[", messages.odd(random, 300)]
            properties[random.choice([b"source\0address", b"destination\0address", b"upstream\0address"])] = (
                random.choice(addresses)
            )
            del properties[b"connection_id"]
            source = None
        if random.random() < 0.1:
            properties[CLUSTER] = random.choice([b"backend-0", b"", b"outbound|80||cart.pay.svc.cluster.local"])
        return properties, source

    def settings_of(self, stream: int) -> Settings | None:
        known = self.host.streams.get(stream)
        root = self.host.slots[known.slot] if known is not None else None
        return root.settings if root is not None else None

    def step(self) -> None:
        """An exchange goes on: request, its body, response, its body, end."""
        if not self.phases:
            self.begin()
            return
        random = self.random
        stream = random.choice(list(self.phases))
        phase = self.phases[stream]
        if phase in (1, 3) and random.random() < 0.5:
            self.body(stream, phase // 2)
            return
        if phase >= PHASES or random.random() < 0.03:
            del self.phases[stream]
            if random.random() < 0.3:
                self.host.trailers(stream, random.choice([b"0", b"5", b"13", b"17", b"", b"x"]))
            self.host.done(stream)
            return
        self.phases[stream] = phase + 1
        if phase % 2 == 0:
            self.headers(stream, phase // 2)

    def headers(self, stream: int, side: int) -> None:
        self.number += 1
        settings = self.settings_of(stream)
        huge = self.random.random() < 0.01
        if side == 0:
            made = messages.request(self.random, settings, self.number, huge=huge)
        else:
            made = messages.response(self.random, settings, huge=huge)
        self.host.headers(stream, side, [] if self.random.random() < 0.01 else made)

    def body(self, stream: int, side: int) -> None:
        settings = self.settings_of(stream) or Settings()
        known = self.host.streams.get(stream)
        if known is not None and known.sides[side].kind != "other" and self.random.random() < 0.6:
            buffer = messages.part_of_body(self.random)
        else:
            buffer = messages.chunk(self.random, settings.limits[side], large=self.large)
        self.host.body(stream, side, buffer, len(buffer))

    def crowd(self) -> None:
        """More streams than there is room for, and memory that runs short."""
        root = self.host.roots()[0]
        for _ in range(10_300):
            self.next_id += 1
            self.host.create(self.next_id, root.id)
            self.phases[self.next_id] = 0
        for stream in self.random.sample(list(self.phases), 1500):
            self.headers(stream, 0)
            self.phases[stream] = 1
            self.host.body(stream, 0, bytes(20_000), 20_000)

    def heavy(self, settings: Settings) -> None:
        """More bytes than may be in flight at once, and most of them answered."""
        root = self.host.roots()[0].id
        self.host.configure(root, settings)
        for _ in range(30):
            self.next_id += 1
            self.host.create(self.next_id, root)
            self.headers(self.next_id, 0)
            # A number, to whoever looks into it.
            body = b"%d" % self.random.randrange(1, 10) * 1_000_001
            self.host.body(self.next_id, 0, body, len(body))
            self.host.done(self.next_id)
            if self.host.books.flights and self.random.random() < 0.8:
                self.host.answer(self.random.choice(list(self.host.books.flights)), Answer())
