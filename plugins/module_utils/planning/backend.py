# SPDX-License-Identifier: Apache-2.0
"""Where traces go: from an address and a port to the Envoy cluster that carries them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..domain.errors import InputError
from ..domain.names import is_dns_label

ADDRESS = "wasm_filter_trace_backend_address"
PORT = "wasm_filter_trace_backend_port"
SAMPLING = "wasm_filter_trace_sampling_enabled"
SAMPLING_PORT = "wasm_filter_trace_sampling_port"
# (namespace, name) -> Service or None
ServiceLookup = Callable[[str, str], "dict[str, Any] | None"]


@dataclass(frozen=True)
class Backend:
    """`cluster` is the name in Envoy; `added` the clusters that the EnvoyFilter has to bring.

    `service`: the Service that it is, if it is one.
    """

    cluster: str
    authority: str
    kind: str
    added: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    service: dict[str, Any] | None = None


def check_port(value: object, variable: str = PORT) -> int:
    """:raises InputError: not a TCP port."""
    text = str(value).strip()
    # int() alone would take 9_000 and the digits of other scripts.
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 0 < port < 65536:
        raise InputError(variable, value, "must be a port from 1 to 65535")
    return port


def check_address(value: object) -> str:
    """:raises InputError: neither an IP address nor a host name."""
    address = str(value or "").strip()
    if not address:
        raise InputError(
            ADDRESS,
            value,
            "must name the trace backend: a Service such as collector.traces, a host name or an IP address "
            "(or set the environment variable WASM_FILTER_TRACE_BACKEND_ADDRESS)",
        )
    if _ip(address) is None:
        labels = address.rstrip(".").lower().split(".")
        if len(address) > 253 or not all(is_dns_label(label) for label in labels) or labels[-1].isdigit():
            raise InputError(ADDRESS, value, "must be a host name or an IP address, without scheme, port or path")
    return address


def resolve(
    address: str, port: int, domain: str, filter_name: str, service: ServiceLookup, variable: str = PORT
) -> Backend:
    """Choose the cluster.

    A Service of this cluster is reached through the mesh's own cluster, so that mutual TLS, load
    balancing and outlier detection are the mesh's. Anything else gets a cluster of its own.

    :param domain: the cluster's DNS domain, such as cluster.local.
    :param variable: the one that the port was given by.
    :raises InputError: the Service exists and has no such port.
    """
    literal = _ip(address)
    if literal is not None:
        shown = f"[{literal}]" if literal.version == 6 else str(literal)
        return _own_cluster("STATIC", str(literal), shown, port, filter_name, _plaintext(address, literal.is_private))
    named = address.rstrip(".").lower()
    in_cluster = named.endswith((".svc", f".svc.{domain}"))
    # A dot at the end says that a name of two labels is a host's.
    parts = None if address.endswith(".") and not in_cluster else _service_parts(named, domain)
    found = service(*parts) if parts else None
    if parts and found is not None:
        host = f"{parts[1]}.{parts[0]}.svc.{domain}"
        ports = [entry["port"] for entry in found["spec"].get("ports") or []]
        if port not in ports:
            listed = ", ".join(str(number) for number in sorted(ports)) or "none"
            raise InputError(variable, port, f"Service {parts[0]}/{parts[1]} has no such port; it has: {listed}")
        return Backend(f"outbound|{port}||{host}", f"{host}:{port}", "service", service=found)
    if in_cluster:
        raise InputError(
            ADDRESS,
            address,
            f"there is no Service {parts[1]} in namespace {parts[0]}"
            if parts
            else "must have the form NAME.NAMESPACE.svc",
        )
    return _own_cluster("STRICT_DNS", named, named, port, filter_name, _plaintext(named, private=False))


def _service_parts(address: str, domain: str) -> tuple[str, str] | None:
    """(namespace, name) if the address can be a Service: NAME.NAMESPACE[.svc[.DOMAIN]]."""
    short = address
    for suffix in (f".svc.{domain}", ".svc"):
        short = short.removesuffix(suffix)
    labels = short.split(".")
    return (labels[1], labels[0]) if len(labels) == 2 else None


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return None


def _plaintext(address: str, private: bool) -> list[str]:
    if private:
        return []
    return [f"traces go to {address} unencrypted, and it is not a Service of this cluster"]


def _own_cluster(kind: str, host: str, shown: str, port: int, filter_name: str, warnings: list[str]) -> Backend:
    name = f"wasm-filter-{filter_name}|{port}||{host}"
    endpoint = {"address": {"socket_address": {"address": host, "port_value": port}}}
    cluster = {
        "name": name,
        "type": kind,
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}]},
    }
    return Backend(name, f"{shown}:{port}", kind.lower(), [cluster], warnings)
