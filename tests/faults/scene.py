# SPDX-License-Identifier: Apache-2.0
"""Namespaces of several workloads, with annotations of their own, and what of them must outlive any run."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.cluster import manifests
from tests.cluster.kubectl import Kubectl
from tests.upgrade import capture

Object = dict[str, Any]

VOLUME, MOUNT = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount"
LABEL = "wasm-filters.openclarity.io/trace"
LEASE = "wasm-filter-trace"
KINDS = ("Deployment", "StatefulSet", "DaemonSet")
# As applications write them, with spaces of their own.
ANNOTATIONS: tuple[dict[str, str], ...] = (
    {},
    {"prometheus.io/scrape": "true", "text": 'of  two\nlines, with "quotes" and é'},
    {VOLUME: '[ {"name": "theirs", "emptyDir": {}} ]', MOUNT: '[ {"name": "theirs", "mountPath": "/theirs"} ]'},
    {VOLUME: '{"theirs": {"emptyDir": {} }}', MOUNT: '{"theirs":{"mountPath":"/theirs"}}', "other": ""},
    {VOLUME: "[]"},
)
NOT_INJECTED = "outside"


@dataclass(frozen=True)
class Scene:
    """One namespace; what is in it is of the seed."""

    namespace: str
    objects: list[Object]

    @property
    def workloads(self) -> list[str]:
        """KIND/NAME of those that take the filter, and of the one that does not."""
        kinds = [entry for entry in self.objects if entry["kind"] in KINDS]
        return [f"{entry['kind']}/{entry['metadata']['name']}" for entry in kinds]


@dataclass(frozen=True)
class State:
    """What there is of the application, and what of the filter."""

    workloads: dict[str, Object]
    ours: dict[str, Object]
    leases: int

    def revision(self, workload: str) -> str:
        """Of its template."""
        found: str = self.workloads[workload]["spec"]["template"]["metadata"]["labels"].get(LABEL, "")
        return found


def draw(rng: random.Random, namespace: str, more: int = 0) -> Scene:
    """All three kinds, and a few more; with `more` so many more."""
    kinds = [*KINDS, *rng.choices(KINDS, k=rng.randint(0, 2) + more)]
    objects = [_workload(rng, namespace, f"w{number}", kind) for number, kind in enumerate(kinds)]
    outside = _workload(rng, namespace, NOT_INJECTED, "Deployment")
    outside["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] = "false"
    return Scene(namespace, [*objects, outside, *_foreign(namespace)])


def _workload(rng: random.Random, namespace: str, name: str, kind: str) -> Object:
    entry = manifests.workload(
        namespace, name, kind, rng.randint(1, 3), annotations=dict(rng.choice(ANNOTATIONS)), pod=manifests.KWOK
    )
    entry["metadata"]["annotations"] = {"owner": "a team", **({"note": " "} if rng.random() < 0.5 else {})}
    return entry


def _foreign(namespace: str) -> list[Object]:
    """Of somebody else, though of the kinds that we make."""
    metadata = {"namespace": namespace, "labels": {"app": "theirs"}}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**metadata, "name": "settings"},
            "data": {"key": "value"},
        },
        {
            "apiVersion": "networking.istio.io/v1alpha3",
            "kind": "EnvoyFilter",
            "metadata": {**metadata, "name": "theirs"},
            "spec": {"priority": 1},
        },
    ]


def put(kubectl: Kubectl, scene: Scene) -> None:
    kubectl.apply(manifests.namespace(scene.namespace), *scene.objects)
    kubectl.rolled(scene.namespace, *(name.replace("/", ".apps/", 1) for name in scene.workloads))


def state(kubectl: Kubectl, scene: Scene) -> State:
    name = scene.namespace
    leases = len(kubectl.get("leases", "-n", name)["items"])
    workloads = capture.without_managers(capture.workloads(kubectl, name))
    return State(workloads, capture.without_managers(capture.ours(kubectl, name)), leases)


def untouched(kubectl: Kubectl, scene: Scene) -> dict[str, str]:
    """What no run may write to: resourceVersions."""
    kinds = f"configmaps,{capture.ENVOY_FILTERS}"
    found = kubectl.get(kinds, "-n", scene.namespace, "-l", "app=theirs")["items"]
    found.append(kubectl.get("deployment", NOT_INJECTED, "-n", scene.namespace))
    return {f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["resourceVersion"] for one in found}


def pods_that_lag(kubectl: Kubectl, scene: Scene, now: State) -> list[str]:
    """Pods that are not of their workload's template."""
    wanted = {name.split("/")[1]: now.revision(name) for name in now.workloads}
    pods = kubectl.pods(scene.namespace)
    labels = {pod["metadata"]["name"]: pod["metadata"]["labels"] for pod in pods}
    return [pod for pod, found in labels.items() if found.get(LABEL, "") != wanted[found["app"]]]


def own_volumes_missing(now: State, before: State) -> list[str]:
    """Workloads whose sidecar has not all the volumes that the application asks for."""
    return [
        f"{name} {key}"
        for name, entry in before.workloads.items()
        for key in (VOLUME, MOUNT)
        if not _names(entry, key) <= _names(now.workloads[name], key)
    ]


def _names(workload: Object, key: str) -> set[str]:
    annotations = workload["spec"]["template"]["metadata"].get("annotations") or {}
    found = json.loads(annotations.get(key, "[]"))
    return set(found) if isinstance(found, dict) else {one["name"] for one in found}
