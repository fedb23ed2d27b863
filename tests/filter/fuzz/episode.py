# SPDX-License-Identifier: Apache-2.0
"""One machine and what happens to it: a random mixture of exchanges and nonsense, and the reckoning at its end.

The same seed, number and binary give the same events.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.filter.fuzz import documents, messages
from tests.filter.fuzz.answers import Answer, some_answer
from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.host_side import MEMORY_BYTES, SLOTS, HostSide
from tests.filter.fuzz.nonsense import ROOT_IDS, Nonsense
from tests.filter.fuzz.plugin_settings import Settings, readable, unreadable
from tests.filter.fuzz.refusing_machine import REASONS
from tests.filter.fuzz.traffic import Traffic

SECOND = 10**9


class Episode:
    def __init__(self, wasm: Path, seed: int, number: int) -> None:
        self.random = random = Random(f"{seed}.{number}")
        self.theme = random.choices(["common", "large", "backlog", "lawless", "crowd"], [65, 2, 2, 30, 1])[0]
        self.refusals = random.choice([0, 0, 0.01, 0.05])
        # A configuration that can't be read has the default name; all in a machine share one.
        is_readable = self.theme != "lawless" and not self.refusals and random.random() < 0.5
        self.name = "shop-audit" if is_readable else "trace"
        self.host = HostSide(wasm, self.name, exact=self.theme != "lawless")
        self.host.roomy = self.theme in ("common", "lawless")
        self.host.machine.refuses_bookkeeping = self.theme == "lawless"
        self.traffic = Traffic(self.host, random, large=self.theme in ("large", "backlog"))
        self.nonsense = Nonsense(
            self.traffic, self.some_answer, [self.traffic.step, self.tick, self.configure, self.answer]
        )
        self.ordinary: bytes | None = None if self.theme == "backlog" else b"200"
        """Status of most of the backend's answers."""
        actions: list[tuple[Callable[[], None], float]] = [
            (self.traffic.step, 60),
            (self.traffic.begin, 14),
            (self.answer, 12),
            (self.tick, 3),
            (self.wait, 0 if self.theme == "backlog" else 3),
        ]
        actions += [
            (self.nonsense.something, 5),
            (self.configure, 0 if self.theme == "backlog" else 1),
            (self.end, 0.1 if self.theme == "backlog" else 0.5),
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
            self.traffic.crowd()
        if self.theme == "large":
            self.traffic.heavy(self.plain_settings())
        length = {"large": 500, "backlog": 1000, "crowd": 200}.get(self.theme, random.randrange(100, 3000))
        most = random.choice([1, 3, 10, 40])
        for action in random.choices(self.actions, self.weights, k=length):
            if self.refusals and random.random() < self.refusals:
                self.host.machine.countdown = random.randrange(1, 12)
                self.host.machine.reason = random.choice(REASONS)
            if action == self.traffic.begin and len(self.traffic.phases) >= most:
                self.traffic.step()
            else:
                action()
            if self.host.machine.memory_bytes != MEMORY_BYTES:
                raise Violation("the memory has grown")
        self.finish()

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
        self.ordinary = b"200" if self.ordinary != b"200" else self.random.choice([None, b"415"])

    def answer(self) -> None:
        flights = self.host.books.flights
        for _ in range(self.random.choice([1, 1, 4])):
            if flights:
                self.host.answer(self.random.choice(list(flights)), self.some_answer())

    def some_answer(self) -> Answer:
        return some_answer(self.random, self.ordinary, steady=self.theme == "backlog")

    def end(self) -> None:
        """Of a configuration: as in Envoy after its exchanges, unless there is no law."""
        roots = self.host.roots()
        if not roots:
            return
        root = self.random.choice(roots)
        if self.host.exact:
            for stream in [one for one, known in self.host.streams.items() if known.root == root.id]:
                self.traffic.phases.pop(stream, None)
                self.host.done(stream)
        self.host.end(root.id)

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
            idle = host.books.waiting() <= host.books.uncertain and not host.books.metric("memory_bytes")
            if not host.books.flights and idle:
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
        made = [messages.plain(b":method", b"GET"), messages.plain(messages.ID, b"%d" % (self.traffic.number + 1))]
        host.headers(stream, 0, made)
        for _ in range(3):
            # Too much for what would be left if the bytes in flight had not gone down.
            buffer = random.randbytes(300_000 if self.theme == "large" else 50_000)
            host.body(stream, 0, buffer, len(buffer))
        known, host.reader.found = host.streams[stream], []
        host.done(stream)
        if [document.number for document in host.reader.found] != [self.traffic.number + 1]:
            raise Violation(f"a plain exchange is not traced: {host.books}")
        documents.compare(host.reader.found[0], known)
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
