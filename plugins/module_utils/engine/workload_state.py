# SPDX-License-Identifier: Apache-2.0
"""Where one workload is on its way, as a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from ..deliveries.base import Operation, WorkloadChange
from ..domain.outcome import Outcome, Reason
from ..domain.plan import IllBefore
from ..kinds.base import Object, Rollout, WorkloadKind
from ..probes.proof import PodProof
from .messages import Seen
from .pod_diagnosis import Trouble

# (kind, namespace, name)
Key = tuple[str, str, str]


class Phase(str, Enum):
    """Where a workload is on its way."""

    __str__ = str.__str__

    # It waits for its turn.
    PENDING = "pending"
    PATCHING = "patching"
    READING = "reading"
    ROLLING = "rolling"
    # Its pods are done; our field manager still owns fields of it.
    RELEASING = "releasing"
    # It is held against the cluster once more before its verdict is said.
    ROLLED = "rolled"
    DONE = "done"


IN_FLIGHT = frozenset({Phase.PATCHING, Phase.READING, Phase.ROLLING})
SETTLED = frozenset({Phase.ROLLED, Phase.DONE})


class Cause(NamedTuple):
    """Why something is taken back."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Context:
    """What is the same for all workloads of a run. `timeout_seconds`: what replacing a workload's pods may take."""

    operation: Operation
    timeout_seconds: float
    dry_run: bool = False
    ill_before: IllBefore = IllBefore.SKIP


@dataclass(frozen=True)
class WorkloadState:
    """`object`: as last seen. `before`: as the patch was answered. `patched`: a write of ours is in it, or would be."""

    kind: WorkloadKind
    object: Object
    change: WorkloadChange
    phase: Phase
    outcome: Outcome
    reason: str = ""
    message: str = ""
    rollout: Rollout | None = None
    before: Object | None = None
    conflicts: int = 0
    recreated: int = 0
    # An object of its name that is no more was patched.
    former_patched: bool = False
    patched: bool = False
    patched_at: float = 0.0
    deadline: float = 0.0
    # When its pods last moved, by the counts of its status, and when the machine is woken next.
    moved_at: float = 0.0
    counts: tuple[tuple[str, int], ...] = ()
    wake_at: float = 0.0
    # What keeps them since, and how many looks in a row have found it.
    trouble: Trouble | None = None
    looks: int = 0
    # What was wrong with it before the run.
    ill: str = ""
    # What a watch had of it while an answer was awaited.
    unread: Seen | None = None
    # A patch was sent and its answer may have been lost.
    maybe_patched: bool = False
    # Pods are to be looked at for what keeps them.
    unexplained: bool = False
    # Its namespace's, where that is not the run's.
    operation: Operation | None = None
    # It is being taken back, or was: by what, why, and what had been done to it.
    back: Operation | None = None
    cause: Cause | None = None
    forward: WorkloadChange | None = None
    # Of its pods, once it is back: those that have none, as a text, and what is known of the others.
    without_sidecar: str = ""
    proofs_back: tuple[PodProof, ...] = ()

    @property
    def namespace(self) -> str:
        return str(self.object["metadata"]["namespace"])

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def label(self) -> str:
        return f"{self.kind.kind}/{self.name}"

    @property
    def key(self) -> Key:
        return self.kind.kind, self.namespace, self.name

    @property
    def went_back(self) -> bool:
        """It was to go back, and has: by this run, or by somebody else meanwhile."""
        return self.back is not None and self.outcome not in (Outcome.FAILED, Outcome.NOT_STARTED, Outcome.SKIPPED)


def failed(state: WorkloadState, reason: Reason, message: str) -> WorkloadState:
    """It ends here. What it was on before is what it is on, unless it was patched."""
    return replace(state, phase=Phase.DONE, outcome=Outcome.FAILED, reason=reason, message=message)


def same_object(state: WorkloadState, found: Object) -> bool:
    return bool(found["metadata"]["uid"] == state.object["metadata"]["uid"])


def is_newer(found: Object, known: Object) -> bool:
    """An older object would say that all is rolled, and mean the old template."""
    return bool(found["metadata"].get("generation", 0) >= known["metadata"].get("generation", 0))
