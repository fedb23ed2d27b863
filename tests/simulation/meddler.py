# SPDX-License-Identifier: Apache-2.0
"""What all have in common who are at work in the cluster while a run goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation import writes
from tests.simulation.managed_fields import after_update
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.scenario import Key
from tests.simulation.values import Object

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


class Meddler:
    """From `begin` to `end`. `key`: the workload it is about.

    `moment`: one of those of `once`; empty: the seed chooses.
    """

    name: str
    moment: str = ""

    def __init__(self, simulation: Simulation, rng: random.Random, key: Key) -> None:
        self.simulation, self.rng, self.key = simulation, rng, key
        self.active = True

    @property
    def namespace(self) -> str:
        return self.key[1]

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        self.active = False

    def once(self, act: Callable[[], bool]) -> None:
        """At any time, just before our write to the workload arrives, or a while after.

        Or as we begin to take objects out of its namespace; or at once.
        """
        how = self.rng.choice(("time", "before", "after", "after", "ending"))
        how, clock = self.moment or how, self.simulation.clock
        if how == "at once":
            clock.after(0.0, lambda: self._do(act))
            return
        if how == "time":
            clock.after(self.rng.choice((0.5, 3.0, 20.0)) * self.rng.random(), lambda: self._do(act))
            return
        kind, namespace, name = self.key
        path = RESOURCES[kind].path(namespace, name)
        fired: list[bool] = []
        waits = self.waits_for_back()

        def gate(verb: str, asked: str, _manager: str) -> None:
            ending = how == "ending" and verb == "DELETE" and f"/namespaces/{namespace}/" in asked
            patching = how != "ending" and asked == path and verb in ("APPLY", "MERGE_PATCH")
            patching = patching and (not waits or self.simulation.going_back.is_due(self.found))
            if not fired and (ending or patching):
                fired.append(True)
                if how == "after":
                    clock.after(self.rng.uniform(0.0, 4.0), lambda: self._do(act))
                else:
                    self._do(act)

        self.simulation.server.gates.append(gate)

    def waits_for_back(self) -> bool:
        """Whether it waits for the workload to be taken back."""
        return self.simulation.scenario.task.may_go_back and self.rng.random() < 0.5

    def _do(self, act: Callable[[], bool]) -> None:
        # As it is before, which is what it meets.
        step = self.step()
        if self.active and act():
            self.met(step)

    def step(self) -> str:
        """Where the run is, as far as this fault is concerned."""
        kind, namespace, name = self.key
        return self.simulation.step_of_workload(namespace, kind, name)

    def met(self, step: str = "") -> None:
        self.simulation.meet(self.name, self.namespace, self.key[0], self.key[2], step or self.step())

    def write(self, entry: Object | None, by: str) -> bool:
        """Somebody's update of an object as it is; False where it is gone."""
        if entry is None:
            return False
        store = self.simulation.store
        place = Place(RESOURCES[entry["kind"]], entry["metadata"].get("namespace", ""), entry["metadata"]["name"])
        before = store.get(place)
        if before is None or before["metadata"]["uid"] != entry["metadata"]["uid"]:
            return False
        after = writes.with_generation(before, writes.without_empty(entry))
        if after == before:
            return False
        store.put(after_update(before, after, by, store.clock.rfc3339), by)
        return True

    @property
    def found(self) -> Object | None:
        return self.simulation.workload(self.key)
