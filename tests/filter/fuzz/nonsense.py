# SPDX-License-Identifier: Apache-2.0
"""What no Envoy does, or hardly: events out of order, lies about sizes, contexts and tokens that nobody knows."""

from collections.abc import Callable
from random import Random

from tests.filter.fuzz import messages
from tests.filter.fuzz.answers import Answer
from tests.filter.fuzz.host_side import HostSide
from tests.filter.fuzz.plugin_settings import unreadable
from tests.filter.fuzz.traffic import Traffic
from tests.filter.host.wire import encode_pairs

ROOT_IDS = range(1, 12)
Action = Callable[[], None]


class Nonsense:
    """`ordinary`: events that also happen while the host lies about where it puts things."""

    def __init__(self, traffic: Traffic, some_answer: Callable[[], Answer], ordinary: list[Action]) -> None:
        self.traffic = traffic
        self.host: HostSide = traffic.host
        self.random: Random = traffic.random
        self.some_answer = some_answer
        self.ordinary = ordinary

    def something(self) -> None:
        random, host = self.random, self.host
        stream = random.choice([*self.traffic.phases, 0, 500, 2**31, 2**32 - 1])
        side = random.randrange(2)
        kind = random.randrange(8)
        if kind == 0:
            self.traffic.headers(stream, side)
        elif kind == 1:
            buffer = random.randbytes(random.choice([0, 1, 50, 1000]))
            host.body(stream, side, buffer, random.choice([0, 1, len(buffer) + 1, 5000, 70_000, 2**32 - 1]))
        elif kind == 2:
            host.answer(
                random.choice([0, 1, 2**32 - 1]) if not host.exact else 2**31 + random.randrange(9),
                self.some_answer(),
                root=random.choice(ROOT_IDS),
            )
        elif kind == 3:
            host.tick(random.choice([0, stream, 99]))
        elif kind == 4:
            known = host.streams.get(stream)
            host.create(stream, known.root if known is not None else random.choice([0, 99]))
        elif kind == 5:
            self.traffic.phases.pop(stream, None)
            host.done(stream)
        elif not host.exact:
            self.lawless(stream, side)

    def lawless(self, stream: int, side: int) -> None:
        random, host = self.random, self.host
        kind = random.randrange(6)
        if kind == 0:
            wire = encode_pairs([(b":path", b"/"), (b"x", messages.odd(random, 40))])
            at = random.randrange(len(wire))
            host.headers(
                stream,
                side,
                [],
                raw=random.choice([wire[:at], wire[:at] + b"\xff" + wire[at + 1 :], random.randbytes(40)]),
            )
        elif kind == 1:
            host.machine.pointer_lie = random.choice([0, 1, 8, 3072, 0x7FFF_FFFF, 0xFFFF_FFF0])
            random.choice(self.ordinary)()
            host.machine.pointer_lie = None
        elif kind == 2:
            host.create(random.choice([*ROOT_IDS, stream]), random.choice([0, *ROOT_IDS]))
        elif kind == 3:
            host.configure(random.choice([0, stream, 99]), unreadable(random))
        elif kind == 4 and host.books.flights:
            host.answer(random.choice(list(host.books.flights)), self.some_answer(), root=random.choice(ROOT_IDS))
        else:
            host.done(random.choice([*ROOT_IDS, stream]))
