# SPDX-License-Identifier: Apache-2.0
"""What keeps a workload's pods from being replaced, from its status, its pods and the events about them. Pure."""

from __future__ import annotations

from typing import Any

from ..deliveries.workload_change import revision_of
from ..domain.names import FilterNames
from ..kinds.base import Object, Rollout, RolloutState, WorkloadKind, observed
from .messages import Looked
from .pod_diagnosis import (
    BEFORE_START,
    LATER,
    SOON,
    Trouble,
    diagnosed,
    is_lost,
    is_over,
    is_ready,
    is_unnoticed,
    own_pods,
)

# It stood while nothing moved before it was looked at.
AT_ONCE = 1
QUOTA = "exceeded quota"
# As the API server begins the sentence of a webhook that does not answer.
WEBHOOK = "failed calling webhook"
FAILED_CREATE = "FailedCreate"


def trouble_of(
    kind: WorkloadKind, workload: Object, rollout: Rollout, looked: Looked, names: FilterNames
) -> Trouble | None:
    """Why nothing moves, if that is known and more than pods which are starting.

    :param workload: one whose pods have not moved for a while.
    """
    pods = [pod for pod in looked.pods or [] if not is_over(pod)]
    if rollout.trouble:
        return _refused(rollout.trouble, pods, AT_ONCE)
    own = own_pods(pods, kind.pod_labels(workload))
    failing = _worst(kind, workload, own, looked.warnings, names)
    if failing is not None:
        return failing
    down = [pod for pod in own if is_lost(pod) or is_unnoticed(pod)] if kind.pod_per_node else []
    if _any_moves([pod for pod in own if pod not in down]):
        return None
    if down:
        return _node_down(down)
    event = _failed_create(workload, looked.warnings, names)
    return _refused(event, pods, SOON) if event else None


def illness(kind: WorkloadKind, workload: Object, pods: list[Object], names: FilterNames) -> str:
    """What is wrong with a workload that this run has not touched; empty: nothing, or it is being rolled.

    Pods of a revision of ours do not count: what is wrong with them, this run may be about to mend.
    """
    rollout = kind.rollout(workload, None)
    if not is_doubtful(kind, workload):
        return ""
    if revision_of(kind, workload, names) is None and (rollout.trouble or rollout.state == RolloutState.FAILED):
        return ": ".join(filter(None, (rollout.message, rollout.trouble)))
    for pod in own_pods(pods, kind.pod_labels(workload)):
        found = diagnosed(pod)
        theirs = names.pod_label not in pod["metadata"]["labels"] and not is_over(pod)
        # A pod on a node that is down keeps only those from rolling that need it gone.
        if theirs and found and found.lasting and (not found.node or kind.pods_in_order):
            return f"{rollout.message}: pod {pod['metadata']['name']}: {found.text}"
    return ""


def is_doubtful(kind: WorkloadKind, workload: Object) -> bool:
    """Are pods missing, or not ready, as far as its status tells?"""
    return observed(workload) and kind.rollout(workload, None).state in (RolloutState.ROLLING, RolloutState.FAILED)


def _worst(
    kind: WorkloadKind, workload: Object, own: list[Object], warnings: list[Object], names: FilterNames
) -> Trouble | None:
    wanted = revision_of(kind, workload, names)
    about = {one["involvedObject"].get("uid"): one for one in warnings if one.get("reason") in BEFORE_START}
    found: dict[str, Trouble] = {}
    for pod in own:
        is_new = pod["metadata"]["labels"].get(names.pod_label) == wanted
        one = diagnosed(pod, about.get(pod["metadata"].get("uid")))
        if one and one.lasting and not (one.node and kind.pod_per_node) and (is_new or kind.pods_in_order):
            found.setdefault(pod["metadata"]["name"], one)
    if not found:
        return None
    name, worst = min(found.items(), key=lambda item: item[1].looks)
    return Trouble(f"pod {name}: {worst.text}", worst.looks)


def _refused(text: str, pods: list[Object], looks: int) -> Trouble | None:
    """Pods that can not be made. What quota there is may be held by pods on their way in or out."""
    if QUOTA in text and _any_moves(pods):
        return None
    return Trouble(text, LATER if WEBHOOK in text else looks)


def _any_moves(pods: list[Object]) -> bool:
    """Is one of them on its way in or out?"""
    return any(not is_ready(pod) or pod["metadata"].get("deletionTimestamp") for pod in pods)


def _node_down(pods: list[Object]) -> Trouble:
    down = [(pod["metadata"]["name"], pod["spec"]["nodeName"]) for pod in pods]
    text = "; ".join(f"node {node} does not answer, and pod {name} on it can't be replaced" for name, node in down)
    return Trouble(text, SOON, down[0][1])


def _failed_create(workload: Object, warnings: list[Object], names: FilterNames) -> str:
    """The newest of its events of pods that could not be made, since our patch. Both clocks are the control plane's."""
    since = _patched_at(workload, names)
    found = [
        one
        for one in warnings
        if one.get("reason") == FAILED_CREATE
        and one["involvedObject"].get("uid") == workload["metadata"].get("uid")
        and _last_seen(one) >= since
    ]
    return str(max(found, key=_last_seen).get("message", "")) if found else ""


def _patched_at(workload: Object, names: FilterNames) -> str:
    entries = workload["metadata"].get("managedFields") or []
    return max((one.get("time", "") for one in entries if one.get("manager") == names.field_manager), default="")


def _last_seen(event: dict[str, Any]) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or "")
