# SPDX-License-Identifier: Apache-2.0
"""Reads the calls of one machine, and holds what is in them against the model."""

from tests.filter.fuzz import documents
from tests.filter.fuzz.bodies import SECRET
from tests.filter.fuzz.books import Books, Flight
from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.model import Root
from tests.filter.fuzz.plugin_settings import HOSTS_FROM
from tests.filter.host.machine import Call


class Reader:
    def __init__(self, books: Books, *, exact: bool) -> None:
        self.books = books
        self.exact = exact
        self.judged = 0
        self.calls = 0
        self.found: list[documents.Document] = []
        """What the last call had in it."""

    def read(self, call: Call, root: Root | None, *, refused: bool) -> Flight | None:
        """The call with what it has; None for a poll."""
        self.calls += 1
        headers = dict(call.headers)
        if SECRET in call.body or any(SECRET in text for pair in call.headers for text in pair):
            raise Violation(f"a secret in a call: {call.body[:2000]!r}")
        if self.exact:
            cluster = HOSTS_FROM if headers[b":method"] == b"GET" else root.settings.cluster if root else b""
            if call.cluster != cluster:
                raise Violation(f"a call to {call.cluster!r} in the name of {root}")
        if headers[b":method"] == b"GET":
            if not refused:
                self.books.flights[call.token] = Flight(call.root, 0, 0, is_poll=True)
                if root is not None:
                    root.poll = call.token
            return None
        self.judged += 1
        self.found = found = documents.parse(documents.form_of(headers), call.body, judged=self.judged % 16 == 0)
        self.books.documents += len(found)
        flight = Flight(call.root, len(found), len(call.body), is_poll=False, body=call.body, root_object=root)
        self.books.called(flight)
        for document in found if self.exact else []:
            self._check(document, flight)
        if not refused:
            self.books.flights[call.token] = flight
        return flight

    def _check(self, document: documents.Document, flight: Flight) -> None:
        stream = None if document.number is None else self.books.open.pop(document.number, None)
        if stream is not None and document.number is not None:
            documents.compare(document, stream)
            flight.seen[document.number] = stream
        elif self.books.unknown == 0:
            raise Violation(f"a document of no exchange that ended, or a second one: {document}")
        else:
            self.books.unknown -= 1
            flight.unknown += 1
