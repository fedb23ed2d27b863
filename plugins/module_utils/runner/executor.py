# SPDX-License-Identifier: Apache-2.0
"""The real executor: a pool of threads around one API server's client, a thread for each watch, timers."""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from ..cluster.api import ClusterApi
from ..domain.errors import ApiError
from ..domain.slim import shared, slim
from ..engine.commands import Command, Dispatch, EndWatch, Request, SetTimer, StartWatch, Tell, Verb
from ..engine.events import Answered, Event, Failed, TimerFired, WatchClosed, WatchEvent

WORKERS = 16
WATCH_SECONDS = 60
# In place of an HTTP status.
INTERNAL = -1
# Long enough to be of no cost; short enough for a signal's handler to get its turn everywhere.
LONGEST_WAIT_SECONDS = 1.0

# One that goes on while the machine sleeps, as the locks that a run holds go on expiring.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

Report = Callable[[Tell], None]


class Executor:
    """See loop.py. Created, and asked for events, by one thread; `put` may be called by any, a signal's handler too."""

    def __init__(self, api: ClusterApi, report: Report) -> None:
        self._api, self._report = api, report
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._timers: list[tuple[float, int]] = []
        self._watches: dict[int, threading.Event] = {}
        self._dispatches: queue.SimpleQueue[Dispatch | None] = queue.SimpleQueue()
        # Not a ThreadPoolExecutor: Python waits for its threads at the end, and one may be waiting for a dead server.
        for _worker in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    def now(self) -> float:
        return time.clock_gettime(_CLOCK)

    def put(self, event: Event) -> None:
        """From outside."""
        self._events.put(event)

    def do(self, command: Command) -> None:
        if isinstance(command, Dispatch):
            self._dispatches.put(command)
        elif isinstance(command, SetTimer):
            heapq.heappush(self._timers, (command.at, command.token))
        elif isinstance(command, StartWatch):
            ended = self._watches[command.token] = threading.Event()
            threading.Thread(target=self._watch, args=(command, ended), daemon=True).start()
        elif isinstance(command, EndWatch):
            self._watches.pop(command.token).set()
        else:
            self._report(command)

    def next(self) -> Event:
        while True:
            wait = LONGEST_WAIT_SECONDS
            if self._timers:
                at, token = self._timers[0]
                wait = min(wait, at - self.now())
                if wait <= 0:
                    heapq.heappop(self._timers)
                    return TimerFired(token)
            try:
                return self._events.get(timeout=wait)
            except queue.Empty:
                continue

    def close(self) -> None:
        for ended in self._watches.values():
            ended.set()
        for _worker in range(WORKERS):
            self._dispatches.put(None)

    def _work(self) -> None:
        while (command := self._dispatches.get()) is not None:
            self._events.put(self._dispatched(command))

    def _dispatched(self, command: Dispatch) -> Event:
        try:
            return Answered(command.token, _sent(self._api, command.request))
        except ApiError as error:
            return Failed(command.token, error)
        except Exception as error:
            # A fault of ours or of the client: the machine must not wait for ever.
            action = f"{command.request.verb} {command.request.path}"
            return Failed(command.token, ApiError(action, INTERNAL, repr(error)))

    def _watch(self, command: StartWatch, ended: threading.Event) -> None:
        closed = WatchClosed(command.token)
        try:
            for kind, item in self._api.watch(command.path, command.resource_version, WATCH_SECONDS):
                if ended.is_set():
                    return
                self._events.put(WatchEvent(command.token, kind, slim(item) if "spec" in item else item))
        except ApiError as error:
            closed = WatchClosed(command.token, error)
        except Exception as error:
            closed = WatchClosed(command.token, ApiError(f"watch {command.path}", INTERNAL, repr(error)))
        self._events.put(closed)


def _sent(api: ClusterApi, request: Request) -> Any:
    path, body, manager = request.path, request.body or {}, request.manager
    if request.verb == Verb.GET:
        return api.get(path)
    if request.verb == Verb.GET_TEXT:
        return api.get_text(path)
    if request.verb == Verb.LIST:
        kept = slim if request.slim else shared
        return api.list(path, request.label_selector, request.metadata_only, request.field_selector, kept)
    if request.verb == Verb.CREATE:
        return api.create(path, body, manager, request.rehearsal)
    if request.verb == Verb.DELETE:
        return api.delete(path, body.get("preconditions"))
    send = {Verb.APPLY: api.apply, Verb.REPLACE: api.replace, Verb.MERGE_PATCH: api.merge_patch}[request.verb]
    answer = send(path, body, manager)
    return slim(answer) if request.slim else answer
