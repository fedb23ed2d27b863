"""What of the mesh keeps a filter from working, or from working alone, though nothing is wrong with the request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ..cluster.api import ClusterApi
from ..deliveries.base import ENVOY_FILTERS, collection
from ..kinds.base import Object
from ..planning import old_script, visibility
from ..planning.findings import grouped, several
from ..planning.injectors import Injectors
from ..planning.selectors import matches
from . import mesh
from .lists import Lister
from .mesh import Configuration
from .outlook import Workloads


def backend_hidden(
    lister: Lister, backend: visibility.Backend, namespaces: Iterable[str], root_namespace: str
) -> Iterator[str]:
    """Namespaces whose proxies don't know the backend's Service."""
    sidecars = lister.list(partial(collection, mesh.SIDECARS)).all()
    for said, names in grouped(visibility.hidden(backend, namespaces, sidecars, root_namespace)):
        yield (
            f"namespaces {names}: their proxies have no cluster for the trace backend, Service {backend.label}, as "
            f"{said}; their traces would all fail"
        )


def old_filter(lister: Lister, workloads: Workloads) -> Iterator[str]:
    """Namespaces in which the filter of the old script still runs."""
    others = lister.list(partial(collection, ENVOY_FILTERS), old_script.OTHERS).all()
    found = {name: one for name, one in old_script.leftovers(others, workloads).items() if one.envoy_filters}
    if found:
        yield (
            f"namespaces {several(found)}: EnvoyFilter {several(one for left in found.values() for one in left.envoy_filters)} "
            "of the script deploy.sh traces there already, and each request would be traced twice: delete it first; "
            'README, "Coming from the old script", has the steps'
        )


def no_istiod(api: ClusterApi, istio_namespace: str, injectors: Injectors | None) -> Iterator[str]:
    """No istiod that would read an EnvoyFilter of this cluster."""
    here = injectors is None or (bool(injectors.labels) and not injectors.remote)
    if not here and not mesh.has_istiod(api, istio_namespace):
        yield (
            f"no istiod is seen in this cluster (namespace {istio_namespace}): in a mesh of several clusters EnvoyFilters "
            "are read from the primary cluster alone, and what is put here would reach no proxy; with an external "
            "control plane that reads this cluster all is well"
        )


def not_discovered(configuration: Configuration, namespaces: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Namespaces that istiod is told not to look at."""
    unseen = [name for name, one in namespaces.items() if configuration.discovered and not _seen(configuration, one)]
    if unseen:
        yield (
            f"namespaces {several(unseen)}: the discoverySelectors of the mesh configuration leave them out, so that "
            "istiod reads no EnvoyFilter there"
        )


def _seen(configuration: Configuration, namespace: Object) -> bool:
    labels = namespace["metadata"].get("labels") or {}
    return any(matches(selector, labels) for selector in configuration.discovered)
