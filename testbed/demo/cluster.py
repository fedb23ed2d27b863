# SPDX-License-Identifier: Apache-2.0
"""What the demo asks of the API server, and what it puts there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..paths import PACKAGE
from .api import Api, Object
from .errors import DemoError
from .proof import PodLife

FOLDER = Path(__file__).resolve().parent
MANIFESTS = ("traces", "shop", "pay")
INJECTED = ("shop", "pay")
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
}
PROGRAMS = {"traces": "trace_backend.py", "shop": "app.py", "pay": "app.py"}
PART_OF = {"app.kubernetes.io/part-of": "wasm-filters-demo"}
POD_LABEL = "wasm-filters.openclarity.io/trace"
REVISION_LABEL = "wasm-filters.openclarity.io/revision"


@dataclass(frozen=True)
class Workload:
    kind: str
    namespace: str
    name: str
    ready: int = 0
    replicas: int = 1
    current: bool = False
    """Whether all replicas are of the newest template."""

    @property
    def label(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def is_ready(self) -> bool:
        return self.current and self.ready == self.replicas


class Cluster:
    def __init__(self, kubeconfig: Path) -> None:
        self._api = Api(kubeconfig)

    @property
    def server(self) -> str:
        return self._api.server

    def apply(self, document: Object) -> None:
        self._api.apply(_path(document["kind"], document["metadata"]), document)

    def ours(self) -> list[str]:
        """The demo's namespaces that are there.

        :raises DemoError: one of that name is somebody else's.
        """
        found = {name: self._api.find(_path("Namespace", {"name": name})) for name in MANIFESTS}
        there = {name: entry["metadata"].get("labels") or {} for name, entry in found.items() if entry}
        foreign = [name for name, labels in there.items() if not PART_OF.items() <= labels.items()]
        if foreign:
            raise DemoError(
                f"There is a namespace {foreign[0]} already, which is not the demo's (it has no label "
                f"{'='.join(*PART_OF.items())}): nothing was changed. Use a cluster without {', '.join(MANIFESTS)}."
            )
        return list(there)

    def delete(self, namespace: str) -> None:
        self._api.delete(_path("Namespace", {"name": namespace}))

    def without_sidecar(self) -> list[str]:
        """Pods that were to get one."""
        return [
            f"{name}/{pod['metadata']['name']}"
            for name in INJECTED
            for pod in self.pods(name)
            if not any(entry["name"] == "istio-proxy" for entry in _containers(pod["spec"]))
        ]

    def workloads(self, documents: list[Object]) -> list[Workload]:
        found = [entry for entry in documents if entry["kind"] in ("Deployment", "StatefulSet")]
        return [_workload(self._api.get(_path(entry["kind"], entry["metadata"])), entry["kind"]) for entry in found]

    def pods(self, namespace: str, everything: bool = False) -> list[Object]:
        """Those that stay; with `everything` also those about to end."""
        pods: list[Object] = self._api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [pod for pod in pods if everything or "deletionTimestamp" not in pod["metadata"]]

    def names(self) -> dict[str, str]:
        """IP address -> namespace/workload, and namespace/service."""
        found: dict[str, str] = {}
        for namespace in MANIFESTS:
            for pod in self.pods(namespace, everything=True):
                labels = pod["metadata"].get("labels", {})
                found[pod["status"].get("podIP", "")] = f"{namespace}/{labels.get('app', pod['metadata']['name'])}"
            for service in self._api.get(PATHS["Service"].format(namespace))["items"]:
                found[service["spec"].get("clusterIP", "")] = f"{namespace}/{service['metadata']['name']}"
        return found

    def lives(self) -> dict[str, PodLife]:
        return {f"{name}/{pod['metadata']['name']}": _life(pod) for name in INJECTED for pod in self.pods(name)}

    def pod_revisions(self) -> set[str]:
        """Delivery configmap: what the pods are labelled with."""
        pods = [pod for name in INJECTED for pod in self.pods(name)]
        return {pod["metadata"]["labels"].get(POD_LABEL, "none") for pod in pods}

    def inline_revisions(self) -> set[str]:
        """Delivery inline: what the EnvoyFilters are labelled with."""
        path = "/apis/networking.istio.io/v1alpha3/namespaces/{}/envoyfilters/trace-filter"
        return {self._api.get(path.format(name))["metadata"]["labels"][REVISION_LABEL] for name in INJECTED}

    def backend(self, method: str, query: str) -> Object:
        """A request to the trace backend, through the API server too."""
        pod = next(iter(self.pods("traces")), None)
        if pod is None:
            raise ConnectionError("the trace backend has no pod")
        return self._api.request(method, f"{_pod_path('traces/' + pod['metadata']['name'])}:9000/proxy{query}")


def manifest(namespace: str) -> list[Object]:
    """With the program that its pods run."""
    first, *others = yaml.safe_load_all((FOLDER / f"{namespace}.yaml").read_text())
    program = PROGRAMS[namespace]
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "program", "namespace": namespace},
        "data": {program: (PACKAGE / "images" / program).read_text()},
    }
    return [first, config_map, *others]


def _path(kind: str, metadata: Object) -> str:
    return f"{PATHS[kind].format(metadata.get('namespace', ''))}/{metadata['name']}"


def _pod_path(pod: str) -> str:
    namespace, name = pod.split("/")
    return f"/api/v1/namespaces/{namespace}/pods/{name}"


def _workload(found: Object, kind: str) -> Workload:
    metadata, status = found["metadata"], found.get("status", {})
    replicas = found["spec"].get("replicas", 1)
    current = status.get("observedGeneration", 0) >= metadata["generation"]
    current = current and status.get("updatedReplicas", 0) == replicas == status.get("replicas", 0)
    return Workload(kind, metadata["namespace"], metadata["name"], status.get("readyReplicas", 0), replicas, current)


def _containers(spec: Object) -> list[Object]:
    return [*spec.get("containers", ()), *spec.get("initContainers", ())]


def _life(pod: Object) -> PodLife:
    status: dict[str, Any] = pod["status"]
    containers = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return PodLife(
        pod["metadata"]["uid"], status.get("startTime") or "", sum(entry["restartCount"] for entry in containers)
    )
