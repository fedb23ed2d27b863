"""Why a rollout does not go on, in the words of its pods."""

from __future__ import annotations

from typing import Any

from .cluster_api import ClusterApi
from .errors import ApiError


def explain(api: ClusterApi, namespace: str, workload: dict[str, Any]) -> str:
    """ "; pod NAME: what it waits for", or nothing where pods can't be read or none is in trouble."""
    labels = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    if not selector:
        return ""
    try:
        pods, _version = api.list(f"/api/v1/namespaces/{namespace}/pods", selector)
    except ApiError:
        return ""
    troubles = [f"; pod {pod['metadata']['name']}: {why}" for pod in pods if (why := trouble(pod))]
    return "".join(troubles[:2])


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
