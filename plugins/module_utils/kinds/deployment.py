# SPDX-License-Identifier: Apache-2.0
"""Deployment.

The conditions are those of `kubectl rollout status`:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from ..domain.shown import without_credentials
from .base import Object, Rollout, RolloutState, WorkloadKind, new_among, observed


def rollout(deployment: Object, before: Object | None = None) -> Rollout:
    spec = deployment["spec"]
    status = deployment.get("status") or {}
    total = spec.get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    if not observed(deployment):
        return Rollout(RolloutState.ROLLING, 0, total, "not seen by its controller yet")
    available = new_among(status.get("availableReplicas", 0), status.get("replicas", 0), updated)
    if updated == total and status.get("replicas", 0) == total and available == total:
        return Rollout(RolloutState.ROLLED, total, total, all_updated=True)
    all_updated = updated == total == status.get("replicas", 0)
    if spec.get("paused"):
        return Rollout(RolloutState.HELD, updated, total, "paused: pods change when it is resumed")
    condition = _condition(deployment, "Progressing")
    # The controller sets it from the newest template's ReplicaSet first, and takes it back with the first pod it makes.
    failure = _condition(deployment, "ReplicaFailure")
    trouble = without_credentials(failure.get("message", "")) if failure.get("status") == "True" else ""
    # Going back to a former template the controller leaves the condition as it was until pods have moved.
    stale = before is not None and condition == _condition(before, "Progressing")
    if condition.get("reason") == "ProgressDeadlineExceeded" and not stale:
        message = condition.get("message", "progress deadline exceeded")
        return Rollout(RolloutState.FAILED, available, total, message, all_updated, trouble)
    message = f"{available} of {total} new pods are available"
    return Rollout(RolloutState.ROLLING, available, total, message, all_updated, trouble)


def _condition(deployment: Object, name: str) -> Object:
    conditions = (deployment.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == name), {})


DEPLOYMENT = WorkloadKind("Deployment", "apps/v1", "deployments", rollout, history="apps/v1/replicasets")
