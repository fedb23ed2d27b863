# SPDX-License-Identifier: Apache-2.0
"""Where traces go: from an address and a port to the Envoy cluster that carries them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..domain.errors import InputError
from ..domain.revision import DNS_FAMILY, OWN_CLUSTER
from ..kinds.base import Object
from . import services
from .address import ADDRESS, PORT, IpAddress, check_host, ip_of, meant
from .services import Lookup

# An alias of an alias is unusual; more are a circle.
ALIASES_MAX = 4
TLS_PORTS = (443, 8443)
# How a host's name of two labels ends, beside countries' two letters; a namespace may be called so, too.
_HOST_ENDINGS = {
    *("com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "name", "app", "dev", "cloud", "tech", "online"),
    *("internal", "intranet", "local", "localdomain", "lan", "home", "corp", "private", "example", "test", "invalid"),
}
_LIKE_SVC = {"svc", "scv", "sv", "vsc", "svcs", "srv", "service", "services"}
# Of the multi-cluster services API: a name of its own beside that of the Service.
_CLUSTER_SET = ".svc.clusterset.local"


@dataclass(frozen=True)
class Backend:
    """`cluster` is the name in Envoy; `added` the clusters that the EnvoyFilter has to bring.

    `service`: the Service that it is, if the mesh has a cluster for it.
    """

    cluster: str
    authority: str
    kind: str
    added: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    service: Object | None = None


@dataclass(frozen=True)
class Asked:
    """`domain`: the cluster's DNS domain, such as cluster.local. `variable`: the one that the port was given by.

    `trace_format`: empty where the port is not the one that traces go to.
    """

    address: str
    port: int
    domain: str
    filter_name: str
    variable: str = PORT
    trace_format: str = ""


def resolve(asked: Asked, lookup: Lookup) -> Backend:
    """Choose the cluster.

    A Service of this cluster is reached through the mesh's own cluster, so that mutual TLS, load
    balancing and outlier detection are the mesh's. Anything else gets a cluster of its own.

    :raises InputError: it names a Service that does not exist, or that traces can't be sent to.
    """
    literal = ip_of(asked.address)
    if literal is not None:
        return _of_ip(asked, literal, lookup)
    named = asked.address.rstrip(".").lower()
    full = f".svc.{asked.domain}"
    in_cluster = named.endswith((".svc", full))
    # A dot at the end says that it is a host's name.
    if asked.address.endswith(".") and not in_cluster:
        return _of_host(asked, named)
    labels = named.removesuffix(full).removesuffix(".svc").split(".")
    if len(labels) == 2:
        found = lookup.service(labels[1], labels[0])
        if found is not None:
            return _of_service(asked, found, lookup)
        return _of_host(asked, named, [_no_service(asked, labels, lookup, in_cluster)])
    if in_cluster or (named.endswith(f".{asked.domain}") and not named.endswith(f".pod.{asked.domain}")):
        raise InputError(ADDRESS, asked.address, f"must have the form NAME.NAMESPACE.svc or NAME.NAMESPACE{full}")
    if len(labels) == 1:
        raise InputError(ADDRESS, asked.address, _without_namespace(labels[0], lookup))
    if labels[2] in _LIKE_SVC and not named.endswith(_CLUSTER_SET) and lookup.service(labels[1], labels[0]):
        raise InputError(
            ADDRESS,
            asked.address,
            f"is no name of Service {labels[1]}/{labels[0]}, as wasm_filter_cluster_domain is {asked.domain}: write "
            f"{labels[0]}.{labels[1]}, or a dot at its end if it is a host outside the cluster",
        )
    return _of_host(asked, named)


def _of_ip(asked: Asked, literal: IpAddress, lookup: Lookup) -> Backend:
    address = meant(literal)
    listed = lookup.services()
    found = services.with_cluster_ip(listed or (), address)
    if found is not None:
        name = f"{found['metadata']['name']}.{found['metadata']['namespace']}"
        said = f"{asked.address} is the ClusterIP of Service {services.label(found)}, and is reached as {name}"
        return _of_service(asked, found, lookup, [said])
    shown = f"[{literal}]" if literal.version == 6 else str(literal)
    warnings = _plaintext(asked.address, address.is_private, asked.port)
    if listed is None and address.is_private:
        warnings.append(
            f"whether {asked.address} is the ClusterIP of a Service is not known, as you may not list Services: a "
            "Service is better named as NAME.NAMESPACE"
        )
    return _own_cluster(asked, "static", "STATIC", str(literal), shown, asked.port, {}, warnings)


def _of_host(asked: Asked, host: str, warnings: Iterable[str] = ()) -> Backend:
    said = [*warnings, *_plaintext(host, False, asked.port)]
    return _own_cluster(asked, "strict_dns", "STRICT_DNS", host, host, asked.port, {}, said)


def _of_service(
    asked: Asked, service: Object, lookup: Lookup, warnings: Iterable[str] = (), aliases: int = 0
) -> Backend:
    if services.is_alias(service):
        return _of_alias(asked, service, lookup, warnings, aliases)
    entry = services.port_of(service, asked.port, asked.variable)
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    host = f"{name}.{namespace}.svc.{asked.domain}"
    said = [*warnings]
    if not service["spec"].get("selector"):
        said.append(
            f"Service {services.label(service)} has no selector: it leads to nothing but what somebody has put into "
            "its EndpointSlices"
        )
    if services.is_headless(service):
        return _of_headless(asked, service, host, entry, said)
    said += services.not_for(entry, asked.port, asked.trace_format)
    return Backend(f"outbound|{asked.port}||{host}", f"{host}:{asked.port}", "service", [], said, service)


def _of_headless(asked: Asked, service: Object, host: str, entry: dict[str, Any], warnings: list[str]) -> Backend:
    """Istio's own cluster for it is ORIGINAL_DST: it goes where a connection was going, and a filter's has no such."""
    port = entry.get("targetPort") or asked.port
    label = services.label(service)
    if not isinstance(port, int):
        raise InputError(
            ADDRESS,
            asked.address,
            f"Service {label} is headless (clusterIP: None), and which port of its pods is named {port} DNS does not "
            "tell: name a Service with a ClusterIP for the same pods, or give this port a number as targetPort",
        )
    warnings.append(
        f"Service {label} is headless (clusterIP: None), so that its pods are reached by DNS, unencrypted, and not at "
        "all where mutual TLS is STRICT: a Service with a ClusterIP for the same pods is reached by the mesh's mutual "
        "TLS"
    )
    return _own_cluster(asked, "headless", "STRICT_DNS", host, host, port, entry, warnings)


def _of_alias(asked: Asked, service: Object, lookup: Lookup, warnings: Iterable[str], aliases: int) -> Backend:
    """The mesh may have no cluster for it."""
    external = services.external_name(service)
    said = f"Service {services.label(service)} is of type ExternalName, another name for {external}"
    if aliases >= ALIASES_MAX:
        raise InputError(ADDRESS, asked.address, f"{said}, which leads in a circle")
    if ip_of(external) is not None:
        raise InputError(ADDRESS, asked.address, f"{said}, which DNS does not answer for: give {external} itself")
    try:
        check_host(external)
    except ValueError as error:
        raise InputError(ADDRESS, asked.address, f"{said}: {error}") from None
    full = f".svc.{asked.domain}"
    labels = external.removesuffix(full).split(".")
    if not external.endswith(full) or len(labels) != 2:
        return _of_host(asked, external, [*warnings, said])
    found = lookup.service(labels[1], labels[0])
    if found is None:
        raise InputError(
            ADDRESS, asked.address, f"{said}, and there is no Service {labels[0]} in namespace {labels[1]}"
        )
    return _of_service(asked, found, lookup, [*warnings, said], aliases + 1)


def _no_service(asked: Asked, labels: list[str], lookup: Lookup, in_cluster: bool) -> str:
    """What is said of a host that could be a Service.

    :raises InputError: a Service is what is meant.
    """
    name, namespace = labels
    meant_one = services.did_you_mean(services.near(lookup.services() or (), name, namespace))
    said = f"there is no Service {name} in namespace {namespace}"
    can_be_host = len(namespace) == 2 or namespace in _HOST_ENDINGS
    if in_cluster:
        raise InputError(ADDRESS, asked.address, f"{said}{meant_one}; a Service is named as NAME.NAMESPACE")
    if namespace in lookup.namespaces or not can_be_host:
        raise InputError(
            ADDRESS,
            asked.address,
            f"{said}{meant_one}; a Service is named as NAME.NAMESPACE, and a host outside the cluster, where it has "
            "but one dot, with another at its end",
        )
    return f"{said}, so that {name}.{namespace} is taken for a host outside the cluster{meant_one}"


def _without_namespace(name: str, lookup: Lookup) -> str:
    meant_one = services.did_you_mean(services.near(lookup.services() or (), name))
    return (
        f"names no Service, which is NAME.NAMESPACE{meant_one}; and a host outside the cluster has a dot in its name, "
        "or at its end"
    )


def _plaintext(address: str, private: bool, port: int) -> list[str]:
    said = [] if private else [f"traces go to {address} unencrypted, and it is not a Service of this cluster"]
    if port in TLS_PORTS:
        said.append(
            f"port {port} of {address} most likely expects TLS, and traces go there in plain text: all may fail"
        )
    return said


def _own_cluster(
    asked: Asked,
    kind: str,
    discovery: str,
    host: str,
    shown: str,
    port: int,
    entry: dict[str, Any],
    warnings: list[str],
) -> Backend:
    """:param entry: of the Service's port, if it is one's."""
    name = f"{OWN_CLUSTER}{asked.filter_name}|{port}||{host}"
    endpoint = {"address": {"socket_address": {"address": host, "port_value": port}}}
    cluster = {
        "name": name,
        "type": discovery,
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
        # Envoy's own choice is IPv6 where a host has both, which pods may not have.
        **(DNS_FAMILY if discovery == "STRICT_DNS" else {}),
    }
    said = [*warnings, *services.not_for(entry, port, asked.trace_format)]
    return Backend(name, f"{shown}:{port}", kind, [cluster], said)
