# SPDX-License-Identifier: Apache-2.0
"""What comes between a wave's last patch and its verdicts: does the filter run, and does what was done stand? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum

from ..domain.outcome import Reason
from . import rollback
from .bus import Bus
from .came_back import CameBack
from .comparison import Comparison
from .members import Members
from .namespace import compared
from .proving import holds_up
from .reading import NamespaceRead
from .readings import Readings
from .wave import settled_at
from .wave_proof import WaveProof
from .workload_state import Context
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
        proof: WaveProof,
        now: float,
    ) -> None:
        self._members, self._workloads, self._readings = members, workloads, readings
        self._bus, self._context, self._proof = bus, context, proof
        self._phase, self._names = Phase.PROVING, list(names)
        self._comparison: Comparison
        self._objects_read = True
        proof.ask_again(now)
        looked_at = self._names if proof.looks else []
        self._came_back = CameBack(bus, members, context.operation.names.name, proof.terms, looked_at, since, now)

    @property
    def finished(self) -> bool:
        return self._phase == Phase.DONE

    def move(self, now: float) -> bool:
        """Do what it is time for; False where nothing moves by itself."""
        known = self._proof.finished and self._came_back.finished
        if self._phase == Phase.PROVING and known:
            self._phase = Phase.SETTLING
            self._bus.wake(self._settled_at(now), self._settled)
        elif self._phase == Phase.COMPARING and self._comparison.finished and self._objects_read and known:
            self._phase = Phase.DONE
            self._note_proofs()
        else:
            return False
        return True

    def _note_proofs(self) -> None:
        """What is known of the pods of each namespace; what was known of those that were taken back stays."""
        self._came_back.note()
        for name in self._names:
            proofs = [replace(one, fails=holds_up(self._proof.terms, one)) for one in self._proof.proofs(name)]
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
        self._came_back.end()

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
