# SPDX-License-Identifier: Apache-2.0
"""What a run has to know of the cluster and its mesh before it changes anything. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..cluster.api import ClusterApi
from ..deliveries.base import ENVOY_FILTERS
from ..domain.errors import ApiError, Forbidden
from ..planning import injectors
from ..planning.injection import STATUS
from ..planning.injectors import REVISION, Injectors
from ..planning.services import slim

NAMESPACES = "/api/v1/namespaces"
SERVICES = "/api/v1/services"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
SIDECARS = (ENVOY_FILTERS[0], "sidecars")
# Set by the injector on each pod whose traffic goes through a sidecar.
INJECTED = "security.istio.io/tlsMode=istio"
ISTIOD = "app=istiod"
# Of a namespace's pods: more would only say the same again.
SAMPLE = 20
_BY_LABELS = re.compile(r"(?:always|never)InjectSelector:\s*(\[\])?")


@dataclass
class Namespaces:
    """`found`: {name: Namespace}; `not_readable`: {name: why}; `total`: how many there are, 0 where nobody knows.

    `names`: of all that are known to exist.
    """

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_readable: dict[str, str] = field(default_factory=dict)
    total: int = 0
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Configuration:
    """Of Istio's mesh configuration. `exported_to`: to whom Services are shown that say nothing of it themselves.

    `discovered`: which namespaces istiod looks at, as label selectors; empty: at all.
    """

    root_namespace: str
    exported_to: tuple[str, ...] = ()
    discovered: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class ControlPlane:
    """Of the mesh. `injectors`: None where they may not be read. `labels_decide`: istiod, once it is asked about a pod,
    may look at any label of it. `here`: an istiod is seen for which this cluster is its own.
    """

    injectors: Injectors | None
    labels_decide: bool
    here: bool


def serves_envoy_filters(api: ClusterApi) -> bool:
    """By its API group, which says so without a right to read EnvoyFilters."""
    return api.get(ENVOY_FILTERS[0]) is not None


def configuration(api: ClusterApi, istio_namespace: str) -> Configuration:
    """Where it can't be read, Istio's defaults: the root namespace is istiod's own."""
    import yaml  # the package is checked for by AnsibleK8SModule

    try:
        found = api.get(f"{NAMESPACES}/{istio_namespace}/configmaps/istio") or {}
        mesh = yaml.safe_load((found.get("data") or {}).get("mesh", ""))
    except (ApiError, yaml.YAMLError):
        mesh = None
    mesh = mesh if isinstance(mesh, dict) else {}
    return Configuration(
        str(mesh.get("rootNamespace") or istio_namespace),
        tuple(mesh.get("defaultServiceExportTo") or ()),
        tuple(mesh.get("discoverySelectors") or ()),
    )


def service(api: ClusterApi, namespace: str, name: str) -> dict[str, Any] | None:
    """:raises Forbidden: it may not be read."""
    return api.get(f"{NAMESPACES}/{namespace}/services/{name}")


def services(api: ClusterApi) -> list[dict[str, Any]] | None:
    """All of the cluster, of each what planning needs; None: they may not be listed."""
    try:
        return api.list(SERVICES, kept=slim)[0]
    except Forbidden:
        return None


def read_namespaces(api: ClusterApi, wanted: tuple[str, ...]) -> Namespaces:
    """Those wanted that exist: by one LIST, or one by one where only that is allowed."""
    try:
        items, _version = api.list(NAMESPACES, metadata_only=True)
    except Forbidden:
        return _one_by_one(api, wanted)
    named = {namespace["metadata"]["name"]: namespace for namespace in items}
    there = {name: named[name] for name in wanted if name in named}
    return Namespaces(there, total=len(named), names=frozenset(named))


def control_plane(api: ClusterApi, istio_namespace: str) -> ControlPlane:
    """What is not readable is None, or taken for the usual."""
    try:
        found = injectors.of(api.list(WEBHOOKS)[0])
    except Forbidden:
        return ControlPlane(None, True, True)
    here = (bool(found.labels) and not found.remote) or _has_istiod(api, istio_namespace)
    return ControlPlane(found, _labels_decide(api, istio_namespace, found), here)


def _labels_decide(api: ClusterApi, istio_namespace: str, found: Injectors) -> bool:
    for revision in {webhook.revision for webhook in found.webhooks if webhook.injector}:
        name = "istio-sidecar-injector" + (f"-{revision}" if revision not in ("", "default") else "")
        try:
            settings = api.get(f"{NAMESPACES}/{istio_namespace}/configmaps/{name}")
        except ApiError:
            settings = None
        text = ((settings or {}).get("data") or {}).get("config", "")
        if not text or not all(_BY_LABELS.findall(text)):
            return True
    return False


def running_revisions(api: ClusterApi, namespace: str) -> set[str]:
    """Of the istiods that running sidecars are of; empty where there are none, or none may be read."""
    try:
        pods = api.first(f"{NAMESPACES}/{namespace}/pods", INJECTED, SAMPLE)
    except ApiError:
        return set()
    found: Iterable[dict[str, str]] = (pod["metadata"].get("annotations") or {} for pod in pods)
    return {one[REVISION] for one in found if STATUS in one and REVISION in one}


def _has_istiod(api: ClusterApi, istio_namespace: str) -> bool:
    try:
        return bool(api.first(f"{NAMESPACES}/{istio_namespace}/pods", ISTIOD, 1))
    except ApiError:
        return True


def _one_by_one(api: ClusterApi, wanted: tuple[str, ...]) -> Namespaces:
    known = Namespaces()
    for name in wanted:
        try:
            namespace = api.get(f"{NAMESPACES}/{name}")
        except Forbidden as error:
            known.not_readable[name] = str(error)
            continue
        if namespace is not None:
            known.found[name] = namespace
    known.names = frozenset(known.found)
    return known
