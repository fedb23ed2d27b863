"""DaemonSet.

https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
"""

from __future__ import annotations

from typing import Any

from .base import HELD, ROLLED, ROLLING, Rollout, WorkloadKind, new_among, observed


def rollout(daemon_set: dict[str, Any]) -> Rollout:
    status = daemon_set.get("status") or {}
    total = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    if not observed(daemon_set):
        return Rollout(ROLLING, 0, total, "not seen by its controller yet")
    on_delete = (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    if on_delete and updated < total:
        return Rollout(HELD, updated, total, "updateStrategy OnDelete: pods change when they are deleted")
    available = new_among(status.get("numberAvailable", 0), status.get("currentNumberScheduled", total), updated)
    if available >= total:
        return Rollout(ROLLED, total, total, replaced=True)
    message = f"{available} of {total} new pods are available"
    return Rollout(ROLLING, available, total, message, updated >= total)


DAEMON_SET = WorkloadKind("DaemonSet", "apps/v1", "daemonsets", rollout)
