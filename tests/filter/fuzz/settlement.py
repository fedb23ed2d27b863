# SPDX-License-Identifier: Apache-2.0
"""What an answer of the backend settles, and when the backend is taken for down: written from filter/README.md."""

from collections.abc import Container

from tests.filter.fuzz.answers import Answer
from tests.filter.fuzz.books import Books, Flight
from tests.filter.fuzz.model import HTTP_OF_GRPC, Root, grpc_status_of

FAILURES_UNTIL_DOWN = 5
REFUSALS_ALLOWED = 100


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

    def failed(self, status: int | None) -> bytes | None:
        """The line that the log has to have then. `status`: None for no answer."""
        if status is not None and status < 500 and status != 429 and self.allowed > 0:
            self.failures, self.allowed = 0, self.allowed - 1
            return None
        self.failures += 1
        if self.failures != FAILURES_UNTIL_DOWN:
            return None
        return b"the backend is down: " + (b"no answer" if status is None else b"it answers %d" % status)


def heard(answer: Answer, form: str, refused: Container[str]) -> int | None:
    """The status, of gRPC where that is what answers to OTLP; None for one that is none."""
    if answer.status is None or not answer.status.isdigit() or "header :status" in refused:
        return None
    if form == "otlp" and answer.status == b"200" and "header grpc-status" not in refused:
        code = grpc_status_of(answer.grpc)
        return int(answer.status) if code is None else HTTP_OF_GRPC[code]
    return int(answer.status)


def settle(books: Books, root: Root, token: int, flight: Flight, answer: Answer, refused: list[str]) -> bytes | None:
    """Gives the line that the log has to have then."""
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
    books.failed += flight.documents
    return root.outage.failed(status)
