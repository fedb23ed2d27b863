"""What a wave's namespaces hold, read with as few LISTs as RBAC allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from ..domain.errors import ApiError, Forbidden
from ..domain.names import FilterNames
from ..kinds.base import WorkloadKind
from ..kinds.registry import KINDS
from .api import ClusterApi

ENVOY_FILTERS = "/apis/networking.istio.io/v1alpha3"
CONFIG_MAPS = "/api/v1"
# Below this share of all namespaces a cluster-wide LIST would mostly bring what nobody asked for;
# above it one LIST in pages is far less work for the API server than one for each namespace.
CLUSTER_WIDE_SHARE = 0.25

Objects = list[dict[str, Any]]


def collection(base: str, plural: str, namespace: str | None = None) -> str:
    """The API path of a collection, in one namespace or in all."""
    return f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"


@dataclass
class NamespaceState:
    """One namespace as it was read. `config_maps` have only metadata; `error`: it could not be read."""

    name: str
    workloads: list[tuple[WorkloadKind, dict[str, Any]]] = field(default_factory=list)
    config_maps: Objects = field(default_factory=list)
    envoy_filters: Objects = field(default_factory=list)
    error: ApiError | None = None


@dataclass
class Snapshot:
    """The namespaces of a wave, and from where a watch of each kind can go on.

    `watches`: (kind, namespace or None for all) -> resourceVersion.
    """

    namespaces: dict[str, NamespaceState]
    watches: dict[tuple[str, str | None], str] = field(default_factory=dict)


@dataclass
class KnownNamespaces:
    """`found`: {name: Namespace}; `refused`: {name: why it may not be read}; `in_all`: how many the
    cluster has, None where that may not be asked."""

    found: dict[str, dict[str, Any]]
    refused: dict[str, str] = field(default_factory=dict)
    in_all: int | None = None


def namespaces_of_cluster(api: ClusterApi, wanted: Iterable[str]) -> KnownNamespaces:
    """Those wanted that exist: by one LIST, or one by one where only that is allowed."""
    wanted = list(wanted)
    try:
        items, _version = api.list("/api/v1/namespaces", metadata_only=True)
    except Forbidden:
        return _one_by_one(api, wanted)
    named = {namespace["metadata"]["name"]: namespace for namespace in items}
    return KnownNamespaces({name: named[name] for name in wanted if name in named}, in_all=len(named))


def _one_by_one(api: ClusterApi, wanted: list[str]) -> KnownNamespaces:
    known = KnownNamespaces({})
    for name in wanted:
        try:
            namespace = api.get(f"/api/v1/namespaces/{name}")
        except Forbidden as error:
            known.refused[name] = str(error)
            continue
        if namespace is not None:
            known.found[name] = namespace
    return known


@dataclass(frozen=True)
class _Collection:
    """One kind of objects to read, and where they go."""

    path: Callable[[str | None], str]
    kind: WorkloadKind | None = None
    attribute: str = ""
    label_selector: str = ""
    metadata_only: bool = False


def take(api: ClusterApi, pool: Executor, names: FilterNames, namespaces: list[str], in_all: int | None) -> Snapshot:
    """LIST workloads and objects of ours.

    :param in_all: how many namespaces the cluster has; None: unknown, so never cluster-wide.
    """
    snapshot = Snapshot({name: NamespaceState(name) for name in namespaces})
    wide = in_all is not None and len(namespaces) >= CLUSTER_WIDE_SHARE * in_all

    def config_maps(namespace: str | None) -> str:
        return collection(CONFIG_MAPS, "configmaps", namespace)

    def envoy_filters(namespace: str | None) -> str:
        return collection(ENVOY_FILTERS, "envoyfilters", namespace)

    collections = [_Collection(kind.collection, kind) for kind in KINDS]
    collections.append(_Collection(config_maps, None, "config_maps", names.selector, True))
    collections.append(_Collection(envoy_filters, None, "envoy_filters", names.selector))
    narrow = collections
    if wide:
        allowed = list(pool.map(lambda one: _read_wide(api, snapshot, one), collections))
        # A Role instead of a ClusterRole: namespace by namespace then.
        narrow = [one for one, was_allowed in zip(collections, allowed, strict=True) if not was_allowed]
    jobs = [(one, state) for one in narrow for state in snapshot.namespaces.values()]
    list(pool.map(lambda job: _read_namespace(api, snapshot, *job), jobs))
    for state in snapshot.namespaces.values():
        state.workloads.sort(key=lambda entry: (entry[0].kind, entry[1]["metadata"]["name"]))
    return snapshot


def _read_wide(api: ClusterApi, snapshot: Snapshot, one: _Collection) -> bool:
    """False where it is not allowed."""
    try:
        items, version = api.list(one.path(None), one.label_selector, one.metadata_only)
    except Forbidden:
        return False
    _take_in(snapshot, one, None, items, version)
    return True


def _read_namespace(api: ClusterApi, snapshot: Snapshot, one: _Collection, state: NamespaceState) -> None:
    try:
        items, version = api.list(one.path(state.name), one.label_selector, one.metadata_only)
    except ApiError as error:
        state.error = error
        return
    _take_in(snapshot, one, state.name, items, version)


def _take_in(snapshot: Snapshot, one: _Collection, scope: str | None, items: Objects, version: str) -> None:
    if one.kind is not None:
        snapshot.watches[one.kind.kind, scope] = version
    for item in items:
        state = snapshot.namespaces.get(item["metadata"]["namespace"])
        if state is None:
            continue
        if one.kind is None:
            getattr(state, one.attribute).append(item)
        else:
            # Items of a LIST come without their type.
            typed = {"apiVersion": one.kind.api_version, "kind": one.kind.kind, **item}
            state.workloads.append((one.kind, typed))
