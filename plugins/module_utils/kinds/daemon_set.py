# SPDX-License-Identifier: Apache-2.0
"""DaemonSet.

https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
"""

from __future__ import annotations

from .base import Object, Rollout, RolloutState, WorkloadKind, new_among, observed


def rollout(daemon_set: Object, before: Object | None = None) -> Rollout:
    status = daemon_set.get("status") or {}
    total = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    if not observed(daemon_set):
        return Rollout(RolloutState.ROLLING, 0, total, "not seen by its controller yet")
    on_delete = (daemon_set["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    if on_delete and updated < total:
        return Rollout(RolloutState.HELD, updated, total, "updateStrategy OnDelete: pods change when they are deleted")
    available = new_among(status.get("numberAvailable", 0), status.get("currentNumberScheduled", total), updated)
    if available >= total:
        return Rollout(RolloutState.ROLLED, total, total, all_updated=True)
    message = f"{available} of {total} new pods are available"
    return Rollout(RolloutState.ROLLING, available, total, message, updated >= total)


DAEMON_SET = WorkloadKind(
    "DaemonSet", "apps/v1", "daemonsets", rollout, history="apps/v1/controllerrevisions", pod_per_node=True
)
