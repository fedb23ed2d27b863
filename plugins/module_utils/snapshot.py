"""What a wave's namespaces hold, read with as few LISTs as RBAC allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from .cluster_api import ClusterApi
from .errors import ApiError, Forbidden
from .names import FilterNames
from .workload_kinds.kind import WorkloadKind
from .workload_kinds.registry import KINDS

ENVOY_FILTERS = "/apis/networking.istio.io/v1alpha3"
CONFIG_MAPS = "/api/v1"
# Below this share of all namespaces a cluster-wide LIST would mostly bring what nobody asked for.
CLUSTER_WIDE_SHARE = 0.5

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


def take(api: ClusterApi, pool: Executor, names: FilterNames, namespaces: list[str], in_all: int | None) -> Snapshot:
    """LIST workloads and objects of ours.

    :param in_all: how many namespaces the cluster has; None: unknown, so never cluster-wide.
    """
    snapshot = Snapshot({name: NamespaceState(name) for name in namespaces})
    wide = in_all is not None and len(namespaces) >= CLUSTER_WIDE_SHARE * in_all

    def workloads(kind: WorkloadKind) -> None:
        for scope, (items, version) in _scoped(api, wide, snapshot, kind.collection):
            snapshot.watches[kind.kind, scope] = version
            for item in items:
                # Items of a LIST come without their type.
                typed = {"apiVersion": kind.api_version, "kind": kind.kind, **item}
                state = snapshot.namespaces.get(item["metadata"]["namespace"])
                if state is not None:
                    state.workloads.append((kind, typed))

    def objects(base: str, plural: str, attribute: str, metadata_only: bool) -> None:
        def path(namespace: str | None) -> str:
            return collection(base, plural, namespace)

        for _scope, (items, _version) in _scoped(api, wide, snapshot, path, names.selector, metadata_only):
            for item in items:
                state = snapshot.namespaces.get(item["metadata"]["namespace"])
                if state is not None:
                    getattr(state, attribute).append(item)

    reads = [pool.submit(workloads, kind) for kind in KINDS]
    reads.append(pool.submit(objects, CONFIG_MAPS, "configmaps", "config_maps", True))
    reads.append(pool.submit(objects, ENVOY_FILTERS, "envoyfilters", "envoy_filters", False))
    for read in reads:
        read.result()
    for state in snapshot.namespaces.values():
        state.workloads.sort(key=lambda entry: (entry[0].kind, entry[1]["metadata"]["name"]))
    return snapshot


def _scoped(
    api: ClusterApi,
    wide: bool,
    snapshot: Snapshot,
    path: Callable[[str | None], str],
    label_selector: str = "",
    metadata_only: bool = False,
) -> Iterator[tuple[str | None, tuple[Objects, str]]]:
    """(namespace or None, LIST) for one kind: cluster-wide if that pays and is allowed."""
    if wide:
        try:
            yield None, api.list(path(None), label_selector, metadata_only)
            return
        except Forbidden:
            pass  # a Role instead of a ClusterRole: namespace by namespace then
    for name, state in snapshot.namespaces.items():
        try:
            yield name, api.list(path(name), label_selector, metadata_only)
        except ApiError as error:
            state.error = error
