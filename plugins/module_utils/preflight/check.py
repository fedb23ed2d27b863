# SPDX-License-Identifier: Apache-2.0
"""What only the cluster can tell: can the request be granted there?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..cluster.api import ClusterApi
from ..domain.errors import Forbidden, InputError
from ..domain.plan import Exclusion, State, Target
from ..kinds.base import Object
from ..planning import backend
from ..planning.address import ADDRESS, PORT, SAMPLING, SAMPLING_PORT
from ..planning.backend import Backend
from ..planning.findings import Findings
from ..planning.request import BackendRequest, Request
from ..planning.services import Lookup
from . import fleet, mesh
from .fleet import Cluster


@dataclass(frozen=True)
class Checked:
    """`backend`, `hosts_from`: the Envoy clusters that were chosen; None where none is asked for."""

    targets: tuple[Target, ...]
    backend: Backend | None = None
    hosts_from: Backend | None = None
    exclusions: tuple[Exclusion, ...] = ()


def check(api: ClusterApi, request: Request, alias: str, found: Findings) -> Checked | None:
    """What a namespace lacks makes it fail alone, later; what would be wrong for all of them is an error now.

    :returns: None, and what is wrong in `found.errors`, if the request can't be granted.
    :raises ApiError: the API server can't be asked.
    """
    if not mesh.serves_envoy_filters(api):
        found.errors.append(
            "the cluster does not serve networking.istio.io/v1alpha3 EnvoyFilter: install Istio, or name its cluster "
            "by kubeconfig and context (K8S_AUTH_KUBECONFIG, K8S_AUTH_CONTEXT)"
        )
        return None
    configuration = mesh.configuration(api, request.istio_namespace)
    root = configuration.root_namespace
    if request.state == State.PRESENT and root in request.namespaces and not request.root_namespace_allowed:
        found.attempt(lambda: _refuse_root(root))
    known = mesh.read_namespaces(api, request.namespaces)
    asked, filter_name = request.filter.backend, request.names.name
    chosen = hosts_from = None
    if asked:
        lookup = _lookup(api, asked, known.names)
        to = backend.Asked(asked.address, asked.port, asked.cluster_domain, filter_name, PORT, asked.trace_format)
        chosen = found.attempt(lambda: backend.resolve(to, lookup))
        found.warnings += chosen.warnings if chosen else []
        if asked.sampling_port:
            hosts_from = found.attempt(lambda: _sampling(asked, filter_name, lookup))
    if found.errors:
        return None
    targets, exclusions = fleet.check(api, request, alias, Cluster(known, configuration, chosen), found)
    return Checked(targets, chosen, hosts_from, exclusions)


def _refuse_root(root: str) -> None:
    raise InputError(
        "namespaces",
        root,
        "is the mesh's root namespace, where an EnvoyFilter reaches every proxy of the mesh: leave it out, "
        "or say wasm_filter_root_namespace_allowed=true",
    )


def _sampling(asked: BackendRequest, filter_name: str, lookup: Lookup) -> Backend:
    """The backend's other port, which tells what hosts to trace.

    The mesh has a cluster for each port of a Service; for other backends there is none.
    """
    port = asked.sampling_port or 0
    chosen = backend.resolve(
        backend.Asked(asked.address, port, asked.cluster_domain, filter_name, SAMPLING_PORT), lookup
    )
    if chosen.kind != "service":
        raise InputError(
            SAMPLING,
            True,
            f"asks the backend which hosts to trace, and needs one that is a Service of this cluster with a ClusterIP; "
            f"{ADDRESS}={asked.address} is none",
        )
    return chosen


def _lookup(api: ClusterApi, asked: BackendRequest, namespaces: frozenset[str]) -> Lookup:
    def service(namespace: str, name: str) -> Object | None:
        try:
            return mesh.service(api, namespace, name)
        except Forbidden as error:
            raise InputError(
                ADDRESS,
                asked.address,
                f"may be Service {name} in namespace {namespace}, which you may not read ({error.detail}): get that "
                f"right, or write it with a dot at its end if it is a host outside the cluster",
            ) from None

    return Lookup(cache(service), cache(lambda: mesh.services(api)), namespaces)
