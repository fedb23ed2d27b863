"""What there is of one run for those who judge it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch, Tell

from tests.simulation.executor import Served
from tests.simulation.resources import Place
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.values import Object


@dataclass(frozen=True)
class Met:
    """A fault that a run has met. `namespace` empty: it concerns them all."""

    time: float
    fault: str
    namespace: str = ""
    kind: str = ""
    name: str = ""


@dataclass
class Record:
    """`changes`: all that was written while it ran, by whomever. `stops`: when it was told to stop.

    `before`: the workloads as they were at its begin. `left_in_flight`: how many an earlier run had under way then.
    `orphans`: versions of what a killed run had sent, and that arrived only now.
    `originals`: uid -> the application's own annotations, as they were when no filter was there.
    """

    task: Task
    begin: float
    end: float = 0.0
    verdicts: list[NamespaceVerdict] = field(default_factory=list)
    dispatched: list[tuple[float, Dispatch]] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)
    told: list[Tell] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    stops: list[tuple[float, bool]] = field(default_factory=list)
    before: dict[Place, Object] = field(default_factory=dict)
    most_in_flight: int = 0
    left_in_flight: int = 0
    rolled_at: dict[str, float] = field(default_factory=dict)
    originals: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    orphans: set[int] = field(default_factory=set)
    killed: bool = False
    clean: bool = False
    _by_place: dict[Place, list[Change]] | None = None

    def changes_of(self, place: Place) -> list[Change]:
        """All that was done to one object."""
        if self._by_place is None:
            self._by_place = {}
            for change in self.changes:
                self._by_place.setdefault(change.place, []).append(change)
        return self._by_place.get(place, [])

    def faults(self, namespace: str, *names: str) -> list[Met]:
        """Those of these names that concern the namespace."""
        return [one for one in self.met if one.fault in names and one.namespace in ("", namespace)]
