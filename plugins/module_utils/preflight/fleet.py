# SPDX-License-Identifier: Apache-2.0
"""Which namespaces and workloads can take the filter, and what else of the mesh its users should know before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..cluster.api import ClusterApi
from ..deliveries.base import ENVOY_FILTERS, collection
from ..domain.plan import Exclusion, State, Target
from ..kinds.base import Object
from ..planning import eligibility, old_script, storage, surroundings, visibility
from ..planning.backend import Backend
from ..planning.findings import Findings
from ..planning.injection import is_ambient
from ..planning.request import Request
from . import mesh
from .lists import Lister, Workloads
from .mesh import ControlPlane
from .outlook import Labels, Outlook, look_ahead, namespaces_to_ask, restarts
from .parallel import each


@dataclass(frozen=True)
class Cluster:
    """What is known of it by now."""

    namespaces: mesh.Namespaces
    configuration: mesh.Configuration
    backend: Backend | None

    @property
    def living(self) -> dict[str, Object]:
        """Namespaces that something can be put into."""
        return {
            name: one for name, one in self.namespaces.found.items() if not one["metadata"].get("deletionTimestamp")
        }


@dataclass(frozen=True)
class _Read:
    control_plane: ControlPlane
    workloads: Workloads
    sidecars: list[Object]
    envoy_filters: list[Object]


def check(
    api: ClusterApi, request: Request, alias: str, cluster: Cluster, found: Findings
) -> tuple[tuple[Target, ...], tuple[Exclusion, ...]]:
    """The targets, and what of them is left alone.

    :raises ApiError: the API server can't be asked.
    """
    labels: Labels = {name: one["metadata"].get("labels") or {} for name, one in cluster.living.items()}
    read = _read(api, request, cluster, labels)
    ahead = look_ahead(api, request, labels, read.workloads, read.control_plane, found)
    injections, injectors = ahead.by_namespace(), read.control_plane.injectors
    targets = tuple(
        eligibility.target(
            alias,
            name,
            cluster.namespaces.found.get(name),
            request.state,
            cluster.namespaces.not_readable.get(name),
            injections.get(name, ()),
            injectors.labels if injectors else (),
        )
        for name in request.namespaces
    )
    if request.state != State.PRESENT:
        return targets, ()
    eligible = {target.namespace: labels[target.namespace] for target in targets if target.eligible}
    found.warnings += _surroundings(request, cluster, eligible, read)
    return targets, _exclusions(alias, ahead, eligible) if restarts(request) else ()


def _read(api: ClusterApi, request: Request, cluster: Cluster, labels: Labels) -> _Read:
    total, present = cluster.namespaces.total, request.state == State.PRESENT
    asked = Lister(api, namespaces_to_ask(request, labels), total)
    everywhere = Lister(api, labels, total)
    with_root = Lister(api, dict.fromkeys([*labels, cluster.configuration.root_namespace]), total)
    hideable = present and cluster.backend and cluster.backend.service
    reads: list[Callable[[], Any]] = [
        lambda: mesh.control_plane(api, request.istio_namespace),
        asked.workloads,
        lambda: with_root.listed(partial(collection, mesh.SIDECARS)) if hideable else [],
        lambda: everywhere.listed(partial(collection, ENVOY_FILTERS), old_script.OTHERS) if present else [],
    ]
    return _Read(*each(lambda read: read(), reads))


def _exclusions(alias: str, ahead: Outlook, eligible: Labels) -> tuple[Exclusion, ...]:
    ambient = {name for name, labels in eligible.items() if is_ambient(labels)}
    judged = [(one, injection) for one, injection in ahead.judged if one.namespace in eligible]
    return tuple(eligibility.exclusions(alias, judged, ambient))


def _surroundings(request: Request, cluster: Cluster, namespaces: Labels, read: _Read) -> Iterator[str]:
    configuration, backend, asked = cluster.configuration, cluster.backend, request.filter.backend
    if not read.control_plane.here:
        yield surroundings.no_istiod(request.istio_namespace)
    yield from surroundings.not_discovered(configuration.discovered, namespaces)
    yield from surroundings.old_filter(
        (one for one in read.envoy_filters if one["metadata"]["namespace"] in namespaces),
        {name: those for name, those in read.workloads.items() if name in namespaces},
    )
    if backend and backend.service and asked:
        there = visibility.Backend(
            backend.service, backend.authority.rpartition(":")[0], asked.port, configuration.exported_to
        )
        yield from surroundings.backend_hidden(there, namespaces, read.sidecars, configuration.root_namespace)
    if request.filter.binary:
        yield from storage.warnings(request.filter.delivery, request.filter.binary.size, len(namespaces))
