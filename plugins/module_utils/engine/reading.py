# SPDX-License-Identifier: Apache-2.0
"""A wave's namespaces, read with as few LISTs as RBAC allows. Pure.

Cluster-wide where that pays, namespace by namespace where it is refused or fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..deliveries.base import CONFIG_MAPS, ENVOY_FILTERS, NamespaceObjects, collection
from ..domain.errors import ApiError, Forbidden
from ..domain.names import AllFilters, FilterNames
from ..kinds.base import Object, WorkloadKind
from ..kinds.registry import KINDS
from .commands import Request, Verb
from .messages import Refusal, Reply

NAMESPACES = "/api/v1/namespaces"
PODS = ("/api/v1", "pods")
NOT_FOUND = 404
# Pods of Deployments, StatefulSets and DaemonSets carry one of these: what is left is of kinds that we don't handle.
OTHER_PODS = "!pod-template-hash,!controller-revision-hash"
# Below this share of all namespaces a cluster-wide LIST would mostly bring what nobody asked for;
# above it one LIST in pages is far less work for the API server than one for each namespace.
CLUSTER_WIDE_SHARE = 0.25

Scope: TypeAlias = "str | None"


@dataclass
class NamespaceRead:
    """One namespace as it was read. `error`: it could not be. `unreadable`: optional kinds that may not be read."""

    name: str
    workloads: list[tuple[WorkloadKind, Object]] = field(default_factory=list)
    objects: NamespaceObjects = field(default_factory=NamespaceObjects)
    other_pods: list[Object] = field(default_factory=list)
    # All of them, read where a workload may be ill.
    pods: list[Object] = field(default_factory=list)
    error: ApiError | None = None
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Collection:
    """One kind of objects to read, and where in a namespace they go. `optional`: going on without them is right.

    `silent`: so much that nothing is left out, and nothing is said of it.
    """

    of: Callable[[Scope], str]
    put: Callable[[NamespaceRead, Object], None]
    name: str
    kind: WorkloadKind | None = None
    label_selector: str = ""
    metadata_only: bool = False
    optional: bool = False
    silent: bool = False


class Reading:
    """The LISTs of some namespaces.

    `versions`: (kind, namespace or None for all) -> resourceVersion that a watch goes on from.

    :param doubtful: whether it takes a look at a workload's pods to tell what is to be done to it.
    :param more: what else is to be read.
    :param known: an earlier one, which has learned how many namespaces the cluster has.
    :param kinds: of workloads; none where only the filter's own objects are to be read.
    """

    def __init__(
        self,
        names: FilterNames | AllFilters,
        namespaces: list[str],
        other_pods: bool,
        doubtful: Callable[[WorkloadKind, Object], bool] = lambda _kind, _workload: False,
        more: Sequence[Collection] = (),
        known: Reading | None = None,
        kinds: Sequence[WorkloadKind] = KINDS,
    ) -> None:
        self.namespaces = {name: NamespaceRead(name) for name in namespaces}
        self.versions: dict[tuple[str, Scope], str] = {}
        self._collections = [*_collections(names, kinds, other_pods), *more]
        self._open: dict[Request, tuple[Collection | None, Scope]] = {}
        self._doubtful = doubtful
        self._asked_for_pods = False
        self._known = known
        # How many namespaces the cluster has; infinitely many where nobody may know: so never cluster-wide.
        self.of_cluster: float = known.of_cluster if known else float("inf")

    @property
    def finished(self) -> bool:
        return not self._open

    def taken_out(self) -> dict[str, NamespaceRead]:
        """What was read, once: what is still asked of a reading later are its versions, which take no room."""
        found, self.namespaces = self.namespaces, {}
        return found

    def begin(self) -> list[Request]:
        """How many namespaces does the cluster have?"""
        if self._known is not None:
            return self._all_lists()
        request = Request(Verb.LIST, NAMESPACES, metadata_only=True)
        self._open[request] = (None, None)
        return [request] if self.namespaces else self._finish()

    def take(self, message: Reply | Refusal) -> list[Request]:
        """Take an answer in; what has to be asked because of it."""
        asked = self._taken(message)
        if self._open or self._asked_for_pods:
            return asked
        self._asked_for_pods = True
        return self._lists_in(_PODS, self._in_doubt())

    def _taken(self, message: Reply | Refusal) -> list[Request]:
        one, scope = self._open.pop(message.request)
        if isinstance(message, Refusal):
            return self._refused(one, scope, message.error)
        items, version = message.answer
        if one is None:
            self.of_cluster = len(items)
            return self._all_lists()
        self._take_in(one, scope, items, version)
        return []

    def _in_doubt(self) -> list[Scope]:
        return [
            read.name
            for read in self.namespaces.values()
            if read.error is None and any(self._doubtful(kind, workload) for kind, workload in read.workloads)
        ]

    def _finish(self) -> list[Request]:
        self._open.clear()
        return []

    def _refused(self, one: Collection | None, scope: Scope, error: ApiError) -> list[Request]:
        if one is None:
            return self._all_lists()
        if error.status == NOT_FOUND or one.silent:
            return []  # not served here, or not needed
        if scope is None:
            # A Role instead of a ClusterRole, or a fault of this one LIST: namespace by namespace then.
            return self._lists(one, False)
        read = self.namespaces[scope]
        if one.optional and isinstance(error, Forbidden):
            read.unreadable.append(one.name)
        else:
            read.error = error
        return []

    def _all_lists(self) -> list[Request]:
        wide = len(self.namespaces) >= CLUSTER_WIDE_SHARE * self.of_cluster
        return [request for each in self._collections for request in self._lists(each, wide)]

    def _lists(self, one: Collection, wide: bool) -> list[Request]:
        return self._lists_in(one, [None] if wide else list(self.namespaces))

    def _lists_in(self, one: Collection, scopes: list[Scope]) -> list[Request]:
        asked = []
        for scope in scopes:
            request = Request(
                Verb.LIST,
                one.of(scope),
                label_selector=one.label_selector,
                metadata_only=one.metadata_only,
                slim=one.kind is not None,
            )
            self._open[request] = (one, scope)
            asked.append(request)
        return asked

    def _take_in(self, one: Collection, scope: Scope, items: list[Object], version: str) -> None:
        if one.kind is not None:
            self.versions[one.kind.kind, scope] = version
        for item in items:
            read = self.namespaces.get(item["metadata"]["namespace"])
            if read is not None:
                one.put(read, item)


_PODS = Collection(
    lambda scope: collection(PODS, scope), lambda read, item: read.pods.append(item), "pods", silent=True
)


def _collections(names: FilterNames | AllFilters, kinds: Sequence[WorkloadKind], other_pods: bool) -> list[Collection]:
    found = [
        Collection(kind.collection, _put_workload(kind), kind.plural, kind, optional=kind.optional) for kind in kinds
    ]
    found.append(
        Collection(
            lambda scope: collection(CONFIG_MAPS, scope),
            lambda read, item: read.objects.config_maps.append(item),
            "configmaps",
            label_selector=names.selector,
            metadata_only=True,
        )
    )
    found.append(
        Collection(
            lambda scope: collection(ENVOY_FILTERS, scope),
            lambda read, item: read.objects.envoy_filters.append(item),
            "envoyfilters",
            label_selector=names.selector,
        )
    )
    if other_pods:
        found.append(
            Collection(
                lambda scope: collection(PODS, scope),
                lambda read, item: read.other_pods.append(item),
                "pods",
                label_selector=OTHER_PODS,
                metadata_only=True,
                optional=True,
            )
        )
    return found


def _put_workload(kind: WorkloadKind) -> Callable[[NamespaceRead, Object], None]:
    def put(read: NamespaceRead, item: Object) -> None:
        # Items of a LIST come without their type.
        read.workloads.append((kind, {"apiVersion": kind.api_version, "kind": kind.kind, **item}))

    return put
