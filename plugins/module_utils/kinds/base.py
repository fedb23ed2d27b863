"""What a workload kind is: where the API serves it, and when its pods have all been replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROLLED = "rolled"
ROLLING = "rolling"
# The new template waits for somebody: paused, OnDelete, partitioned.
HELD = "held"
FAILED = "failed"


@dataclass(frozen=True)
class Rollout:
    """How far a workload's pods have got to its newest template."""

    state: str
    done: int
    total: int
    message: str = ""
    # All pods are of the newest template, whether they are available or not.
    replaced: bool = False


@dataclass(frozen=True)
class WorkloadKind:
    """A kind, with the pure predicate that reads its status."""

    kind: str
    api_version: str
    plural: str
    rollout: Callable[[dict[str, Any]], Rollout]

    def collection(self, namespace: str | None = None) -> str:
        """The API path of all objects, in one namespace or in all."""
        scope = f"/namespaces/{namespace}" if namespace else ""
        return f"/apis/{self.api_version}{scope}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        return f"{self.collection(namespace)}/{name}"


def observed(workload: dict[str, Any]) -> bool:
    """Has the controller seen the newest spec? Its status speaks of an older one until then."""
    seen: int = (workload.get("status") or {}).get("observedGeneration") or 0
    return seen >= workload["metadata"].get("generation", 0)


def new_among(good: int, pods: int, updated: int) -> int:
    """How many of the good (ready, available) pods are new ones for certain: the old ones may all be good."""
    return max(0, min(updated, good - max(0, pods - updated)))
