# SPDX-License-Identifier: Apache-2.0
"""The kinds that the simulated API server serves, and the paths they have.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tests.simulation.values import Object


@dataclass(frozen=True)
class Resource:
    """`defaults`: what the server fills into a spec that does not say it."""

    kind: str
    api_version: str
    plural: str
    namespaced: bool = True

    @property
    def base(self) -> str:
        return f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"

    def path(self, namespace: str = "", name: str = "") -> str:
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.base}{scope}/{self.plural}" + (f"/{name}" if name else "")


RESOURCES = {
    one.kind: one
    for one in (
        Resource("Namespace", "v1", "namespaces", namespaced=False),
        Resource("ConfigMap", "v1", "configmaps"),
        Resource("Pod", "v1", "pods"),
        Resource("Event", "v1", "events"),
        Resource("Service", "v1", "services"),
        Resource("ReplicaSet", "apps/v1", "replicasets"),
        Resource("ControllerRevision", "apps/v1", "controllerrevisions"),
        Resource("Deployment", "apps/v1", "deployments"),
        Resource("StatefulSet", "apps/v1", "statefulsets"),
        Resource("DaemonSet", "apps/v1", "daemonsets"),
        Resource("CronJob", "batch/v1", "cronjobs"),
        Resource("Job", "batch/v1", "jobs"),
        Resource("Lease", "coordination.k8s.io/v1", "leases"),
        Resource("EnvoyFilter", "networking.istio.io/v1alpha3", "envoyfilters"),
        Resource("Lease", "coordination.k8s.io/v1", "leases"),
    )
}
_BY_PLURAL = {(one.base, one.plural): one for one in RESOURCES.values()}
GROUP_VERSIONS = {one.base for one in RESOURCES.values()}


@dataclass(frozen=True)
class Place:
    """What a path names: an object, or a collection (no `name`) of one namespace or of all (no `namespace`)."""

    resource: Resource
    namespace: str = ""
    name: str = ""


@lru_cache(100_000)
def place_of(path: str) -> Place | None:
    """None: nothing that is served."""
    parts = path.strip("/").split("/")
    length = 2 if parts[0] == "api" else 3
    base, rest = "/" + "/".join(parts[:length]), parts[length:]
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    resource = _BY_PLURAL.get((base, rest[0])) if rest else None
    if resource is None or len(rest) > 2:
        return None
    return Place(resource, namespace, rest[1] if len(rest) == 2 else "")


@lru_cache(100_000)
def page_of(path: str) -> tuple[str, str] | None:
    """The namespace and the pod whose own port is asked, by way of the API server."""
    parts = path.partition("?")[0].strip("/").split("/")
    if parts[:3] != ["api", "v1", "namespaces"] or parts[4:5] != ["pods"] or parts[6:7] != ["proxy"]:
        return None
    return parts[3], parts[5].partition(":")[0]


def place_of_object(entry: Object) -> Place:
    metadata = entry["metadata"]
    return Place(RESOURCES[entry["kind"]], metadata.get("namespace", ""), metadata["name"])


_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
_DEFAULTS: dict[str, Object] = {
    "Deployment": {"replicas": 1, "strategy": _ROLLING, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10},
    "StatefulSet": {"replicas": 1, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
    "DaemonSet": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
}


def with_defaults(entry: Object) -> Object:
    """What the server fills in."""
    defaults = _DEFAULTS.get(entry["kind"])
    return entry if defaults is None else {**entry, "spec": {**defaults, **entry["spec"]}}
