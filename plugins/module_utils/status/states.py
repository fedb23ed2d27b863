# SPDX-License-Identifier: Apache-2.0
"""What is said of a namespace, of a filter in it, and of a workload.

The words are those of the status file (docs/schemas/status.schema.json).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..domain.outcome import NONE
from ..probes.proof import PodProof


class State(str, Enum):
    """The worst first: of several the first is told."""

    __str__ = str.__str__

    # Its objects may not, or could not, be read.
    UNREADABLE = "unreadable"
    # There is no such namespace.
    MISSING = "missing"
    # Pods name a revision whose ConfigMap or EnvoyFilter is gone.
    BROKEN = "broken"
    # EnvoyFilters of both deliveries: a proxy may have two slots.
    DOUBLED = "doubled"
    # By what their own sidecars say, the filter does not run in pods that should have it.
    NOT_RUNNING = "not_running"
    # Somebody has taken away a part of what a run had set.
    DRIFTED = "drifted"
    # Workloads are on several revisions, or some have none, for no reason of their own.
    HALF_DONE = "half_done"
    # Kubernetes has given up on the new pods.
    STUCK = "stuck"
    # The script deploy.sh of openclarity/wasm-filters has left something.
    OLD_SCRIPT = "old_script"
    # Objects that nothing refers to.
    ORPHANED = "orphaned"
    # Pods are being replaced.
    ROLLING = "rolling"
    # Pods wait for somebody: paused, a partition, OnDelete.
    HELD = "held"
    # Somebody is at it.
    LOCKED = "locked"
    DEPLOYED = "deployed"
    # Of a workload: it takes no filter, for a reason.
    SKIPPED = "skipped"
    # Nothing of ours is there.
    ABSENT = "absent"


# What passes by itself, or waits for somebody who knows.
NO_DRIFT = frozenset({State.ROLLING, State.HELD, State.LOCKED, State.DEPLOYED, State.SKIPPED, State.ABSENT})
# Nothing to tell people of.
WELL = frozenset({State.DEPLOYED, State.SKIPPED, State.ABSENT})
_ORDER = {state: at for at, state in enumerate(State)}


def worst(states: Iterable[State], default: State) -> State:
    """The first of State's order."""
    return min(states, key=_ORDER.__getitem__, default=default)


def by_badness(states: Iterable[State]) -> list[State]:
    """Each once, the worst first."""
    return sorted(set(states), key=_ORDER.__getitem__)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `object`: KIND/NAME, or empty."""

    state: State
    message: str
    object: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"state": self.state.value, "object": self.object, "message": self.message}


@dataclass(frozen=True)
class WorkloadStatus:
    """`new_pods` of `pods` are of the newest template, as the workload's own status counts them.

    `proofs`: what the pods' own sidecars say; empty where they were not asked.
    """

    kind: str
    name: str
    state: State
    revision: str = NONE
    reason: str = ""
    message: str = ""
    new_pods: int = 0
    pods: int = 0
    proofs: tuple[PodProof, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.kind}/{self.name}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "state": self.state.value,
            "revision": self.revision,
            "reason": str(self.reason),
            "message": self.message,
            "rollout": {"new": self.new_pods, "total": self.pods},
            "pods": [one.as_dict() for one in self.proofs],
        }


@dataclass(frozen=True)
class RevisionStatus:
    """One revision of a filter in a namespace. `workloads`: how many name it."""

    revision: str
    config_map: str
    envoy_filter: str
    workloads: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "revision": self.revision,
            "config_map": self.config_map,
            "envoy_filter": self.envoy_filter,
            "workloads": self.workloads,
        }


@dataclass(frozen=True)
class FilterStatus:
    """One filter in a namespace. `revision`: the one that most is on; `delivery`: empty where no EnvoyFilter says.

    `proofs`: of pods that are of none of `workloads`.
    """

    name: str
    delivery: str
    revision: str
    revisions: tuple[RevisionStatus, ...] = ()
    workloads: tuple[WorkloadStatus, ...] = ()
    findings: tuple[Finding, ...] = ()
    proofs: tuple[PodProof, ...] = ()

    @property
    def state(self) -> State:
        states = [one.state for one in self.workloads] + [one.state for one in self.findings]
        return worst((state for state in states if state not in WELL), State.DEPLOYED)

    def as_dict(self) -> dict[str, Any]:
        return {
            "filter": self.name,
            "state": self.state.value,
            "delivery": self.delivery,
            "revision": self.revision,
            "revisions": [one.as_dict() for one in self.revisions],
            "findings": [one.as_dict() for one in self.findings],
            "workloads": [one.as_dict() for one in self.workloads],
            "pods": [one.as_dict() for one in self.proofs],
        }


@dataclass(frozen=True)
class NamespaceStatus:
    """`findings`: what is of no filter. `unread`: optional kinds that may not be read."""

    name: str
    filters: tuple[FilterStatus, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[str, ...] = field(default=())

    @property
    def state(self) -> State:
        return worst([one.state for one in self.filters] + [one.state for one in self.findings], State.ABSENT)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state.value,
            "filters": [one.as_dict() for one in self.filters],
            "findings": [one.as_dict() for one in self.findings],
            "unread": list(self.unread),
        }


def summary(statuses: list[NamespaceStatus]) -> dict[str, Any]:
    """What the module returns of them."""
    states = [one.state for one in statuses]
    return {
        "counts": {state.value: states.count(state) for state in by_badness(states)},
        "drifted": [one.name for one in statuses if one.state not in NO_DRIFT],
        "namespaces": [one.as_dict() for one in statuses],
    }
