# SPDX-License-Identifier: Apache-2.0
"""One wave of a run: routes messages to its namespaces and workloads, and decides when it is whose turn. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..domain.outcome import NONE, NamespaceVerdict, Outcome, Reason
from . import namespace as namespaces
from . import other_pods, progress_lines, workload
from .bus import Bus
from .commands import Send
from .conclusion import Conclusion, crash_text, not_begun, not_started, of_ineligible
from .events import WatchClosed, WatchEvent
from .last_checks import LastChecks
from .locks import Locks
from .members import Members
from .messages import Refusal, Reply, Stopped
from .namespace import WAS_STOPPED, NamespaceState
from .reading import NamespaceRead
from .readings import Readings
from .requests import changes
from .settings import Settings
from .taking_back import TakingBack
from .wave import Phase, free_slots
from .wave_proof import WaveProof
from .workload_state import Context, Key
from .workloads import Workloads


class WaveRun:
    """The namespaces of a wave, until each has its verdict in `verdicts`.

    :param ineligible: {namespace: (reason, message)} of those that fail and are not touched.
    """

    def __init__(
        self,
        names: list[str],
        ineligible: dict[str, tuple[str, str]],
        bus: Bus,
        context: Context,
        settings: Settings,
    ) -> None:
        self.verdicts: dict[str, NamespaceVerdict] = {}
        self._names, self._ineligible, self._bus, self._context = names, ineligible, bus, context
        self._max_in_flight = settings.max_in_flight
        self._phase, self._members = Phase.READING, Members()
        self._readings = Readings(bus, context, self._all_read)
        self._pods = WaveProof(bus, self._members, context, settings.proof)
        self._workloads = Workloads(self._members, bus, context, self._readings, self, self._pods.decides)
        terms = replace(settings.lock.for_wave(len(names)), dry_run=settings.dry_run)
        self._locks = Locks(bus, context.operation.names, terms, self)
        self._taking_back = TakingBack(settings.on_failure, self._members, self._workloads, bus, context)
        self._checks: LastChecks
        # Locked, and to be read again; with their turn of what comes after the workloads; ended before their way was.
        self._to_read: list[str] = []
        self._to_finish: dict[str, None] = {}
        self._ending: dict[str, Stopped] = {}
        bus.begin_wave()
        bus.guard = self._locks.may_be_sent

    @property
    def finished(self) -> bool:
        return self._phase == Phase.DONE

    def begin(self, now: float) -> None:
        """Refuse what preflight found not eligible, LIST the rest."""
        for name in self._names:
            if name in self._ineligible:
                self._conclude(name, of_ineligible(name, *self._ineligible[name]), now)
        self._readings.begin([name for name in self._names if name not in self._ineligible], now)

    def _all_read(self, found: dict[str, NamespaceRead], now: float) -> None:
        if self._bus.stopping or self.finished:
            return
        if self._phase == Phase.READING:
            self._phase = Phase.ROLLING
        for name, read in found.items():
            if name in self._ending or name in self.verdicts:
                continue
            self._members.add(namespaces.as_read(self._context.operation, read, self._members.namespaces.get(name)))
            try:
                self._begin_namespace(read, now)
            except Exception as error:
                self._crashed(name, error, now)

    def _begin_namespace(self, read: NamespaceRead, now: float) -> None:
        refusal = self._members.namespaces[read.name].operation.refusal
        if (refused := not_begun(read.name, self._workloads.broken, read.error, refusal)) is not None:
            self._conclude(read.name, refused, now)
            return
        read.workloads.sort(key=lambda entry: (entry[0].kind, entry[1]["metadata"]["name"]))
        context = replace(self._context, operation=self._members.namespaces[read.name].operation)
        found = [workload.planned(kind, item, context, now, pods=read.pods) for kind, item in read.workloads]
        others = other_pods.verdicts(read.other_pods, {(one.kind.kind, one.name) for one in found})
        self._members.add_workloads(read.name, found, others)
        self._go(self._members.namespaces[read.name], now)

    def _go(self, state: NamespaceState, now: float) -> None:
        found = self._members.of(state.name)
        takers = any(one.change.to_revision != NONE or one.outcome == Outcome.FAILED for one in found)
        if self._context.operation.restarts_pods and not takers:
            self._put_namespace(namespaces.set_aside(state), [], now)
        else:
            pending = any(one.phase == workload.Phase.PENDING for one in found)
            self._put_namespace(*namespaces.begin(state, pending, now), now)

    def _put_namespace(self, state: NamespaceState, sends: list[Send], now: float) -> None:
        name, old = state.name, self._members.namespaces[state.name]
        self._members.put_namespace(state)
        for send in sends:
            if not self.send(name, send, partial(self._namespace_message, name), now):
                why = self.ending(name)
                state = namespaces.ended(state, why.reason, why.what)
                self._members.put_namespace(state)
        if state.phase != namespaces.Phase.WORKLOADS:
            self._to_finish.pop(name, None)
        if state.phase == namespaces.Phase.DONE:
            self._finish(state, now)
        elif state.phase == namespaces.Phase.LOCKING and old.phase != state.phase:
            # What a killed run has left rolling counts while its lock is waited for.
            if not self._members.begun(name):
                self._workloads.start(name, now)
            self._locks.take(name, now)
        elif state.phase == namespaces.Phase.WORKLOADS and old.phase != state.phase:
            self._to_finish[name] = None
            if state.written:
                self._bus.tell(name, progress_lines.of_objects(state.written, "set", self._context.dry_run))
            self._workloads.start(name, now)
            self._pods.moved(name, now)
            if self._bus.stopping:
                self._workloads.stop(name, Stopped(), now)

    def _namespace_message(self, name: str, message: Reply | Refusal, now: float) -> None:
        if name in self.verdicts:
            return
        try:
            state, sends = namespaces.advance(self._members.namespaces[name], message, now)
        except Exception as error:
            self._crashed(name, error, now)
            return
        self._put_namespace(state, sends, now)
        self.moved(name, now)

    # What its locks tell: see locks.Owner.

    def locked(self, name: str, note: str, now: float) -> None:
        self._members.waiting.discard(name)
        if self._context.dry_run:
            state = replace(self._members.namespaces[name], locked=True, note=note)
            self._members.namespaces[name] = state
            self._go(state, now)
        elif name not in self.verdicts:
            self._to_read.append(name)

    def waits(self, name: str, holder: str) -> None:
        self._members.waiting.add(name)
        self._bus.tell(name, f"waits: locked by {holder}")

    def not_locked(self, name: str, reason: Reason, message: str, now: float) -> None:
        if name in self.verdicts:
            return
        why = self._ending[name] = Stopped(reason, message)
        self._bus.give_up(now, name)
        if reason == Reason.LOCK_LOST:
            self._workloads.stop(name, why, now)
        self.moved(name, now)

    # What its workloads ask: see workloads.Owner.

    def held(self, name: str, now: float) -> bool:
        return self._locks.held(name, now)

    def send(self, name: str, send: Send, handler: Callable[[Reply | Refusal, float], None], now: float) -> bool:
        if changes(send.request) and not self._locks.held(name, now):
            return False
        return self._bus.send(send, handler)

    def ending(self, name: str) -> Stopped:
        return self._ending.get(name, Stopped())

    def pending(self, key: Key, now: float) -> bool:
        state = self._members.namespaces[key[1]]
        if not state.locked:
            self._put_namespace(namespaces.locking(state), [], now)
        return state.locked

    def moved(self, name: str, now: float) -> None:
        """One that is to end does so when all that was sent is answered."""
        self._pods.moved(name, now)
        if name not in self._ending or name in self.verdicts or self._bus.writes_under_way(name):
            return
        why = self._ending.pop(name)
        if why.reason == Reason.LOCK_LOST:
            self._workloads.stop(name, why, now, all_of_them=True)
        self._finish(namespaces.ended(self._members.namespaces[name], why.reason, why.what), now)

    def event(self, event: WatchEvent | WatchClosed, now: float) -> None:
        """An event of a watch."""
        self._workloads.event(event, now)

    def move(self, now: float) -> bool:
        """Do what it is time for; False where nothing moves by itself."""
        if self._bus.stopping:
            return self._end_stopped(now)
        if self._to_read and not self._locks.asking:
            # All that could be had at once, together.
            names, self._to_read = self._to_read, []
            self._readings.begin([name for name in names if name not in self.verdicts], now)
        free = partial(free_slots, self._phase, max_in_flight=self._max_in_flight)
        return self._workloads.grant(free, now) or self._next_phase(now)

    def _next_phase(self, now: float) -> bool:
        phase, busy = self._phase, self._members.busy
        if self._taking_back.waits:
            return False
        # What was made anew is rolled like the others, and so is what was locked late.
        if (phase == Phase.CHECKING and busy) or (phase == Phase.FINISHING and self._to_finish):
            self._checks.end()
            self._phase = Phase.ROLLING
        elif phase == Phase.ROLLING and not busy:
            if not self._taken_back(now):
                self._phase = Phase.CHECKING
                own = (self._members, self._workloads, self._readings, self._bus, self._context)
                self._checks = LastChecks(self._at_their_end, self._locks.since, *own, self._pods, now)
        elif phase == Phase.CHECKING and self._checks.move(now):
            return True
        elif phase == Phase.CHECKING and self._checks.finished:
            if self._taken_back(now):
                self._phase = Phase.ROLLING
                return True
            self._phase = Phase.FINISHING
            self._workloads.end_watching()
            self._finish_workloads(now)
        elif phase == Phase.FINISHING and len(self.verdicts) == len(self._names) and not self._locks.open:
            self._phase = Phase.DONE
        else:
            return False
        return True

    def _taken_back(self, now: float) -> bool:
        """Whether workloads go back. Where all of the wave does, what still waits for its lock is not begun."""
        begun = self._taking_back.begin(self._at_their_end, now)
        if (why := self._workloads.broken or self._taking_back.of_wave) is not None:
            for name in sorted(self._members.waiting):
                self._conclude(name, not_started(name, why.reason, why.message), now)
        return begun

    def _finish_workloads(self, now: float) -> None:
        names, self._to_finish = self._to_finish, {}
        for name in names:
            state, all_well = self._members.namespaces[name], self._pods.all_well(name)
            unexplained = any(one.unexplained for one in self._members.of(name))
            cause = self._taking_back.cause_of(name)
            self._put_namespace(*namespaces.workloads_done(state, unexplained, all_well, now, cause), now)

    @property
    def _at_their_end(self) -> list[str]:
        return [name for name in self._to_finish if name not in self.verdicts and name not in self._ending]

    def _finish(self, state: NamespaceState, now: float) -> None:
        """Its way is at its end."""
        if state.phase == namespaces.Phase.DONE and state.name not in self.verdicts:
            if line := progress_lines.of_end(state, self._context.dry_run):
                self._bus.tell(state.name, line)
            others = self._members.others.get(state.name, [])
            self._conclude(state.name, Conclusion(state, self._members.of(state.name), others).verdict(), now)

    def _conclude(self, name: str, verdict: NamespaceVerdict, now: float) -> None:
        self.verdicts[name] = verdict
        self._members.conclude(name)
        self._pods.forget(name)
        self._bus.count(self._members.done, self._members.in_flight)
        if self._bus.writes_under_way(name):
            self._locks.abandon(name)
        else:
            self._locks.release(name, now)

    def _crashed(self, name: str, error: Exception, now: float) -> None:
        """A fault of ours, on an object that nobody foresaw: it must not stop the others."""
        state = namespaces.ended(self._members.namespaces[name], Reason.CRASHED, crash_text(error))
        self._members.put_namespace(state)
        self._finish(state, now)

    def stop(self, now: float) -> None:
        """Begin nothing more; what waits for an answer gets it."""
        self._workloads.end()
        for name in list(self._members.namespaces):
            self._workloads.stop(name, Stopped(), now)

    def _end_stopped(self, now: float) -> bool:
        if self.finished or self._bus.writes_under_way():
            return False
        if len(self.verdicts) == len(self._names):
            self._phase = self._phase if self._locks.open else Phase.DONE
            return self.finished
        self._give_verdicts(now)
        return True

    def end(self, now: float) -> None:
        """Verdicts for all, as far as they have come."""
        self._bus.stopping = True
        self._give_verdicts(now)
        self._phase = Phase.DONE

    def _give_verdicts(self, now: float) -> None:
        for name in list(self._members.namespaces):
            self._workloads.stop(name, Stopped(), now, all_of_them=True)
        for state in list(self._members.namespaces.values()):
            unanswered = self._bus.writes_under_way(state.name) > 0
            unproved = self._pods.decides and self._members.changed(state.name)
            self._finish(namespaces.stopped(state, unanswered, unproved), now)
        for name in self._names:
            if name not in self.verdicts:
                self._conclude(name, not_started(name, Reason.STOPPED, f"{WAS_STOPPED} before it was begun"), now)
