# SPDX-License-Identifier: Apache-2.0
"""What comes between a wave's last patch and its verdicts: does the filter run, and does what was done stand? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum

from ..deliveries.expectations import Expectations
from ..domain.outcome import Outcome, Reason
from ..domain.plan import ProofMode
from . import rollback
from .bus import Bus
from .came_back import CameBack
from .comparison import Comparison
from .members import Members
from .namespace import compared
from .proving import Proving, Question, Terms, holds_up
from .reading import NamespaceRead
from .readings import Readings
from .wave import settled_at
from .workload_state import Context, WorkloadState
from .workloads import Workloads


class Phase(str, Enum):
    """How far they are."""

    __str__ = str.__str__

    PROVING = "proving"
    # Whoever puts back what was patched has not had the time to do so.
    SETTLING = "settling"
    # What is going to be said is held against the cluster.
    COMPARING = "comparing"
    DONE = "done"


class LastChecks:
    """One time through them; made anew where a workload is under way again.

    :param names: the namespaces that are at their end.
    :param since: when the lock of each was taken.
    """

    def __init__(
        self,
        names: Iterable[str],
        since: Callable[[str], str],
        members: Members,
        workloads: Workloads,
        readings: Readings,
        bus: Bus,
        context: Context,
        terms: Terms,
        now: float,
    ) -> None:
        self._members, self._workloads, self._readings = members, workloads, readings
        self._bus, self._context = bus, context
        self._phase, self._names, self._terms = Phase.PROVING, list(names), terms
        self._comparison: Comparison
        self._objects_read = True
        self._proving = self._begin_proving(now)
        looks = terms.mode != ProofMode.OFF and not context.dry_run
        self._came_back = CameBack(bus, members, self._names if looks else (), since, now)

    def _begin_proving(self, now: float) -> Proving | None:
        if not self._context.operation.shows or self._terms.mode == ProofMode.OFF or self._context.dry_run:
            return None
        asked = []
        for name in self._names:
            state = self._members.namespaces[name]
            expected = state.operation.expected(state.done)
            # Of a namespace that was not changed there is only to be looked at what its pods were given.
            if expected is not None and (expected.mounted or self._members.changed(name)):
                asked.append(self._question(name, expected))
        return Proving(self._bus, self._context.operation.names.name, self._terms, asked, now)

    def _question(self, name: str, expected: Expectations) -> Question:
        members = self._members.of(name)
        return Question(
            name,
            expected,
            self._members.changed(name),
            tuple(_labels(one) for one in members if one.patched and _is_another(one)),
            tuple(_labels(one) for one in members if one.outcome == Outcome.FAILED),
            tuple(_labels(one) for one in members if one.patched and one.outcome != Outcome.HELD),
        )

    @property
    def finished(self) -> bool:
        return self._phase == Phase.DONE

    def move(self, now: float) -> bool:
        """Do what it is time for; False where nothing moves by itself."""
        proved = self._proving is None or self._proving.finished
        if self._phase == Phase.PROVING and proved and self._came_back.finished:
            self._phase = Phase.SETTLING
            self._bus.wake(self._settled_at(now), self._settled)
        elif self._phase == Phase.COMPARING and self._comparison.finished and self._objects_read:
            self._phase = Phase.DONE
            self._note_proofs()
        else:
            return False
        return True

    def _note_proofs(self) -> None:
        """What is known of the pods of each namespace; what was known of those that were taken back stays."""
        for name in self._names if self._proving else ():
            found = self._proving.proofs(name) if self._proving else []
            proofs = [replace(one, fails=holds_up(self._terms, one)) for one in found]
            state, members = self._members.namespaces[name], self._members.of(name)
            back = [one for one in members if one.back is not None]
            kept = [one for one in state.proofs if any(rollback.is_of(one, workload) for workload in back)]
            # What was found first is why it was taken back.
            known = {one.name for one in kept}
            proofs = [*kept, *(one for one in proofs if one.name not in known)]
            self._members.namespaces[name] = replace(state, proofs=tuple(proofs))

    def end(self) -> None:
        """A workload is under way again, or all is over."""
        self._phase = Phase.DONE
        if self._proving:
            self._proving.end()

    def _settled_at(self, now: float) -> float:
        return settled_at(self._workloads.last_patch, now)

    def _settled(self, now: float) -> None:
        if self._phase != Phase.SETTLING or self._members.busy or self._bus.stopping:
            return
        if now < self._settled_at(now):
            self._bus.wake(self._settled_at(now), self._settled)
            return
        self._phase = Phase.COMPARING
        rolled = self._members.rolled()
        changed = {
            (one.kind, self._readings.scope(one.kind, one.namespace))
            for one in rolled
            if one.patched and not self._context.dry_run
        }
        self._comparison = Comparison(
            self._bus, rolled, changed, lambda one, message, then: self._workloads.tell(one.key, message, then), now
        )
        self._compare_objects(now)

    def _compare_objects(self, now: float) -> None:
        """Those of namespaces that were changed; what is taken back is not to have them."""
        back = [one for one in self._members.workloads.values() if one.back is not None]
        # One that is deleted needs no objects and takes none back.
        went = {one.namespace for one in back if one.reason != Reason.WORKLOAD_DELETED}
        names = [name for name in self._names if self._members.changed(name) and name not in went]
        if names and self._context.operation.goes_back and not self._context.dry_run:
            self._objects_read = False
            self._readings.objects(names, self._compared, now)

    def _compared(self, found: dict[str, NamespaceRead], now: float) -> None:
        self._objects_read = True
        for name, read in found.items() if self._phase == Phase.COMPARING else ():
            # Where they can't be read, what was answered as they were set counts.
            if read.error is None:
                self._members.namespaces[name] = compared(self._members.namespaces[name], read.objects)


def decide(context: Context, terms: Terms) -> bool:
    """Whether a namespace that was changed is done only when it is known that the filter runs in its pods."""
    wanted = terms.mode in (ProofMode.AUTO, ProofMode.REQUIRE)
    return wanted and not context.dry_run and context.operation.shows


def all_well(context: Context, terms: Terms, members: Members, name: str) -> bool:
    """Whether nothing of a namespace may have to be gone back to, or be needed by what failed.

    What a killed run has left unproved, and this one has not changed, is not known to be well.
    """
    state = members.namespaces[name]
    well = all(one.outcome != Outcome.FAILED and one.back is None for one in members.of(name)) and not state.reverted
    proved = members.changed(name) or not decide(context, terms)
    return well and proved and not any(one.fails for one in state.proofs)


def _is_another(one: WorkloadState) -> bool:
    return one.change.from_revision != one.change.to_revision


def _labels(one: WorkloadState) -> dict[str, str]:
    return one.kind.pod_labels(one.object)
