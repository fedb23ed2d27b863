# SPDX-License-Identifier: Apache-2.0
"""What an answer of the backend settles, and when the backend is taken for down: written from filter/README.md."""

from collections.abc import Container
from dataclasses import dataclass

from tests.filter.fuzz.answers import Answer
from tests.filter.fuzz.bodies import SECRET
from tests.filter.fuzz.books import Books, Flight
from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.model import HTTP_OF_GRPC, Root, grpc_status_of
from tests.filter.fuzz.refusing_machine import RefusingMachine

FAILURES_UNTIL_DOWN = 5
REFUSALS_ALLOWED = 100
# Of OTLP/HTTP, and no answer: what is tried again.
TEMPORARY = (429, 502, 503, 504, None)
PAUSES = [b"%d" % seconds for seconds in range(1, 61)]


class Outage:
    """Of one configuration's backend, as its answers show it."""

    def __init__(self) -> None:
        self.failures = 0
        self.allowed = 0

    @property
    def is_down(self) -> bool:
        return self.failures >= FAILURES_UNTIL_DOWN

    def took(self) -> None:
        self.failures, self.allowed = 0, REFUSALS_ALLOWED

    def failed(self, status: int | None, *, pauses: bool = False) -> bytes | None:
        """The line that the log has to have then. `status`: None for no answer. `pauses`: it asks for time."""
        if status is not None and status < 500 and status != 429 and self.allowed > 0:
            self.failures, self.allowed = 0, self.allowed - 1
            return None
        was_down = self.is_down
        self.failures = max(self.failures + 1, FAILURES_UNTIL_DOWN if pauses else 0)
        if was_down or not self.is_down:
            return None
        return b"the backend is down: " + (b"no answer" if status is None else b"it answers %d" % status)


class Log:
    """What the filter has said, and has to say of its backend."""

    def __init__(self) -> None:
        self.expected: list[bytes] = []

    def expect(self, line: bytes | None) -> None:
        self.expected += [] if line is None else [line]

    def check(self, machine: RefusingMachine, *, exact: bool) -> None:
        """After an event. Raises Violation."""
        lines, expected = machine.logs[:], self.expected[:]
        machine.logs.clear()
        self.expected.clear()
        if any(SECRET in line or b"(configured)" in line for line in lines):
            raise Violation(f"a secret in the log: {lines}")
        told = [line for line in lines if line.startswith(b"the backend")]
        if exact and told != expected and "proxy_log" not in machine.refused:
            raise Violation(f"the log has {told} and not {expected}")


def heard(answer: Answer, form: str, refused: Container[str]) -> int | None:
    """The status, of gRPC where that is what answers to OTLP; None for one that is none."""
    if answer.status is None or not answer.status.isdigit() or "header :status" in refused:
        return None
    if form == "otlp" and answer.status == b"200" and "header grpc-status" not in refused:
        code = grpc_status_of(answer.grpc)
        return int(answer.status) if code is None else HTTP_OF_GRPC[code]
    return int(answer.status)


@dataclass
class Event:
    """What else is known of it."""

    refused: list[str]
    """Calls of the host."""
    failed: int
    """By how much that metric rose."""
    roomy: bool
    """There is room enough for whatever may have to be sent again."""


def comes_again(books: Books, root: Root, flight: Flight, event: Event) -> bool:
    """Whether what the call did not bring there is kept, which it is for OTLP unless there is no room for it or the
    configuration has ended."""
    if root.settings.format != "otlp" or event.failed:
        if root.settings.format == "otlp" and event.roomy and not root.ending and flight.root_object is root:
            raise Violation(f"{event.failed} are failed, and could have been sent again")
        books.failed += flight.documents
        return False
    books.waits_again(flight)
    return True


def settle(books: Books, root: Root, token: int, flight: Flight, answer: Answer, event: Event) -> bytes | None:
    """Gives the line that the log has to have then."""
    refused = event.refused
    if flight.is_poll:
        if root.poll == token:
            root.poll = None
            if heard(answer, "", refused) in (200, 204) and answer.hosts is not None and not refused:
                root.hosts = answer.hosts
        return None
    status = heard(answer, root.settings.format, refused)
    if status in (200, 204):
        is_read = root.settings.format == "otlp" and "proxy_get_buffer_bytes" not in refused
        books.taken(flight, answer.rejected if is_read else 0)
        root.outage.took()
        return None
    if status not in TEMPORARY:
        books.failed += flight.documents
        return root.outage.failed(status)
    again = comes_again(books, root, flight, event)
    asks = answer.retry_after in PAUSES and answer.status is not None and "header retry-after" not in refused
    return root.outage.failed(status, pauses=again and asks)
