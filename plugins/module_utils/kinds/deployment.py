"""Deployment.

The conditions are those of `kubectl rollout status`:
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from typing import Any

from .base import FAILED, HELD, ROLLED, ROLLING, Rollout, WorkloadKind, new_among, observed


def rollout(deployment: dict[str, Any]) -> Rollout:
    spec = deployment["spec"]
    status = deployment.get("status") or {}
    total = spec.get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    if not observed(deployment):
        return Rollout(ROLLING, 0, total, "not seen by its controller yet")
    available = new_among(status.get("availableReplicas", 0), status.get("replicas", 0), updated)
    if updated == total and status.get("replicas", 0) == total and available == total:
        return Rollout(ROLLED, total, total, replaced=True)
    replaced = updated == total == status.get("replicas", 0)
    if spec.get("paused"):
        return Rollout(HELD, updated, total, "paused: pods change when it is resumed")
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Rollout(FAILED, available, total, condition.get("message", "progress deadline exceeded"), replaced)
    return Rollout(ROLLING, available, total, f"{available} of {total} new pods are available", replaced)


DEPLOYMENT = WorkloadKind("Deployment", "apps/v1", "deployments", rollout)
