"""Which namespaces and workloads can take the filter, and what else of the mesh its users should know before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..cluster.api import ClusterApi
from ..domain.plan import Exclusion, State, Target
from ..planning import eligibility, storage, visibility
from ..planning.backend import Backend
from ..planning.findings import Findings
from ..planning.injection import is_ambient
from ..planning.injectors import Injectors
from ..planning.request import Request
from . import mesh, surroundings
from .lists import Lister
from .mesh import Configuration, Namespaces
from .outlook import Labels, Outlook, Workloads, look_ahead, namespaces_to_ask
from .parallel import each


@dataclass(frozen=True)
class Cluster:
    """What is known of it by now."""

    namespaces: Namespaces
    configuration: Configuration
    backend: Backend | None


def check(
    api: ClusterApi, request: Request, alias: str, cluster: Cluster, found: Findings
) -> tuple[tuple[Target, ...], tuple[Exclusion, ...]]:
    """The targets, and what of them is left alone.

    :raises ApiError: the API server can't be asked.
    """
    living = {
        name: one for name, one in cluster.namespaces.found.items() if not one["metadata"].get("deletionTimestamp")
    }
    labels: Labels = {name: one["metadata"].get("labels") or {} for name, one in living.items()}
    asking = Lister(api, namespaces_to_ask(request, labels), cluster.namespaces.total)
    reads: list[Callable[[], Any]] = [lambda: mesh.read_injectors(api), asking.workloads]
    injectors, workloads = each(lambda read: read(), reads)
    ahead = look_ahead(api, request, labels, workloads, injectors, found)
    injections = ahead.by_namespace()
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
    if request.state == State.ABSENT:
        return targets, ()
    eligible = {target.namespace: living[target.namespace] for target in targets if target.eligible}
    found.warnings += _surroundings(api, request, cluster, eligible, workloads, injectors)
    return targets, _exclusions(alias, ahead, labels, set(eligible))


def _exclusions(alias: str, ahead: Outlook, labels: Labels, eligible: set[str]) -> tuple[Exclusion, ...]:
    ambient = {name for name, those in labels.items() if is_ambient(those)}
    judged = [(one, injection) for one, injection in ahead.judged if one.namespace in eligible]
    return tuple(eligibility.exclusions(alias, judged, ambient))


def _surroundings(
    api: ClusterApi,
    request: Request,
    cluster: Cluster,
    namespaces: dict[str, dict[str, Any]],
    workloads: Workloads,
    injectors: Injectors | None,
) -> list[str]:
    lister = Lister(api, namespaces, cluster.namespaces.total)
    root, backend = cluster.configuration.root_namespace, cluster.backend
    warnings = list(surroundings.no_istiod(api, request.istio_namespace, injectors))
    warnings += surroundings.not_discovered(cluster.configuration, namespaces)
    warnings += surroundings.old_filter(lister, workloads)
    if backend and backend.service and request.filter.backend:
        host = backend.authority.rpartition(":")[0]
        port = request.filter.backend.port
        hidden_from = visibility.Backend(backend.service, host, port, cluster.configuration.exported_to)
        beside = Lister(api, dict.fromkeys([*namespaces, root]), cluster.namespaces.total)
        warnings += surroundings.backend_hidden(beside, hidden_from, namespaces, root)
    if request.filter.binary:
        stored = storage.warning(request.filter.delivery, request.filter.binary.size, len(namespaces))
        warnings += [stored] if stored else []
    return warnings
