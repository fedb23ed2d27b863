"""One wave of a run: routes messages to its namespaces and workloads, and decides when it is whose turn. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial

from ..domain.names import FilterNames
from ..domain.outcome import NONE, NamespaceVerdict, Outcome, Reason
from ..kinds.base import Object, WorkloadKind
from . import ill_before, other_pods, progress_lines, workload
from . import namespace as namespaces
from .bus import Bus
from .commands import Look, Request, Send, WakeAt
from .comparison import Comparison
from .conclusion import Conclusion, crash_text, not_started, of_ineligible
from .events import WatchClosed, WatchEvent
from .looking import Looking
from .members import Members
from .messages import Granted, Message, Refusal, Reply, Seen, Stopped, Woken
from .namespace import WAS_STOPPED, NamespaceState
from .reading import NamespaceRead, Reading, Scope
from .watching import Watching
from .wave import Phase, WaveState, free_slots, settled_at
from .workload_state import IN_FLIGHT, Context, Key, WorkloadState

REQUEST_SECONDS = 60.0


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
        max_in_flight: int,
    ) -> None:
        self.verdicts: dict[str, NamespaceVerdict] = {}
        self._names, self._ineligible, self._bus, self._context = names, ineligible, bus, context
        self._max_in_flight = max_in_flight
        self._state = WaveState()
        self._reading: Reading
        self._watching = Watching(bus, self._watched, self._listed)
        self._comparison: Comparison
        self._members = Members()
        self._looking = Looking(bus, self._members, self._tell_workload)
        bus.begin_wave()
        self._queue: deque[Key] = deque()

    @property
    def finished(self) -> bool:
        return self._state.phase == Phase.DONE

    @property
    def _names_of_filter(self) -> FilterNames:
        return self._context.operation.names

    def begin(self, now: float) -> None:
        """Refuse what preflight found not eligible, LIST the rest."""
        for name in self._names:
            if name in self._ineligible:
                self._conclude(name, of_ineligible(name, *self._ineligible[name]))
        eligible = [name for name in self._names if name not in self._ineligible]
        doubtful = partial(ill_before.in_doubt, self._context)
        self._reading = Reading(self._names_of_filter, eligible, self._context.operation.restarts_pods, doubtful)
        self._ask(self._reading.begin(), now)

    def _ask(self, requests: list[Request], now: float) -> None:
        for request in requests:
            self._bus.send(Send(request, now + REQUEST_SECONDS), self._read)
        if self._reading.finished:
            self._all_read(now)

    def _read(self, message: Reply | Refusal, now: float) -> None:
        if self._state.phase == Phase.READING:
            self._ask(self._reading.take(message), now)

    def _all_read(self, now: float) -> None:
        self._state = replace(self._state, phase=Phase.ROLLING)
        for name, read in self._reading.namespaces.items():
            if read.error is not None:
                self._conclude(name, of_ineligible(name, Reason.API_REFUSED, str(read.error)))
                continue
            self._members.add(NamespaceState(name, self._context.operation, read.objects))
            try:
                self._begin_namespace(read, now)
            except Exception as error:
                self._crashed(name, error)

    def _begin_namespace(self, read: NamespaceRead, now: float) -> None:
        read.workloads.sort(key=lambda entry: (entry[0].kind, entry[1]["metadata"]["name"]))
        found = [workload.planned(kind, item, self._context, now, pods=read.pods) for kind, item in read.workloads]
        others = other_pods.verdicts(read.other_pods, {(one.kind.kind, one.name) for one in found})
        self._members.add_workloads(read.name, found, others)
        state = replace(self._members.namespaces[read.name], unreadable=tuple(read.unreadable))
        takers = any(one.change.to_revision != NONE or one.outcome == Outcome.FAILED for one in found)
        if self._context.operation.restarts_pods and not takers:
            self._put_namespace(namespaces.set_aside(state), [], now)
        else:
            self._put_namespace(*namespaces.begin(state, now), now)

    def _put_namespace(self, state: NamespaceState, sends: list[Send], now: float) -> None:
        old = self._members.namespaces[state.name]
        self._members.namespaces[state.name] = state
        for send in sends:
            if not self._bus.send(send, partial(self._namespace_message, state.name)):
                state = namespaces.ended(state, Reason.STOPPED, WAS_STOPPED)
                self._members.namespaces[state.name] = state
        if state.phase == namespaces.Phase.DONE:
            self._finish(state)
        elif state.phase == namespaces.Phase.WORKLOADS and old.phase != state.phase:
            if state.written:
                self._bus.tell(state.name, progress_lines.of_objects(state.written, "set", self._context.dry_run))
            self._start_workloads(state.name, now)

    def _namespace_message(self, name: str, message: Reply | Refusal, now: float) -> None:
        if name in self.verdicts:
            return
        try:
            state, sends = namespaces.advance(self._members.namespaces[name], message, now)
        except Exception as error:
            self._crashed(name, error)
            return
        self._put_namespace(state, sends, now)

    def _start_workloads(self, name: str, now: float) -> None:
        for one in self._members.begin(name):
            if one.phase == workload.Phase.PENDING:
                self._queue.append(one.key)
            else:
                self._carry_out(one.key, [WakeAt(one.wake_at)], now)
                self._watch(one)
        if self._bus.stopping:
            self._stop_workloads(name, now)

    def _tell_workload(self, key: Key, message: Message, now: float) -> None:
        old = self._members.workloads[key]
        if old.namespace in self.verdicts:
            return
        try:
            new, commands = workload.advance(old, message, now, self._context)
        except Exception as error:
            new, commands = workload.failed(old, Reason.CRASHED, crash_text(error)), []
        self._put_workload(old, new, now)
        self._carry_out(key, commands, now)

    def _put_workload(self, old: WorkloadState, new: WorkloadState, now: float) -> None:
        self._members.put(old, new)
        if new.patched and new.patched_at != old.patched_at and not self._context.dry_run:
            self._state = replace(self._state, last_patch=now)
        begun = self._members.begun(old.namespace)
        if begun and new.phase == workload.Phase.PENDING and old.phase != new.phase:
            self._queue.append(old.key)
        if new.phase in IN_FLIGHT and old.phase not in IN_FLIGHT:
            self._watch(new)
        self._bus.count(self._members.done, self._members.in_flight)
        for text, step in progress_lines.of_workload(old, new, self._context.dry_run):
            self._bus.tell(new.namespace, text, step)

    def _carry_out(self, key: Key, commands: list[Send | WakeAt | Look], now: float) -> None:
        for command in commands:
            if isinstance(command, WakeAt):
                self._bus.wake(command.at, lambda then: self._tell_workload(key, Woken(), then))
            elif isinstance(command, Look):
                self._looking.want(key[1], now)
            elif not self._bus.send(command, partial(self._tell_workload, key)):
                self._tell_workload(key, Stopped(), now)

    def _watch(self, one: WorkloadState) -> None:
        if not self._context.dry_run:
            scope = self._scope(one.kind, one.namespace)
            self._watching.want(one.kind, scope, self._reading.versions[one.kind.kind, scope])

    def _scope(self, kind: WorkloadKind, namespace: str) -> Scope:
        return None if (kind.kind, None) in self._reading.versions else namespace

    def _watched(self, kind: WorkloadKind, event: str, item: Object, now: float) -> None:
        key = (kind.kind, item["metadata"]["namespace"], item["metadata"]["name"])
        one = self._members.workloads.get(key)
        if one is not None:
            gone = event == "DELETED"
            if not gone or item["metadata"]["uid"] == one.object["metadata"]["uid"]:
                self._tell_workload(key, Seen(None if gone else item), now)

    def _listed(self, kind: WorkloadKind, scope: Scope, found: dict[tuple[str, str], Object], now: float) -> None:
        """What was deleted while no watch was open has no event of its own."""
        for key, one in list(self._members.workloads.items()):
            if one.kind is kind and scope in (None, one.namespace):
                self._tell_workload(key, Seen(found.get((one.namespace, one.name))), now)

    def event(self, event: WatchEvent | WatchClosed, now: float) -> None:
        """An event of a watch."""
        if isinstance(event, WatchEvent):
            self._watching.event(event, now)
        else:
            self._watching.closed(event, now)

    def move(self, now: float) -> bool:
        """Do what it is time for; False where nothing moves by itself."""
        if self._bus.stopping:
            return self._end_stopped(now)
        return self._grant(now) or self._next_phase(now)

    def _grant(self, now: float) -> bool:
        granted = False
        while self._queue and free_slots(self._state.phase, self._members.in_flight, self._max_in_flight):
            key = self._queue.popleft()
            if self._members.workloads[key].phase == workload.Phase.PENDING:
                self._tell_workload(key, Granted(), now)
                granted = True
        return granted

    def _next_phase(self, now: float) -> bool:
        phase = self._state.phase
        if phase in (Phase.SETTLING, Phase.COMPARING) and self._members.unsettled:
            # What was made anew is rolled like the others.
            self._enter(Phase.ROLLING)
        elif phase == Phase.ROLLING and not self._members.unsettled:
            self._enter(Phase.SETTLING)
            self._bus.wake(settled_at(self._state, now), self._settled)
        elif phase == Phase.COMPARING and self._comparison.finished:
            self._enter(Phase.FINISHING)
            # What is going to be said stands from here on.
            self._watching.end()
            self._finish_workloads(now)
        elif phase == Phase.FINISHING and len(self.verdicts) == len(self._names):
            self._enter(Phase.DONE)
        else:
            return False
        return True

    def _enter(self, phase: Phase) -> None:
        self._state = replace(self._state, phase=phase)

    def _settled(self, now: float) -> None:
        if self._state.phase != Phase.SETTLING or self._members.unsettled or self._bus.stopping:
            return
        if now < settled_at(self._state, now):
            self._bus.wake(settled_at(self._state, now), self._settled)
            return
        self._enter(Phase.COMPARING)
        rolled = self._members.rolled()
        changed = {
            (one.kind, self._scope(one.kind, one.namespace))
            for one in rolled
            if one.patched and not self._context.dry_run
        }
        self._comparison = Comparison(
            self._bus, rolled, changed, lambda one, message, then: self._tell_workload(one.key, message, then), now
        )

    def _finish_workloads(self, now: float) -> None:
        for name, state in list(self._members.namespaces.items()):
            if name not in self.verdicts:
                members = self._members.of(name)
                unexplained = any(one.unexplained for one in members)
                all_well = all(one.outcome != Outcome.FAILED for one in members)
                self._put_namespace(*namespaces.workloads_done(state, unexplained, all_well, now), now)

    def _finish(self, state: NamespaceState) -> None:
        """Its way is at its end."""
        if state.phase == namespaces.Phase.DONE and state.name not in self.verdicts:
            if state.gone:
                self._bus.tell(state.name, progress_lines.of_objects(state.gone, "deleted", self._context.dry_run))
            others = self._members.others.get(state.name, [])
            self._conclude(state.name, Conclusion(state, self._members.of(state.name), others).verdict())

    def _conclude(self, name: str, verdict: NamespaceVerdict) -> None:
        self.verdicts[name] = verdict
        self._members.conclude(name)
        self._bus.count(self._members.done, self._members.in_flight)

    def _crashed(self, name: str, error: Exception) -> None:
        """A fault of ours, on an object that nobody foresaw: it must not stop the others."""
        state = namespaces.ended(self._members.namespaces[name], Reason.CRASHED, crash_text(error))
        self._members.namespaces[name] = state
        self._finish(state)

    def stop(self, now: float) -> None:
        """Begin nothing more; what waits for an answer gets it."""
        self._queue.clear()
        self._watching.end()
        for name in list(self._members.namespaces):
            self._stop_workloads(name, now)

    def _stop_workloads(self, name: str, now: float) -> None:
        for one in self._members.of(name):
            if one.phase not in (workload.Phase.PATCHING, workload.Phase.RELEASING):
                self._tell_workload(one.key, Stopped(), now)

    def _end_stopped(self, now: float) -> bool:
        if self.finished or self._bus.writes_under_way():
            return False
        self.end(now)
        return True

    def end(self, now: float) -> None:
        """Verdicts for all, as far as they have come."""
        self._bus.stopping = True
        for key in list(self._members.workloads):
            self._tell_workload(key, Stopped(), now)
        for state in list(self._members.namespaces.values()):
            self._finish(namespaces.stopped(state, self._bus.writes_under_way(state.name) > 0))
        for name in self._names:
            if name not in self.verdicts:
                self._conclude(name, not_started(name, Reason.STOPPED, f"{WAS_STOPPED} before it was begun"))
        self._enter(Phase.DONE)
