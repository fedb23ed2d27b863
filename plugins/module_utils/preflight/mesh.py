"""What a run has to know of the cluster and its mesh before it changes anything. Reads only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..cluster.api import ClusterApi
from ..deliveries.base import ENVOY_FILTERS
from ..domain.errors import ApiError, Forbidden

NAMESPACES = "/api/v1/namespaces"
ROOT_NAMESPACE = re.compile(r"^rootNamespace:\s*[\"']?([-a-z0-9]+)", re.MULTILINE)


@dataclass
class Namespaces:
    """`found`: {name: Namespace}; `not_readable`: {name: why}."""

    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_readable: dict[str, str] = field(default_factory=dict)


def serves_envoy_filters(api: ClusterApi) -> bool:
    """By its API group, which says so without a right to read EnvoyFilters."""
    return api.get(ENVOY_FILTERS[0]) is not None


def root_namespace(api: ClusterApi, istio_namespace: str) -> str:
    """From the mesh configuration; where that can't be read, Istio's default: istiod's own namespace."""
    try:
        mesh = api.get(f"{NAMESPACES}/{istio_namespace}/configmaps/istio") or {}
    except ApiError:
        mesh = {}
    match = ROOT_NAMESPACE.search((mesh.get("data") or {}).get("mesh", ""))
    return match[1] if match else istio_namespace


def service(api: ClusterApi, namespace: str, name: str) -> dict[str, Any] | None:
    """:raises Forbidden: it may not be read."""
    return api.get(f"{NAMESPACES}/{namespace}/services/{name}")


def read_namespaces(api: ClusterApi, wanted: tuple[str, ...]) -> Namespaces:
    """Those wanted that exist: by one LIST, or one by one where only that is allowed."""
    try:
        items, _version = api.list(NAMESPACES, metadata_only=True)
    except Forbidden:
        return _one_by_one(api, wanted)
    named = {namespace["metadata"]["name"]: namespace for namespace in items}
    return Namespaces({name: named[name] for name in wanted if name in named})


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
    return known
