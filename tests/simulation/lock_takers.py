# SPDX-License-Identifier: Apache-2.0
"""Others who take a run's lock away."""

from __future__ import annotations

from tests.simulation.meddler import Meddler
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.store import Change
from tests.simulation.values import at, put


class LockTaken(Meddler):
    """Somebody deletes the Lease of a run, or has it himself for a while, by another tool."""

    name = "lock taken"

    @property
    def place(self) -> Place:
        return Place(RESOURCES["Lease"], self.namespace, "wasm-filter-trace")

    def step(self) -> str:
        return self.simulation.step_of_run()

    def begin(self) -> None:
        """Some time after the run has it, or when it deletes what it does not need any more."""
        self._delay = self.rng.choice((0.05, 3.0, 20.0)) * self.rng.random()
        self._kinds = self.rng.choice((("Lease", "ADDED"), ("Lease", "ADDED"), ("EnvoyFilter", "DELETED")))
        if self.simulation.scenario.task.may_go_back and self.rng.random() < 0.5:
            # Or when it takes something back.
            self.simulation.going_back.listeners.append(self._goes_back)
        else:
            self.simulation.store.listeners.append(self._see)

    def _goes_back(self, change: Change) -> None:
        if change.place.namespace == self.namespace and self.active:
            self.simulation.clock.after(self._delay, lambda: self._do(self._act))

    def end(self) -> None:
        super().end()
        if self._see in self.simulation.store.listeners:
            self.simulation.store.listeners.remove(self._see)

    def _see(self, change: Change) -> None:
        seen = change.place.namespace == self.namespace and (change.place.resource.kind, change.type) == self._kinds
        if seen and self.active:
            self.simulation.clock.after(0.0 if change.type == "DELETED" else self._delay, lambda: self._do(self._act))

    def _act(self) -> bool:
        found = self.simulation.store.get(self.place)
        if found is None:
            return False
        self.active = False
        if self.rng.random() < 0.5:
            return self.simulation.store.remove(self.place, "kubectl") is not None
        self.simulation.clock.after(self.rng.choice((1.0, 20.0, 90.0)), self._end_of)
        return self.write(put(found, "spec", "holderIdentity", "somebody else"), "somebody")

    def _end_of(self) -> None:
        found = self.simulation.store.get(self.place)
        if at(found, "spec", "holderIdentity") == "somebody else":
            self.simulation.store.remove(self.place, "somebody")


LOCK_TAKERS: tuple[type[Meddler], ...] = (LockTaken,)
