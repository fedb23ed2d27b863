# SPDX-License-Identifier: Apache-2.0
"""What is true of a workload, read from the API server's own objects; the collection's code is asked nothing."""

from __future__ import annotations

import json
from typing import Any

from tests.simulation.controllers.base import Owned, ready
from tests.simulation.traits import MOUNT, TEMPLATE, VOLUME
from tests.simulation.values import Object, at

DOMAIN = "wasm-filters.openclarity.io"
OURS = {"app.kubernetes.io/managed-by": "openclarity.wasm_filters"}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def manager(filter_name: str) -> str:
    return f"{DOMAIN}/{filter_name}"


def label(workload: Object, filter_name: str) -> str:
    """The revision that the pod template names; empty: none."""
    return str((at(workload, *TEMPLATE, "labels") or {}).get(f"{DOMAIN}/{filter_name}") or "")


def entries(text: str | None) -> list[Any] | None:
    """An annotation's entries, each (name, entry); None: it can't be read."""
    try:
        found = json.loads(text) if text and text.strip() else []
    except ValueError:
        return None
    if isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values()):
        return list(found.items())
    if isinstance(found, list) and all(isinstance(entry, dict) for entry in found):
        return [(entry.get("name"), {key: value for key, value in entry.items() if key != "name"}) for entry in found]
    return None if found is not None else []


def texts(workload: Object) -> tuple[str | None, str | None]:
    annotations = at(workload, *TEMPLATE, "annotations") or {}
    return annotations.get(VOLUME), annotations.get(MOUNT)


def mounted(workload: Object, filter_name: str) -> str:
    """The revision whose file a new pod would get, by both annotations; empty: none."""
    name = f"wasm-filter-{filter_name}"
    volume, mount = (dict(entries(text) or []).get(name) for text in texts(workload))
    config_map = str(at(volume, "configMap", "name") or "")
    right = at(mount, "mountPath") == f"/var/local/wasm-filter/{filter_name}"
    return config_map.rpartition("-")[2] if right and config_map.startswith("wasm-filter-") else ""


def has_filter(workload: Object, filter_name: str, revision: str) -> bool:
    """Label, volume and mount are of this revision; of none at all, if it is empty."""
    if revision:
        return label(workload, filter_name) == mounted(workload, filter_name) == revision
    annotations = workload["metadata"].get("annotations") or {}
    return (
        not label(workload, filter_name)
        and not mounted(workload, filter_name)
        and not any(key.startswith(f"{DOMAIN}/{filter_name}.") for key in annotations)
    )


def held(workload: Object) -> bool:
    """Its pods wait for somebody; those below a partition, unless they are of the newest template already."""
    spec, status = workload["spec"], workload.get("status") or {}
    strategy = spec.get("updateStrategy") or {}
    partition = at(strategy, "rollingUpdate", "partition")
    back = status.get("currentRevision") == status.get("updateRevision") and _observed(workload)
    return bool(spec.get("paused") or strategy.get("type") == "OnDelete" or (partition and not back))


def _observed(workload: Object) -> bool:
    return bool(at(workload, "status", "observedGeneration") == workload["metadata"].get("generation"))


def said_to_be_rolled(workload: Object) -> bool:
    """By its own status: all pods are of the newest template, none is of another, and all are available."""
    status = workload.get("status") or {}
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled")
        counts = [status.get(name) for name in ("updatedNumberScheduled", "numberAvailable", "currentNumberScheduled")]
    else:
        wanted = workload["spec"]["replicas"]
        counts = [status.get(name, 0) for name in ("updatedReplicas", "availableReplicas", "replicas")]
    return _observed(workload) and all(count == wanted for count in counts)


def pods_of(owned: Owned, workload: Object) -> list[Object]:
    if workload["kind"] != "Deployment":
        return owned.of(workload, "Pod")
    return [pod for one in owned.of(workload, "ReplicaSet") for pod in owned.of(one, "Pod")]


def of_template(pod: Object, workload: Object) -> bool:
    return bool(at(pod, "spec", "template") == workload["spec"]["template"])


def rolled(owned: Owned, workload: Object, nodes: int, ready_too: bool = True) -> bool:
    """All pods that there should be are there, are ready, and are of the newest template; and there are no others."""
    wanted = nodes if workload["kind"] == "DaemonSet" else workload["spec"]["replicas"]
    pods = pods_of(owned, workload)
    if workload["kind"] == "StatefulSet":
        # Those beyond go, the last first, because it was scaled down: nobody replaces them.
        pods = [pod for pod in pods if int(pod["metadata"]["name"].rpartition("-")[2]) < wanted]
    return len(pods) == wanted and all(of_template(pod, workload) and (ready(pod) or not ready_too) for pod in pods)
