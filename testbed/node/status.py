# SPDX-License-Identifier: Apache-2.0
"""A pod's status as the API server is told it (pure)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from .. import network
from .containers import Container, Phase, Role, finished, initialized

Object = dict[str, Any]


def pod_status(pod: Object, containers: Sequence[Container], address: str | None, started: float, now: float) -> Object:
    policy = pod["spec"].get("restartPolicy", "Always")
    done = finished(containers, policy) and not any(c.running for c in containers)
    phase = _phase(containers, done)
    status: Object = {
        "phase": phase,
        "startTime": timestamp(started),
        "hostIP": network.NODE_IP,
        "hostIPs": [{"ip": network.NODE_IP}],
        "conditions": _conditions(pod, containers, address, phase, now),
        "containerStatuses": [_container(c) for c in containers if c.role is Role.MAIN],
    }
    if any(c.role is not Role.MAIN for c in containers):
        status["initContainerStatuses"] = [_container(c) for c in containers if c.role is not Role.MAIN]
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def timestamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _phase(containers: Sequence[Container], done: bool) -> str:
    if done:
        work = [c for c in containers if c.role is not Role.SIDECAR]
        return "Failed" if any(c.phase is not Phase.TERMINATED or c.exit_code for c in work) else "Succeeded"
    mains = [c for c in containers if c.role is Role.MAIN]
    begun = all(c.running or c.restarts or c.phase is Phase.TERMINATED for c in mains)
    return "Running" if initialized(containers) and begun else "Pending"


def _conditions(
    pod: Object, containers: Sequence[Container], address: str | None, phase: str, now: float
) -> list[Object]:
    unready = [c.name for c in containers if c.role is not Role.INIT and not c.ready]
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or ()]
    known = {c["type"]: c for c in (pod.get("status") or {}).get("conditions") or ()}
    open_gates = all(known.get(gate, {}).get("status") == "True" for gate in gates)
    reason, message = ("", "")
    if phase in ("Succeeded", "Failed"):
        reason = "PodCompleted"
    elif unready:
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    is_initialized = initialized(containers) or phase == "Succeeded"
    conditions = [
        ("PodReadyToStartContainers", bool(address), "", ""),
        ("Initialized", is_initialized, "" if is_initialized else "ContainersNotInitialized", ""),
        ("ContainersReady", not reason, reason, message),
        ("Ready", not reason and open_gates, reason or ("" if open_gates else "ReadinessGatesNotReady"), message),
    ]
    return [_condition(known, *condition, now) for condition in conditions]


def _condition(known: dict[str, Object], kind: str, true: bool, reason: str, message: str, now: float) -> Object:
    status = "True" if true else "False"
    before = known.get(kind, {})
    changed = before.get("status") != status
    since = timestamp(now) if changed else before.get("lastTransitionTime")
    # A patch merges a condition with the one before: what no longer holds must be named to go.
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": since,
        "reason": reason or None,
        "message": message or None,
    }


def _container(container: Container) -> Object:
    status: Object = {
        "name": container.name,
        "image": container.spec.get("image", ""),
        "imageID": "",
        "ready": container.ready,
        "started": container.started,
        "restartCount": container.restarts,
        "state": _state(container),
    }
    if container.previous_exit:
        status["lastState"] = {"terminated": _terminated(*container.previous_exit)}
    if container.phase is not Phase.WAITING:
        status["containerID"] = f"testbed://{container.run}"
    return status


def _state(container: Container) -> Object:
    if container.phase is Phase.RUNNING:
        return {"running": {"startedAt": timestamp(container.started_at)}}
    if container.phase is Phase.TERMINATED:
        return {"terminated": _terminated(container.exit_code, container.started_at, container.finished_at)}
    waiting = {"reason": container.reason, "message": container.message}
    return {"waiting": {key: value for key, value in waiting.items() if value}}


def _terminated(exit_code: int, started: float, ended: float) -> Object:
    result = {
        "exitCode": exit_code,
        "reason": "Error" if exit_code else "Completed",
        "startedAt": timestamp(started),
        "finishedAt": timestamp(ended),
    }
    return result | ({"signal": exit_code - 128} if exit_code > 128 else {})
