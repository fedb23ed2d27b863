# SPDX-License-Identifier: Apache-2.0
"""What there is of one run for those who judge it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch, Tell

from tests.simulation.executor import Served
from tests.simulation.resources import Place
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.values import Object

NAMESPACES = "/api/v1/namespaces"


@dataclass(frozen=True)
class Met:
    """A fault that a run has met, and where (steps.py). `namespace` empty: it concerns them all."""

    time: float
    fault: str
    namespace: str = ""
    kind: str = ""
    name: str = ""
    step: str = ""


@dataclass
class Record:
    """`changes`: all that was written while it ran, by whomever. `stops`: when it was told to stop.

    `before`, `objects_before`: the workloads, and ConfigMaps and EnvoyFilters, as they were at its begin.
    `left_in_flight`: how many an earlier run had under way then.
    `orphans`: versions of what a killed run had sent, and that arrived only now.
    `holder`: who it is in Leases.
    `originals`: version of a change of ours -> the application's own annotations, as they were without any filter.
    """

    task: Task
    begin: float
    holder: str = ""
    end: float = 0.0
    verdicts: list[NamespaceVerdict] = field(default_factory=list)
    dispatched: list[tuple[float, Dispatch]] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    told: list[Tell] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    stops: list[tuple[float, bool]] = field(default_factory=list)
    before: dict[Place, Object] = field(default_factory=dict)
    objects_before: dict[Place, Object] = field(default_factory=dict)
    most_in_flight: int = 0
    left_in_flight: int = 0
    rolled_at: dict[str, float] = field(default_factory=dict)
    originals: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)
    orphans: set[int] = field(default_factory=set)
    killed: bool = False
    clean: bool = False

    @cached_property
    def wave_begins(self) -> list[float]:
        """When each wave that was begun asked for the namespaces of the cluster."""
        begins, last = [], ""
        for time, command in self.dispatched:
            if command.request.path == NAMESPACES != last:
                begins.append(time)
            last = command.request.path
        return begins

    def wave_end(self, namespace: str) -> float:
        """When the namespace's wave was over."""
        asking = [wave for wave in self.task.waves if any(name not in self.task.ineligible for name in wave)]
        following = next((index for index, wave in enumerate(asking) if namespace in wave), len(asking)) + 1
        return self.wave_begins[following] if following < len(self.wave_begins) else self.end

    def changes_of(self, place: Place) -> list[Change]:
        """All that was done to one object."""
        return self._by_place.get(place, [])

    @cached_property
    def _by_place(self) -> dict[Place, list[Change]]:
        found: dict[Place, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.place, []).append(change)
        return found

    def faults(self, namespace: str, *names: str) -> list[Met]:
        """Those of these names that concern the namespace."""
        return [one for one in self.met if one.fault in names and one.namespace in ("", namespace)]
