# SPDX-License-Identifier: Apache-2.0
"""Envoy's side of one machine: every event goes through here, with what it should change in the model."""

from pathlib import Path

from tests.filter.fuzz.answers import Answer
from tests.filter.fuzz.books import Books
from tests.filter.fuzz.documents import Violation
from tests.filter.fuzz.messages import ID, Header, pairs_of
from tests.filter.fuzz.model import (
    BLOCKS_THAT_ARE_ENOUGH,
    SCRATCH_MAX,
    Root,
    Side,
    Stream,
    choose,
    has_wanted_media,
    is_always,
    is_settled,
    is_streaming,
    status_for_rules,
    wants,
)
from tests.filter.fuzz.plugin_settings import Settings
from tests.filter.fuzz.reader import Reader
from tests.filter.fuzz.refusing_machine import RefusingMachine
from tests.filter.fuzz.sampling import first
from tests.filter.fuzz.settlement import Event, Log, Outage, comes_again, settle
from tests.filter.host import machine as abi
from tests.filter.host.machine import Call
from tests.filter.host.wire import encode_pairs

SLOTS = 8
STREAMS_MAX = 10_240
MEMORY_BYTES = 16 * 1024 * 1024
CLOCK = "proxy_get_current_time_nanoseconds"
CLUSTER = b"xds\0cluster_name"
SIDES = ("request", "response")
_HEADERS = (abi.REQUEST_HEADERS, abi.RESPONSE_HEADERS)
_BODIES = (abi.REQUEST_BODY, abi.RESPONSE_BODY)


class HostSide:
    """`exact`: the host keeps to the ABI so far that all that comes out is known beforehand."""

    def __init__(self, wasm: Path, name: str, *, exact: bool) -> None:
        self.machine = RefusingMachine(wasm)
        self.exact = exact
        self.books = Books(self.machine.metrics, f"wasmcustom.{name}_")
        self.slots: list[Root | None] = [None] * SLOTS
        self.streams: dict[int, Stream] = {}
        self.was_configured = False
        self.blocks = 0
        self.reader = Reader(self.books, exact=exact)
        self.roomy = True
        """There is room enough in the queue for whatever may have to be sent again."""
        self.failed = 0
        """The metric, before the event."""
        self.log = Log()

    def find(self, root: int) -> Root | None:
        return next((one for one in self.slots if one is not None and one.id == root), None) if root else None

    def roots(self) -> list[Root]:
        return [root for root in self.slots if root is not None]

    def pending(self, root: int) -> bool:
        return any(flight.root == root and not flight.is_poll for flight in self.books.flights.values())

    def create(self, stream: int, root: int) -> None:
        self._event("proxy_on_context_create", stream, root)
        found = self.find(root)
        if root == 0:
            pass
        elif found is None or not found.settings.cluster:
            self.books.outcomes += self.was_configured
        elif stream not in self.streams:
            if len(self.streams) < STREAMS_MAX:
                self.streams[stream] = Stream(self.slots.index(found), root)
            else:
                self.books.outcomes += 1
        self._collect()

    def configure(self, root: int, settings: Settings) -> None:
        self.machine.offer.buffers = {abi.PLUGIN_CONFIGURATION: settings.text}
        if self._event("proxy_on_configure", root, len(settings.text)) != 1:
            raise Violation("a configuration failed: Envoy would reject the listener")
        self._collect()
        if "proxy_get_buffer_bytes" in self.machine.refused or "pointer" in self.machine.refused:
            settings = Settings()
        place = next((at for at, one in enumerate(self.slots) if one is not None and one.id == root), None)
        if place is None:
            place = next((at for at, one in enumerate(self.slots) if one is None), None)
        if place is None or root == 0:
            return
        self.slots[place] = Root(root, settings, Outage())
        self.was_configured = True

    def tick(self, root: int) -> None:
        self._event("proxy_on_tick", root)
        self._collect()
        found = self.find(root)
        if found is None or not self.exact:
            return
        flights = [one for one in self.books.flights.values() if not one.is_poll]
        shown = len([one for one in flights if not (found.ending and one.root == root)])
        if self.books.metric("in_flight") != shown:
            raise Violation(f"in_flight is {self.books.metric('in_flight')}, not {shown}")
        down = sum(one.outage.is_down for one in self.roots() if not one.ending)
        if self.books.metric("backend_down") != down:
            raise Violation(f"backend_down is {self.books.metric('backend_down')}, not {down}")

    def headers(self, stream: int, side: int, headers: list[Header], raw: bytes | None = None) -> None:
        """`raw`: what the host gives in place of the wire form; then nothing is known of what is kept."""
        wire = encode_pairs(pairs_of(headers)) if headers else b""
        self.machine.offer.headers = {_HEADERS[side]: wire if raw is None else raw}
        skipped = self.books.metric("skipped")
        self._continues(self._event(f"proxy_on_{SIDES[side]}_headers", stream, len(headers), 0))
        known = self.streams.get(stream)
        if known is not None and not known.ignored and raw is None:
            lost = len(wire) > SCRATCH_MAX or "proxy_get_header_map_pairs" in self.machine.refused
            self._keep(known, side, [] if lost else headers, len(wire))
            if side == 0:
                self._select(known, [] if lost else headers, self.books.metric("skipped") - skipped)
            else:
                self._answered(known, self.books.metric("skipped") - skipped)
        self._collect()

    def _keep(self, stream: Stream, at: int, headers: list[Header], wire_size: int) -> None:
        root = self.slots[stream.slot]
        settings = root.settings if root is not None else Settings()
        self.blocks -= stream.blocks
        stream.sides[at] = side = Side()
        side.keep(headers, wire_size)
        stream.streaming |= is_streaming(headers)
        stream.keep_grpc(at, headers)
        if first(headers, b":status") == b"101":
            stream.sides[0].takes_body = False
        # Of a request it is decided by these very headers, see choose().
        is_provisional = at == 1 and stream.provisional
        is_wanted = settings.bodies and not is_provisional and has_wanted_media(settings, headers)
        side.takes_body = is_wanted and not stream.streaming
        side.takes_body &= side.kind not in ("coded", "multipart") or settings.fields.is_off
        self.blocks += stream.blocks

    def _select(self, stream: Stream, headers: list[Header], skipped: int) -> None:
        root = self.slots[stream.slot]
        if first(headers, b"x-wasm-filter-trace"):
            self._forget(stream)
            return
        kept = choose(root, stream, headers, self._clock()) if root is not None else None
        if self.exact and (skipped not in (0, 1) or kept is bool(skipped)):
            raise Violation(f"skipped rose by {skipped} for an exchange that is {'' if kept else 'not '}wanted")
        if skipped:
            self.books.outcomes += 1
            self._forget(stream)

    def _answered(self, stream: Stream, skipped: int) -> None:
        """The headers of an answer came."""
        root = self.slots[stream.slot]
        is_over = root is not None and is_settled(root.settings, stream)
        if self.exact and skipped != is_over:
            raise Violation(f"skipped rose by {skipped} with an answer that {'settles' if is_over else 'leaves'} it")
        if is_over:
            self.books.outcomes += 1
            self._forget(stream)

    def _clock(self) -> int | None:
        """The time, if the filter was told."""
        return None if CLOCK in self.machine.refused else self.machine.now_ns

    def _forget(self, stream: Stream) -> None:
        self.blocks -= stream.blocks
        stream.sides, stream.ignored = [Side(), Side()], True
        self.blocks += stream.blocks

    def body(self, stream: int, at: int, buffer: bytes, announced: int) -> None:
        self.machine.offer.buffers = {_BODIES[at]: buffer}
        self._continues(self._event(f"proxy_on_{SIDES[at]}_body", stream, announced, 0))
        known = self.streams.get(stream)
        if known is not None and not known.ignored:
            root = self.slots[known.slot]
            side = known.sides[at]
            self.blocks -= known.blocks
            side.take(buffer, announced, (root.settings if root else Settings()).limits[at])
            self.blocks += known.blocks
            side.at_risk |= bool(self.machine.refused) or self.blocks > BLOCKS_THAT_ARE_ENOUGH
        self._collect()

    def trailers(self, stream: int, status: bytes) -> None:
        self.machine.offer.headers = {abi.RESPONSE_TRAILERS: [(b"grpc-message", b"(hush)"), (b"grpc-status", status)]}
        self._continues(self._event("proxy_on_response_trailers", stream, 2))
        known = self.streams.get(stream)
        if known is not None and "proxy_get_header_map_value" not in self.machine.refused:
            known.hear(status)
        self._collect()

    def done(self, stream: int) -> None:
        """Of an exchange."""
        if self.find(stream) is not None:
            self.end(stream)
            return
        known = self.streams.pop(stream, None)
        self.machine.offer.properties = known.properties if known else {}
        result = self._event("proxy_on_done", stream)
        if known is not None:
            self.blocks -= known.blocks
            self._ended(known)
        if result != 1:
            raise Violation("the end of an exchange is put off")
        self._collect()

    def _ended(self, stream: Stream) -> None:
        root = self.slots[stream.slot]
        if root is None or stream.ignored or not stream.sides[0].seen:
            return
        if self.machine.refused:
            stream.source = None
        settings = root.settings
        known: bool | None = True
        if stream.provisional:
            known = is_always(settings, stream, self._clock())
            if known is False:
                self.books.outcomes += 1
                return
        cluster = b"" if settings.context == "inbound" else stream.properties.get(CLUSTER, b"")
        # A call to the backend's own cluster is not counted; without that property it is not known for one.
        counted = "proxy_get_property" not in self.machine.refused and known is not None
        if cluster == settings.cluster and counted:
            return
        for side, limit in zip(stream.sides, settings.limits, strict=True):
            side.redact(settings.fields, limit)
        if not wants(settings, "statuses", status_for_rules(stream)):
            self.books.outcomes += counted
            self.books.uncertain += not counted
            return
        number = next((header.shown for header in stream.sides[0].headers if header.name == ID), None)
        self.books.ended(stream, None if number is None else int(number), counted=counted)

    def end(self, root: int) -> None:
        """Of a configuration."""
        result = self._event("proxy_on_done", root)
        self._collect()
        found = self.find(root)
        if found is None:
            return
        if self.exact and (result == 1) is self.pending(root):
            raise Violation(f"the end of a configuration: {result}, and answers to come: {self.pending(root)}")
        found.ending = True
        if result == 1:
            self.slots[self.slots.index(found)] = None

    def answer(self, token: int, answer: Answer, root: int | None = None) -> None:
        """`root`: another one than the one that called. So may the token be one that nobody has."""
        flight = self.books.flights.get(token)
        right = flight is not None and root in (None, flight.root)
        root = root if root is not None else flight.root if flight else 0
        self.machine.offer.headers = {abi.CALL_RESPONSE_HEADERS: answer.headers}
        self.machine.offer.buffers = {abi.CALL_RESPONSE_BODY: answer.body}
        done = len(self.machine.done)
        count = len(answer.headers)
        self._event("proxy_on_http_call_response", root, token, count, len(answer.body), 0)
        if right and flight is not None:
            del self.books.flights[token]
            owner = self.find(flight.root)
            if owner is not None:
                self.log.expect(settle(self.books, owner, token, flight, answer, self._what_happened()))
        over = len(self.machine.done) > done or "proxy_done" in self.machine.refused
        found = self.find(root)
        if self.exact and over is not (found is not None and found.ending and right and not self.pending(root)):
            raise Violation(f"proxy_done {'came' if over else 'did not come'} with an answer for {found}")
        if over and found is not None:
            self.slots[self.slots.index(found)] = None
        self._collect()

    def _what_happened(self) -> Event:
        return Event(self.machine.refused, self.books.metric("failed") - self.failed, self.roomy and self.exact)

    def _event(self, export: str, *arguments: int) -> int | None:
        self.machine.refused.clear()
        self.failed = self.books.metric("failed")
        return self.machine.event(export, *arguments)

    @staticmethod
    def _continues(result: int | None) -> None:
        if result != 0:
            raise Violation(f"an exchange is held up: {result}")

    def _collect(self) -> None:
        """Reads what the event sent, wrote and grew."""
        machine = self.machine
        if machine.calls or machine.refused_calls:
            calls, refused = machine.calls[:], machine.refused_calls[:]
            machine.calls.clear()
            machine.refused_calls.clear()
            for call in calls:
                self.reader.read(call, self.find(call.root), refused=False)
            for call in refused:
                self._came_to_nothing(call)
        self.log.check(machine, exact=self.exact)

    def _came_to_nothing(self, call: Call) -> None:
        """A call that the host did not make."""
        root = self.find(call.root)
        flight = self.reader.read(call, root, refused=True)
        if flight is None:
            return
        if root is None:
            self.books.failed += flight.documents
            return
        comes_again(self.books, root, flight, self._what_happened())
        self.log.expect(root.outage.failed(None))
