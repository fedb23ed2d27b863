"""Why a rollout does not go on, in the words of its pods. Pure."""

from __future__ import annotations

from typing import Any

PODS_NAMED_MAX = 2


def explain(pods: list[dict[str, Any]], wanted: dict[str, str]) -> str:
    """ "; pod NAME: what it waits for" of a workload's pods, each reason once; empty if none is in trouble.

    :param pods: all pods of the workload's namespace.
    :param wanted: the labels of the workload's own.
    """
    if not wanted:
        return ""
    reasons: dict[str, str] = {}
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        why = trouble(pod) if wanted.items() <= labels.items() else ""
        if why:
            reasons.setdefault(why, pod["metadata"]["name"])
    named = list(reasons.items())[:PODS_NAMED_MAX]
    return "".join(f"; pod {name}: {why}" for why, name in named)


def trouble(pod: dict[str, Any]) -> str:
    """What keeps one pod from being ready; empty if nothing does."""
    status = pod.get("status") or {}
    statuses = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    for container in statuses:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return f"container {container['name']} is waiting: {waiting['reason']} {waiting.get('message', '')}".strip()
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"not scheduled: {condition.get('message', '')}"
    unready = [c["name"] for c in status.get("containerStatuses") or [] if not c.get("ready")]
    return f"container {', '.join(unready)} is not ready" if unready else ""
