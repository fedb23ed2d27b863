# SPDX-License-Identifier: Apache-2.0
"""StatefulSet.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
"""

from __future__ import annotations

from .base import Object, Rollout, RolloutState, WorkloadKind, new_among, observed


def rollout(stateful_set: Object, before: Object | None = None) -> Rollout:
    spec = stateful_set["spec"]
    status = stateful_set.get("status") or {}
    total = spec.get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    strategy = spec.get("updateStrategy") or {}
    if not observed(stateful_set):
        return Rollout(RolloutState.ROLLING, 0, total, "not seen by its controller yet")
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if status.get("currentRevision") == status.get("updateRevision"):
        # Done, or back on the former template: both counts are of the same pods, and older versions reset one of
        # them. Pods below a partition are of that revision already, and none is held back.
        updated, partition = max(updated, status.get("currentReplicas", 0)), 0
    if strategy.get("type") == "OnDelete" and updated < total:
        return Rollout(RolloutState.HELD, updated, total, "updateStrategy OnDelete: pods change when they are deleted")
    wanted = max(0, total - partition)
    ready = status.get("readyReplicas", 0)
    if ready >= total and updated >= wanted:
        if partition and updated < total:
            return Rollout(
                RolloutState.HELD, updated, total, f"partition {partition}: {updated} of {total} pods may change"
            )
        return Rollout(RolloutState.ROLLED, total, total, all_updated=True)
    done = new_among(ready, status.get("replicas", 0), updated)
    return Rollout(RolloutState.ROLLING, done, total, f"{done} of {wanted} new pods are ready", updated >= wanted)


STATEFUL_SET = WorkloadKind(
    "StatefulSet", "apps/v1", "statefulsets", rollout, history="apps/v1/controllerrevisions", pods_in_order=True
)
