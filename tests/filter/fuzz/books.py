# SPDX-License-Identifier: Apache-2.0
"""What the host saw of one machine, and what its metrics have to say then."""

import builtins
from dataclasses import dataclass, field

from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.model import Stream

REASONS = ("no_backend", "streams", "memory", "busy", "backend_down", "ended")


@dataclass
class Flight:
    """A call without an answer yet."""

    root: int
    documents: int
    size: int
    is_poll: bool
    body: bytes = b""
    seen: dict[int, Stream] = field(default_factory=dict)
    """The exchanges that it has documents of, by their number."""
    unknown: int = 0
    """Documents of exchanges that are not known."""
    root_object: object = None
    """The configuration in whose name it was made."""


@dataclass
class Books:
    metrics: dict[str, int]
    prefix: str
    outcomes: int = 0
    """Exchanges that have to be in one of the counters, or wait."""
    uncertain: int = 0
    """Those that may be."""
    sent: int = 0
    failed: int = 0
    bytes: int = 0
    resent: int = 0
    again: list[builtins.bytes] = field(default_factory=list)
    """Bodies of calls that will be made again."""
    truncated: int = 0
    truncated_uncertain: int = 0
    documents: int = 0
    flights: dict[int, Flight] = field(default_factory=dict)
    open: dict[int, Stream] = field(default_factory=dict)
    """Exchanges that ended and have not been seen in a call, by their number."""
    unknown: int = 0
    """Documents that are allowed to be of no exchange that is known, as the host lost or garbled headers."""

    def metric(self, name: str) -> int:
        return self.metrics.get(f"{self.prefix}{name}", 0)

    def ended(self, stream: Stream, number: int | None, *, counted: bool) -> None:
        """Of an exchange that is to be traced."""
        self.outcomes += counted
        self.uncertain += not counted
        if any(side.at_risk for side in stream.sides) or not counted:
            self.truncated_uncertain += 1
        else:
            self.truncated += any(side.is_truncated for side in stream.sides)
        if number is None:
            self.unknown += 1
        else:
            self.open[number] = stream

    def taken(self, flight: Flight, rejected: int) -> None:
        """The backend has answered, and said how many documents it did not take."""
        rejected = min(rejected, flight.documents)
        self.sent += flight.documents - rejected
        self.failed += rejected
        self.bytes += flight.size

    def waits_again(self, flight: Flight) -> None:
        """What was in the call will be seen again."""
        self.open |= flight.seen
        self.unknown += flight.unknown
        self.again.append(flight.body)

    def called(self, flight: Flight) -> None:
        if flight.body in self.again:
            self.again.remove(flight.body)
            self.resent += flight.documents

    def flying(self) -> int:
        return sum(flight.documents for flight in self.flights.values())

    def waiting(self) -> int:
        """Documents in the queue, if all adds up, and as many more as are uncertain."""
        seen = sum(self.metric(name) for name in ("sent", "failed", "dropped", "skipped"))
        return self.outcomes + self.uncertain - seen - self.flying()

    def check(self, *, empty: bool) -> None:
        """`empty`: nothing can wait. Raises Violation."""
        self._equal("sent", self.sent)
        self._equal("failed", self.failed)
        self._equal("bytes", self.bytes)
        self._equal("resent", self.resent)
        self._equal("dropped", sum(self.metric(f"dropped_{reason}") for reason in REASONS))
        truncated = self.metric("truncated") - self.truncated
        if not 0 <= truncated <= self.truncated_uncertain:
            raise Violation(f"truncated is {self.metric('truncated')}, not {self.truncated}: {self}")
        waiting = self.waiting()
        if waiting < 0:
            raise Violation(f"{-waiting} exchanges more are counted than ended: {self}")
        if empty and waiting > self.uncertain:
            raise Violation(f"{waiting - self.uncertain} exchanges that ended are counted nowhere: {self}")

    def _equal(self, name: str, expected: int) -> None:
        if self.metric(name) != expected:
            raise Violation(f"{name} is {self.metric(name)}, not {expected}: {self}")

    def __repr__(self) -> str:
        own = {name.removeprefix(self.prefix): value for name, value in self.metrics.items() if value}
        return (
            f"{self.outcomes} exchanges to be counted (and {self.uncertain} that may be), sent {self.sent}, failed "
            f"{self.failed}, {self.flying()} in flight; metrics {own}"
        )
