"""What there is of one run for those who judge it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch, Tell

from tests.simulation.executor import Served
from tests.simulation.store import Change
from tests.simulation.tasks import Task


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
    """`changes`: all that was written from the run's begin to its end, by whomever. `stops`: when it was told to stop."""

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
    most_in_flight: int = 0
    rolled_at: dict[str, float] = field(default_factory=dict)
    killed: bool = False
    clean: bool = False

    def faults(self, namespace: str, *names: str) -> list[Met]:
        """Those of these names that concern the namespace."""
        return [one for one in self.met if one.fault in names and one.namespace in ("", namespace)]
