# SPDX-License-Identifier: Apache-2.0
"""What a workload kind is: where the API serves it, where its pod template is, and when its pods have been replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

Object = dict[str, Any]


class RolloutState(str, Enum):
    """How far a workload's pods have got to its newest template."""

    __str__ = str.__str__

    ROLLED = "rolled"
    ROLLING = "rolling"
    # The new template waits for somebody: paused, OnDelete, partitioned.
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True)
class Rollout:
    """`done` of `total` new pods; `all_updated`: all pods are of the newest template, available or not.

    `trouble`: why no more pods can be made, where the status says so, in the API server's words.
    """

    state: RolloutState
    done: int
    total: int
    message: str = ""
    all_updated: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class WorkloadKind:
    """A kind, with the pure predicate that reads its status.

    `rollout(workload, before)`: `before` is the workload as the patch was answered; what its status said of an
    older template counts no more. None: nothing was patched, so what the status says is of now.
    `history`: path below /apis of what keeps its former templates, with their labels; empty: nothing does.
    `optional`: the cluster may not serve it, or an older role may not allow it to be read.
    `pods_in_order`: an older pod that is not ready keeps newer ones from being made.
    `pod_per_node`: it has a pod on each node, so that a node which is down keeps it from being done.
    """

    kind: str
    api_version: str
    plural: str
    rollout: Callable[[Object, Object | None], Rollout]
    template_path: tuple[str, ...] = ("spec", "template")
    history: str = ""
    optional: bool = False
    pods_in_order: bool = False
    pod_per_node: bool = False

    def collection(self, namespace: str | None = None) -> str:
        """The API path of all objects, in one namespace or in all."""
        scope = f"/namespaces/{namespace}" if namespace else ""
        return f"/apis/{self.api_version}{scope}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The API path of one object."""
        return f"{self.collection(namespace)}/{name}"

    def history_collection(self, namespace: str) -> str:
        """The API path of what keeps former templates in a namespace; empty: nothing does."""
        api_version, _slash, plural = self.history.rpartition("/")
        return f"/apis/{api_version}/namespaces/{namespace}/{plural}" if self.history else ""

    def template(self, workload: Object) -> Object:
        """The pod template: its `metadata` and `spec`."""
        found: Any = workload
        for key in self.template_path:
            found = found.get(key) or {}
        return found

    def with_template(self, template: Object) -> Object:
        """A part of an object, with `template` where the pod template is; for a patch."""
        found = template
        for key in reversed(self.template_path):
            found = {key: found}
        return found

    def pod_labels(self, workload: Object) -> dict[str, str]:
        """The labels that its pods are known by; empty where it has no such selector."""
        return (workload["spec"].get("selector") or {}).get("matchLabels") or {}


def observed(workload: Object) -> bool:
    """Has the controller seen the newest spec? Its status speaks of an older one until then."""
    seen: int = (workload.get("status") or {}).get("observedGeneration") or 0
    return seen >= workload["metadata"].get("generation", 0)


def new_among(good: int, pods: int, updated: int) -> int:
    """How many of the good (ready, available) pods are new ones for certain: the old ones may all be good."""
    return max(0, min(updated, good - max(0, pods - updated)))
