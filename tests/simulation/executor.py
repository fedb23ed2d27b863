# SPDX-License-Identifier: Apache-2.0
"""The executor of the loop, in virtual time: requests run side by side, and what is asked for comes later."""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.slim import slim
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    EndWatch,
    Request,
    SetTimer,
    StartWatch,
    Tell,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import (
    Answered,
    Event,
    Failed,
    TimerFired,
    WatchClosed,
    WatchEvent,
)

from tests.simulation.api_server import ApiServer, watches
from tests.simulation.resources import Place, place_of
from tests.simulation.store import Change
from tests.simulation.wire import Fate, Wire, perform

WORKERS = 16
# Far more than any run takes.
LONGEST_SECONDS = 7_200.0


class Stuck(AssertionError):
    """The loop waits, and nothing will ever happen, or nothing but the renewal of locks."""


@dataclass
class _Watch:
    token: int
    place: Place
    last: float
    open: bool = True


@dataclass(frozen=True)
class Served:
    """A request as it came to its end. `error`: what the sender got; `done`: the API server has carried it out."""

    asked: float
    time: float
    request: Request
    error: ApiError | None
    done: bool


class SimulatedExecutor:
    """`dispatched`: every request with the time it was asked for. `told`: the lines of progress.

    `orphans`: versions that its requests have made after it was closed. `keeps`: all of this is kept.
    """

    def __init__(self, server: ApiServer, wire: Wire) -> None:
        self.server, self.clock, self.wire = server, server.clock, wire
        self.dispatched: list[tuple[float, Dispatch]] = []
        self.served: list[Served] = []
        self.told: list[Tell] = []
        self.orphans: set[int] = set()
        self.keeps = True
        self._events: deque[Event] = deque()
        self._ends = server.clock.now + LONGEST_SECONDS
        self._waiting: deque[tuple[float, Dispatch]] = deque()
        self._in_flight = 0
        self._watches: dict[int, _Watch] = {}
        self._closed = False
        server.store.listeners.append(self._changed)

    def now(self) -> float:
        return self.clock.now

    def do(self, command: Command) -> None:
        if isinstance(command, Dispatch):
            if self.keeps:
                self.dispatched.append((self.clock.now, command))
            self._waiting.append((self.clock.now, command))
            self._send_more()
        elif isinstance(command, StartWatch):
            self.clock.after(self.wire.latency(), lambda: self._open(command))
        elif isinstance(command, EndWatch):
            self._end(command.token)
        elif isinstance(command, SetTimer):
            self.clock.at(command.at, lambda: self.post(TimerFired(command.token)))
        elif self.keeps:
            self.told.append(command)

    @property
    def ready(self) -> bool:
        """Whether there is something to hear already."""
        return bool(self._events)

    def next(self) -> Event:
        while not self._events:
            if not self.clock.step():
                raise Stuck("the loop waits, and nothing will ever happen")
            if self.clock.now > self._ends:
                raise Stuck("the loop waits, and never ends")
        return self._events.popleft()

    def post(self, event: Event) -> None:
        """What the loop is to hear next."""
        if not self._closed:
            self._events.append(event)

    def close(self) -> None:
        """What is on its way to the API server still arrives."""
        self._closed = True
        self._waiting.clear()
        for watch in self._watches.values():
            watch.open = False
        self._watches.clear()
        self.server.store.listeners.remove(self._changed)

    def _send_more(self) -> None:
        while self._waiting and self._in_flight < WORKERS:
            self._in_flight += 1
            self._send(*self._waiting.popleft())

    def _send(self, asked: float, command: Dispatch) -> None:
        fate = self.wire.fate(command.request)
        self.clock.after(fate.there, lambda: self._arrive(asked, command, fate))

    def _arrive(self, asked: float, command: Dispatch, fate: Fate) -> None:
        if self._closed and not self.wire.orphan_arrives():
            return
        answer, failure, done, version = None, fate.turned_away, False, self.server.store.version
        if failure is None and fate.arrives:
            try:
                answer, done = perform(self.server, command.request), True
            except ApiError as error:
                failure = error
        if self._closed:
            self.orphans.update(range(version + 1, self.server.store.version + 1))
        failure, back = fate.lost or failure, fate.back + self._seconds(command.request)
        if self.keeps:
            self.served.append(Served(asked, self.clock.now, command.request, failure, done))
        event = Failed(command.token, failure) if failure else Answered(command.token, answer)
        self.clock.after(back, lambda: self._answered(event))

    def _seconds(self, request: Request) -> float:
        """What whoever is asked takes for his answer."""
        return self.server.page_seconds(request.path) if request.verb == Verb.GET_TEXT else 0.0

    def _answered(self, event: Event) -> None:
        self._in_flight -= 1
        self.post(event)
        if not self._closed:
            self._send_more()

    def _open(self, command: StartWatch) -> None:
        place, since = place_of(command.path), int(command.resource_version or 0)
        refusal = self.wire.watch_error(command.path)
        if refusal is None and since < self.server.compacted:
            refusal = api_error(f"watch {command.path}", 410, f"too old resource version: {since}")
        if place is None:
            refusal = api_error(f"watch {command.path}", 404, "the server could not find the requested resource")
        if refusal is not None or place is None:
            self.clock.after(self.wire.latency(), lambda: self.post(WatchClosed(command.token, refusal)))
            return
        self.server.requests.append(f"WATCH {command.path}")
        watch = self._watches[command.token] = _Watch(command.token, place, self.clock.now)
        history = self.server.store.history
        for change in history[bisect.bisect_right(history, since, key=lambda one: one.version) :]:
            self._see(watch, change)
        self.clock.after(self.wire.watch_seconds(), lambda: self._time_over(watch))

    def _changed(self, change: Change) -> None:
        for watch in list(self._watches.values()):
            self._see(watch, change)

    def _see(self, watch: _Watch, change: Change) -> None:
        if not watch.open or not watches(watch.place, change.place):
            return
        self._later(watch, WatchEvent(watch.token, change.type, slim(self.server.handed_out(change.after))))
        if (error := self.wire.watch_is_cut()) is not None:
            self._end(watch.token)
            self._later(watch, WatchClosed(watch.token, error))

    def _time_over(self, watch: _Watch) -> None:
        if watch.open:
            self._end(watch.token)
            self._later(watch, WatchClosed(watch.token))

    def _end(self, token: int) -> None:
        watch = self._watches.pop(token, None)
        if watch is not None:
            watch.open = False

    def _later(self, watch: _Watch, event: Event) -> None:
        """In the order of what happened."""
        watch.last = max(watch.last, self.clock.now + self.wire.latency())
        self.clock.at(watch.last, lambda: self.post(event))
