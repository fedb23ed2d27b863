"""One machine and what happens to it: a random mixture of exchanges and nonsense, and the reckoning at its end.

The same seed, number and binary give the same events.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.filter.fuzz import documents, messages
from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.host_side import CLUSTER, MEMORY_BYTES, SLOTS, Answer, HostSide
from tests.filter.fuzz.plugin_settings import Settings, readable, unreadable
from tests.filter.fuzz.refusing_machine import REASONS
from tests.filter.host.proxy import PROPERTIES
from tests.filter.host.wire import encode_pairs

SECOND = 10**9
ROOT_IDS = range(1, 12)
HOST_LISTS = [[], [b"*"], [b"shop"], [b"shop:80", b"cart.pay"], [b"quiet:81"]]
GARBAGE = [b"", b"[]", b'{"hosts": 1}', b'{"hosts": ["shop"', b'{"hosts": ["a b"]}', b"\xff" * 17_000]
STATUSES = [b"200", b"200", b"200", b"204", b"404", b"429", b"500", b"2x", b"", None]
PHASES = 4


class Episode:
    def __init__(self, wasm: Path, seed: int, number: int) -> None:
        self.random = random = Random(f"{seed}.{number}")
        self.theme = random.choices(["common", "large", "backlog", "lawless", "crowd"], [65, 2, 2, 30, 1])[0]
        self.refusals = random.choice([0, 0, 0.01, 0.05])
        # A configuration that can't be read has the default name; all in a machine share one.
        is_readable = self.theme != "lawless" and not self.refusals and random.random() < 0.5
        self.name = "shop-audit" if is_readable else "trace"
        self.host = HostSide(wasm, self.name, exact=self.theme != "lawless")
        self.host.machine.refuses_bookkeeping = self.theme == "lawless"
        self.phases: dict[int, int] = {}
        self.next_id = 1000
        self.number = 0
        self.exchanges = 0
        self.backend_is_up = self.theme != "backlog"
        actions: list[tuple[Callable[[], None], float]] = [
            (self.step, 60),
            (self.begin, 14),
            (self.answer, 12),
            (self.tick, 3),
            (self.wait, 0 if self.theme == "backlog" else 3),
        ]
        actions += [
            (self.nonsense, 5),
            (self.configure, 0 if self.theme == "backlog" else 1),
            (self.end, 0.5),
            (self.backend, 0.1 if self.theme == "backlog" else 0.4),
        ]
        self.actions = [action for action, _ in actions]
        self.weights = [weight for _, weight in actions]

    @property
    def events(self) -> int:
        return self.host.machine.events

    def run(self) -> None:
        """Raises Violation, or whatever the machine raises."""
        random = self.random
        for _ in range(random.randrange(1, 4)):
            self.configure()
        if self.theme == "crowd":
            self.crowd()
        if self.theme == "large":
            self.heavy()
        length = {"large": 500, "backlog": 1000, "crowd": 200}.get(self.theme, random.randrange(100, 3000))
        most = random.choice([1, 3, 10, 40])
        for action in random.choices(self.actions, self.weights, k=length):
            if self.refusals and random.random() < self.refusals:
                self.host.machine.countdown = random.randrange(1, 12)
                self.host.machine.reason = random.choice(REASONS)
            if action == self.begin and len(self.phases) >= most:
                self.step()
            else:
                action()
            if self.host.machine.memory_bytes != MEMORY_BYTES:
                raise Violation("the memory has grown")
        self.finish()

    # Exchanges.

    def begin(self) -> None:
        roots = [root for root in self.host.roots() if not root.ending or not self.host.exact]
        if not roots:
            self.configure()
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
        buffer = messages.chunk(self.random, settings.limits[side], large=self.theme in ("large", "backlog"))
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

    def heavy(self) -> None:
        """More bytes than may be in flight at once, and most of them answered."""
        root = self.host.roots()[0].id
        self.host.configure(root, self.plain_settings())
        for _ in range(30):
            self.next_id += 1
            self.host.create(self.next_id, root)
            self.headers(self.next_id, 0)
            body = self.random.randbytes(1_000_001)
            self.host.body(self.next_id, 0, body, len(body))
            self.host.done(self.next_id)
            if self.host.books.flights and self.random.random() < 0.8:
                self.host.answer(self.random.choice(list(self.host.books.flights)), Answer())

    # What happens around them.

    def configure(self) -> None:
        random, host = self.random, self.host
        roots = [root.id for root in host.roots()]
        root = random.choice(roots or ROOT_IDS) if random.random() < 0.5 else random.choice(ROOT_IDS)
        if host.exact and len(roots) == SLOTS and root not in roots:
            root = roots[0]
        good = self.name != "trace" or random.random() < 0.93
        large = self.theme in ("large", "backlog", "crowd")
        host.configure(
            root,
            readable(random, self.name, large=large, backlog=self.theme == "backlog") if good else unreadable(random),
        )

    def tick(self) -> None:
        roots = self.host.roots()
        if roots:
            self.host.tick(self.random.choice(roots).id)
        self.check()

    def wait(self) -> None:
        self.host.machine.now_ns += self.random.choice([1, SECOND // 10, SECOND, 40 * SECOND])

    def backend(self) -> None:
        self.backend_is_up = not self.backend_is_up

    def answer(self) -> None:
        flights = self.host.books.flights
        for _ in range(self.random.choice([1, 1, 4])):
            if flights:
                self.host.answer(self.random.choice(list(flights)), self.some_answer())

    def some_answer(self) -> Answer:
        random = self.random
        status = (
            random.choice(STATUSES)
            if random.random() < 0.3 and self.theme != "backlog"
            else b"200"
            if self.backend_is_up
            else None
        )
        hosts = random.choice(HOST_LISTS)
        if random.random() < 0.2:
            return Answer(status, random.choice(GARBAGE))
        body = b'{"hosts": [' + b", ".join(b'"%s"' % host for host in hosts) + b"]}"
        return Answer(status, body, hosts)

    def end(self) -> None:
        """Of a configuration: as in Envoy after its exchanges, unless there is no law."""
        roots = self.host.roots()
        if not roots:
            return
        root = self.random.choice(roots)
        if self.host.exact:
            for stream in [one for one, known in self.host.streams.items() if known.root == root.id]:
                self.phases.pop(stream, None)
                self.host.done(stream)
        self.host.end(root.id)

    # Nonsense.

    def nonsense(self) -> None:
        random, host = self.random, self.host
        stream = random.choice([*self.phases, 0, 500, 2**31, 2**32 - 1])
        side = random.randrange(2)
        kind = random.randrange(8)
        if kind == 0:
            self.headers(stream, side)
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
            self.phases.pop(stream, None)
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
            random.choice([self.step, self.tick, self.configure, self.answer])()
            host.machine.pointer_lie = None
        elif kind == 2:
            host.create(random.choice([*ROOT_IDS, stream]), random.choice([0, *ROOT_IDS]))
        elif kind == 3:
            host.configure(random.choice([0, stream, 99]), unreadable(random))
        elif kind == 4 and host.books.flights:
            host.answer(random.choice(list(host.books.flights)), self.some_answer(), root=random.choice(ROOT_IDS))
        else:
            host.done(random.choice([*ROOT_IDS, stream]))

    # The reckoning.

    def check(self, *, empty: bool = False) -> None:
        if self.host.exact:
            self.host.books.check(empty=empty)

    def finish(self) -> None:
        host = self.host
        host.machine.countdown = 0
        for stream in list(host.streams):
            host.done(stream)
        for _ in range(40):
            host.machine.now_ns += 40 * SECOND
            for root in host.roots():
                host.tick(root.id)
                if host.exact and root.settings.polls and root.poll is None:
                    raise Violation(f"the hosts to trace are not asked for any more: {root}")
            for token in list(host.books.flights):
                host.answer(token, Answer())
            if not host.books.flights and host.books.waiting() <= host.books.uncertain:
                break
        self.check(empty=True)
        self.plain_exchange()

    def plain_settings(self) -> Settings:
        return Settings(b'{"name": "%s", "backend": {"cluster": "plain"}}' % self.name.encode(), cluster=b"plain")

    def plain_exchange(self) -> None:
        """Whatever came before, an ordinary exchange is traced afterwards."""
        host, random = self.host, self.random
        root = host.roots()[0].id if host.roots() else 1
        host.configure(root, self.plain_settings())
        stream = 3 * 2**30
        host.create(stream, root)
        made = [messages.plain(b":method", b"GET"), messages.plain(messages.ID, b"%d" % (self.number + 1))]
        host.headers(stream, 0, made)
        for _ in range(3):
            buffer = random.randbytes(50_000)
            host.body(stream, 0, buffer, len(buffer))
        known, host.found = host.streams[stream], []
        host.done(stream)
        if [document.number for document in host.found] != [self.number + 1]:
            raise Violation(f"a plain exchange is not traced: {host.books}")
        documents.compare(host.found[0], known)
        if not host.exact:
            return
        for token in list(host.books.flights):
            host.answer(token, Answer())
        host.tick(root)
        self.check(empty=True)
        left = {name: host.books.metric(name) for name in ("memory_bytes", "in_flight")}
        if any(left.values()):
            raise Violation(f"nothing is going on, and yet {left}")

    def untouched_stack_bytes(self, size: int) -> int:
        """How much at the bottom of the memory, where the stack ends, was never written to."""
        bottom = bytes(self.host.machine.memory[:size])
        return size - len(bottom.lstrip(b"\0"))
