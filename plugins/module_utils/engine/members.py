# SPDX-License-Identifier: Apache-2.0
"""The namespaces and workloads of a wave, and how many of them are where. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..domain.outcome import WorkloadVerdict
from .namespace import NamespaceState
from .namespace import Phase as NamespacePhase
from .workload_state import IN_FLIGHT, SETTLED, Key, Phase, WorkloadState

UNSETTLED = (NamespacePhase.READ, NamespacePhase.LOCKING, NamespacePhase.OBJECTS)


class Members:
    """Counts are kept as states change, so that no question grows with the fleet.

    `in_flight`: workloads whose pods are being replaced. `unsettled`: namespaces with objects or workloads under way.
    `waiting`: those of them that wait for somebody else's lock, and hold up nobody.
    `others`: verdicts on what in a namespace is not handled. `ended`: namespaces that have their verdict.
    """

    def __init__(self) -> None:
        self.namespaces: dict[str, NamespaceState] = {}
        self.workloads: dict[Key, WorkloadState] = {}
        self.others: dict[str, list[WorkloadVerdict]] = {}
        self.unsettled: set[str] = set()
        self.waiting: set[str] = set()
        self.ended: set[str] = set()
        self.in_flight = 0
        # Namespaces whose workloads' turn has come.
        self._begun: set[str] = set()
        self._refused = 0
        self._keys: dict[str, list[Key]] = {}

    @property
    def done(self) -> int:
        """How many namespaces have nothing under way any more."""
        return self._refused + len(self.namespaces) - len(self.unsettled)

    @property
    def busy(self) -> bool:
        """Whether a namespace is under way that does not wait for somebody else."""
        return len(self.unsettled) > len(self.waiting)

    def conclude(self, name: str) -> None:
        """It has its verdict, maybe without having begun its way."""
        self._end(name)
        self.unsettled.discard(name)
        self.waiting.discard(name)
        self.ended.add(name)
        self._refused += name not in self.namespaces

    def add(self, state: NamespaceState) -> None:
        """A namespace whose way begins; or begins again, in which case nothing of it was changed so far."""
        self._end(state.name)
        for key in self._keys.pop(state.name, []):
            del self.workloads[key]
        self.waiting.discard(state.name)
        self.put_namespace(state)

    def _end(self, name: str) -> None:
        """Its workloads count no more."""
        if self.begun(name):
            self.in_flight -= sum(1 for one in self.of(name) if one.phase in IN_FLIGHT)
            self._begun.discard(name)

    def put_namespace(self, state: NamespaceState) -> None:
        """It has moved; what waits for its lock, or to be read, is not settled."""
        self.namespaces[state.name] = state
        if state.phase in UNSETTLED:
            self.unsettled.add(state.name)

    def add_workloads(self, name: str, found: list[WorkloadState], others: list[WorkloadVerdict]) -> None:
        """What was read of it; nothing of it is under way before `begin`. The others are read once only."""
        self.others.setdefault(name, others)
        self.workloads.update({one.key: one for one in found})
        self._keys[name] = [one.key for one in found]

    def begin(self, name: str) -> list[WorkloadState]:
        """Its workloads' turn has come: those that are on their way, or wait for it.

        What a killed run has left rolling counts as in flight.
        """
        self._end(name)
        self._begun.add(name)
        found = [one for one in self.of(name) if one.phase not in SETTLED]
        self.in_flight += sum(1 for one in found if one.phase in IN_FLIGHT)
        self._open(name, len(found) - self.namespaces[name].open)
        return found

    def begun(self, name: str) -> bool:
        """Has the turn of its workloads come?"""
        return name in self._begun

    def put(self, old: WorkloadState, new: WorkloadState) -> None:
        """A workload has moved. Before its turn it counts for nothing: a watch may tell of it by then."""
        self.workloads[old.key] = new
        if not self.begun(old.namespace):
            return
        self.in_flight += (new.phase in IN_FLIGHT) - (old.phase in IN_FLIGHT)
        moved = (new.phase not in SETTLED) - (old.phase not in SETTLED)
        if moved:
            self._open(old.namespace, moved)

    def _open(self, name: str, more: int) -> None:
        state = self.namespaces[name] = replace(self.namespaces[name], open=self.namespaces[name].open + more)
        if state.open or state.phase == NamespacePhase.LOCKING:
            self.unsettled.add(name)
        else:
            self.unsettled.discard(name)

    def of(self, name: str) -> list[WorkloadState]:
        """The workloads of a namespace."""
        return [self.workloads[key] for key in self._keys.get(name, [])]

    def changed(self, name: str) -> bool:
        """Has this run changed what its pods are given?"""
        return bool(self.namespaces[name].written) or any(one.patched for one in self.of(name))

    def rolled(self) -> list[WorkloadState]:
        """Those that wait to be compared once more."""
        return [one for one in self.workloads.values() if one.phase == Phase.ROLLED]
