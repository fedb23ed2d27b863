# SPDX-License-Identifier: Apache-2.0
"""What of the mesh keeps a filter from working, or from working alone, whatever is asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..kinds.base import Object, WorkloadKind
from . import old_script, visibility
from .findings import grouped, in_namespaces, several
from .selectors import matches


def backend_hidden(
    backend: visibility.Backend, namespaces: Iterable[str], sidecars: Iterable[Object], root_namespace: str
) -> Iterator[str]:
    """Namespaces whose proxies don't know the backend's Service."""
    for said, where in grouped(visibility.hidden(backend, namespaces, sidecars, root_namespace)):
        yield (
            f"{where}: proxies have no cluster for the trace backend, Service {backend.label}, as {said}: traces from "
            "there would all fail"
        )


def old_filter(
    envoy_filters: Iterable[Object], workloads: Mapping[str, Iterable[tuple[WorkloadKind, Object]]]
) -> Iterator[str]:
    """Namespaces in which the filter of the old script still runs."""
    found = {name: one for name, one in old_script.leftovers(envoy_filters, workloads).items() if one.envoy_filters}
    if found:
        filters = several(one for left in found.values() for one in left.envoy_filters)
        yield (
            f"{in_namespaces(found)}: EnvoyFilter {filters} of the old script, deploy.sh, traces there already, and "
            "each request would be traced twice: the README says how to come from it"
        )


def no_istiod(istio_namespace: str) -> str:
    """Nobody is seen who would read an EnvoyFilter of this cluster."""
    return (
        f"no istiod is seen in this cluster (namespace {istio_namespace}). If it is a remote one of a mesh of several "
        "clusters, EnvoyFilters are read from the primary one alone, and what is put here reaches no proxy; if an "
        "external control plane reads this cluster, all is well"
    )


def not_discovered(
    selectors: Sequence[Mapping[str, Any]], namespaces: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """Namespaces that istiod is told not to look at.

    :param selectors: which it looks at; none: at all.
    :param namespaces: the labels of each.
    """
    unseen = [name for name, labels in namespaces.items() if not any(matches(one, labels) for one in selectors)]
    if selectors and unseen:
        yield (
            f"{in_namespaces(unseen)}: the discoverySelectors of the mesh configuration leave them out, so that istiod "
            "reads no EnvoyFilter there"
        )
