# SPDX-License-Identifier: Apache-2.0
"""What keeps a pod from being ready, in the cluster's own words, and whether that heals by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.shown import without_credentials

PODS_NAMED_MAX = 2
# How many looks in a row, ten seconds apart, a trouble has to stand before a rollout is given up because of it.
SOON = 2
# For what often heals: a volume that another node lets go of, a network plugin or an injector that is starting.
LATER = 4
# A cluster autoscaler takes minutes to bring a node: there is time as long as wasm_filter_timeout.
NEVER = 1_000_000
# No trouble (yet): it may be starting.
STARTING = 0
# An application that ends before its sidecar is up comes back by itself, once or twice.
CRASHES = 3

REFUSED = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
        "CreateContainerConfigError",
        "CreateContainerError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
    }
)
# Events of a pod whose containers have not begun to start.
BEFORE_START = {"FailedMount": LATER, "FailedCreatePodSandBox": LATER, "FailedAttachVolume": NEVER}

Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Trouble:
    """`looks`: how long it may stand, see above. `node`: the pod's node does not answer; empty: it does."""

    text: str
    looks: int
    node: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", without_credentials(self.text))

    @property
    def lasting(self) -> bool:
        """Is it more than a pod that is starting?"""
        return self.looks != STARTING


def explain(pods: list[dict[str, Any]], wanted: dict[str, str]) -> str:
    """ "; pod NAME: what it waits for" of a workload's pods, each reason once; empty if none is in trouble.

    :param pods: all pods of the workload's namespace.
    :param wanted: the labels of the workload's own.
    """
    reasons: dict[str, str] = {}
    for pod in own_pods(pods, wanted):
        why = trouble(pod)
        if why:
            reasons.setdefault(why, pod["metadata"]["name"])
    named = list(reasons.items())[:PODS_NAMED_MAX]
    return "".join(f"; pod {name}: {why}" for why, name in named)


def own_pods(pods: list[dict[str, Any]], wanted: dict[str, str]) -> list[dict[str, Any]]:
    """Those with a workload's labels; none for a workload whose pods are not known by labels."""
    return [pod for pod in pods if wanted and wanted.items() <= (pod["metadata"].get("labels") or {}).items()]


def trouble(pod: Pod) -> str:
    """What keeps one pod from being ready; empty if nothing does."""
    found = diagnosed(pod)
    return found.text if found else ""


def diagnosed(pod: Pod, warning: Mapping[str, Any] | None = None) -> Trouble | None:
    """What keeps one pod from being ready.

    :param warning: the newest event of BEFORE_START about it.
    """
    status = pod.get("status") or {}
    conditions = {one.get("type"): one for one in status.get("conditions") or []}
    if is_lost(pod):
        node = (pod.get("spec") or {}).get("nodeName", "")
        return Trouble(f"its node {node} does not answer", NEVER, node)
    statuses = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    waiting = [found for one in statuses if (found := _waiting(one))]
    if warning and not any(found.lasting for found in waiting) and not _has_started(statuses):
        return Trouble(f"{warning['reason']} {warning.get('message', '')}".strip(), BEFORE_START[warning["reason"]])
    if waiting:
        return next((found for found in waiting if found.lasting), waiting[0])
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return Trouble(f"not scheduled: {scheduled.get('message', '')}", NEVER)
    unready = [one["name"] for one in status.get("containerStatuses") or [] if not one.get("ready")]
    return Trouble(f"container {', '.join(unready)} is not ready", STARTING) if unready else None


def is_lost(pod: Pod) -> bool:
    """Has its node stopped answering?

    A kubelet calls a pod ready whose containers and readiness gates all are. Where only the pod is not, the node
    controller has said so, because the kubelet is silent.
    """
    conditions = {one.get("type"): one.get("status") for one in (pod.get("status") or {}).get("conditions") or []}
    gates = [one.get("conditionType") for one in (pod.get("spec") or {}).get("readinessGates") or []]
    return (
        conditions.get("Ready") == "False"
        and conditions.get("ContainersReady") == "True"
        and all(conditions.get(gate) == "True" for gate in gates)
    )


def is_unnoticed(pod: Pod) -> bool:
    """Has its node's kubelet not taken note of it yet? Where that lasts the node is down, and was before the pod."""
    status = pod.get("status") or {}
    return bool((pod.get("spec") or {}).get("nodeName")) and "startTime" not in status and not is_over(pod)


def is_ready(pod: Pod) -> bool:
    """As its conditions say."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def is_over(pod: Pod) -> bool:
    """It has ended, and only its object is left."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _waiting(container: Mapping[str, Any]) -> Trouble | None:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason")
    if not reason:
        return None
    text = f"container {container['name']} is waiting: {reason} {waiting.get('message', '')}".strip()
    if reason == "CrashLoopBackOff":
        ended = (container.get("lastState") or {}).get("terminated") or {}
        last = f" (exit code {ended['exitCode']}, {ended.get('reason', '')})" if "exitCode" in ended else ""
        crashes = container.get("restartCount", 0) + 1
        return Trouble(text + last, SOON if crashes >= CRASHES else STARTING)
    return Trouble(text, SOON if reason in REFUSED else STARTING)


def _has_started(statuses: list[Mapping[str, Any]]) -> bool:
    return any({"running", "terminated"} & set(one.get("state") or {}) for one in statuses)
