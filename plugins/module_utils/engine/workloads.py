# SPDX-License-Identifier: Apache-2.0
"""The workloads of a wave: what concerns one is told to it, and what it asks for is carried out. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ..domain.outcome import Reason
from ..kinds.base import Object, WorkloadKind
from . import progress_lines, rollback, workload
from .bus import Bus
from .commands import Look, Send, WakeAt
from .conclusion import crash_text
from .events import WatchClosed, WatchEvent
from .first_pods import FirstPods
from .looking import Looking
from .members import Members
from .messages import Granted, Message, Refusal, Reply, Seen, Stopped, Woken
from .reading import Scope
from .readings import Readings
from .watching import Watching
from .workload_state import IN_FLIGHT, Cause, Context, Key, WorkloadState, failed


class Owner(Protocol):
    """Whose they are."""

    def held(self, name: str, now: float) -> bool:
        """Whether a namespace may be changed."""

    def send(self, name: str, send: Send, handler: Callable[[Reply | Refusal, float], None], now: float) -> bool:
        """Send a request for a namespace; False: it may not be changed any more."""

    def ending(self, name: str) -> Stopped:
        """Why it may not."""

    def pending(self, key: Key, now: float) -> bool:
        """One is to be changed; False: not yet, as its namespace has to be locked first."""

    def moved(self, name: str, now: float) -> None:
        """A workload of that namespace has been told something."""


class Workloads:
    """`last_patch`: when the last patch of one was answered. `broken`: why no more are begun.

    :param first_pods: whether the first new ones are looked at.
    """

    def __init__(
        self,
        members: Members,
        bus: Bus,
        context: Context,
        readings: Readings,
        owner: Owner,
        first_pods: bool = False,
    ) -> None:
        self._members, self._bus, self._context = members, bus, context
        self._readings, self._owner = readings, owner
        self._watching = Watching(bus, self._watched, self._listed)
        self._looking = Looking(bus, members, self.tell)
        self._first_pods = FirstPods(bus, members, first_pods, self._break_off)
        self.broken: Stopped | None = None
        self._queue: deque[Key] = deque()
        self.last_patch: float | None = None

    def start(self, name: str, now: float) -> None:
        """The turn of a namespace's workloads has come; if it is not locked, of those only that are rolling."""
        for one in self._members.begin(name):
            if one.phase == workload.Phase.PENDING:
                self._wants(one.key, now)
            else:
                self._carry_out(one.key, [WakeAt(one.wake_at)], now)
                self._watch(one)

    def grant(self, free: Callable[[int], int], now: float) -> bool:
        """Begin as many as there are free slots for; False: none.

        :param free: how many there are, with so many under way.
        """
        granted = False
        while self._queue and free(self._members.in_flight):
            key = self._queue.popleft()
            one = self._members.workloads.get(key)
            waits = one is not None and one.phase == workload.Phase.PENDING and self._members.begun(one.namespace)
            if waits and self._owner.held(key[1], now):
                self.tell(key, Granted(), now)
                granted = True
        return granted

    def tell(self, key: Key, message: Message, now: float) -> None:
        """What concerns a workload."""
        old = self._members.workloads.get(key)
        if old is None or old.namespace in self._members.ended:
            return
        try:
            new, commands = workload.advance(old, message, now, self._context)
        except Exception as error:
            new, commands = failed(old, Reason.CRASHED, crash_text(error)), []
        self._put(old, new, now)
        self._carry_out(key, commands, now)
        self._owner.moved(old.namespace, now)

    def take_back(self, key: Key, cause: Cause, now: float) -> None:
        """One that is at its end goes back to what it had."""
        old = self._members.workloads[key]
        self._put(old, rollback.taken_back(old, cause, self._context), now)

    def stop(self, name: str, message: Stopped, now: float, all_of_them: bool = False) -> None:
        """Those of a namespace are to end; unless it is all of them, what waits for an answer gets it."""
        waiting = () if all_of_them else (workload.Phase.PATCHING, workload.Phase.RELEASING)
        for one in self._members.of(name):
            if one.phase not in waiting:
                self.tell(one.key, message, now)

    def _break_off(self, cause: Cause, now: float) -> None:
        """Begin no more; what is under way comes to its end, where it is known what is to go back."""
        if self.broken is None and not self._bus.stopping:
            self.broken = Stopped(Reason.WAVE_FAILED, cause.message)
            for one in list(self._members.workloads.values()):
                if one.phase == workload.Phase.PENDING and one.back is None:
                    self.tell(one.key, self.broken, now)

    def end(self) -> None:
        """Begin no more, and look no longer."""
        self._queue.clear()
        self.end_watching()

    def end_watching(self) -> None:
        """What is going to be said stands from here on."""
        self._watching.end()

    def event(self, event: WatchEvent | WatchClosed, now: float) -> None:
        """An event of a watch."""
        if isinstance(event, WatchEvent):
            self._watching.event(event, now)
        else:
            self._watching.closed(event, now)

    def _put(self, old: WorkloadState, new: WorkloadState, now: float) -> None:
        self._members.put(old, new)
        if new.patched and new.patched_at != old.patched_at and not self._context.dry_run:
            self.last_patch = now
        self._first_pods.seen(new, now)
        begun = self._members.begun(old.namespace)
        turns_up = begun and new.phase == workload.Phase.PENDING and old.phase != new.phase
        if new.phase in IN_FLIGHT and old.phase not in IN_FLIGHT:
            self._watch(new)
        self._bus.count(self._members.done, self._members.in_flight)
        for text, step in progress_lines.of_workload(old, new, self._context.dry_run):
            self._bus.tell(new.namespace, text, step)
        if turns_up:
            self._wants(old.key, now)

    def _wants(self, key: Key, now: float) -> None:
        if self.broken is not None and self._members.workloads[key].back is None:
            self.tell(key, self.broken, now)
        elif self._owner.pending(key, now):
            self._queue.append(key)

    def _carry_out(self, key: Key, commands: list[Send | WakeAt | Look], now: float) -> None:
        for command in commands:
            if isinstance(command, WakeAt):
                self._bus.wake(command.at, lambda then: self.tell(key, Woken(), then))
            elif isinstance(command, Look):
                self._looking.want(key[1], now)
            elif not self._owner.send(key[1], command, partial(self.tell, key), now):
                self.tell(key, self._owner.ending(key[1]), now)

    def _watch(self, one: WorkloadState) -> None:
        if not self._context.dry_run:
            scope = self._readings.scope(one.kind, one.namespace)
            self._watching.want(one.kind, scope, self._readings.version(one.kind, one.namespace))

    def _watched(self, kind: WorkloadKind, scope: Scope, event: str, item: Object, now: float) -> None:
        key = (kind.kind, item["metadata"]["namespace"], item["metadata"]["name"])
        one = self._members.workloads.get(key)
        # What was read again by itself is watched by itself: a wider watch may be behind that.
        if one is not None and scope == self._readings.scope(kind, one.namespace):
            gone = event == "DELETED"
            if not gone or item["metadata"]["uid"] == one.object["metadata"]["uid"]:
                self.tell(key, Seen(None if gone else item), now)

    def _listed(self, kind: WorkloadKind, scope: Scope, found: dict[tuple[str, str], Object], now: float) -> None:
        """What was deleted while no watch was open has no event of its own."""
        for key, one in list(self._members.workloads.items()):
            if one.kind is kind and scope == self._readings.scope(kind, one.namespace):
                self.tell(key, Seen(found.get((one.namespace, one.name))), now)
