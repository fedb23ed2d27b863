# SPDX-License-Identifier: Apache-2.0
"""Services as a backend: which one an address is, which ones have a name like it, and what their ports are. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ..domain.errors import InputError
from ..kinds.base import Object
from .address import IpAddress, ip_of

NEAR_MAX = 3
# https://www.iana.org/assignments/service-names-port-numbers: opentelemetry, for gRPC, and the one of OTLP/HTTP.
OTLP_GRPC, OTLP_HTTP = 4317, 4318


@dataclass(frozen=True)
class Lookup:
    """`service`: (namespace, name) -> Service or None. `services`: all of them; None where they may not be listed.

    `namespaces`: of the cluster, as far as they are known.
    """

    service: Callable[[str, str], Object | None]
    services: Callable[[], list[Object] | None]
    namespaces: Collection[str] = ()


def slim(service: Object) -> Object:
    """What is needed of one among thousands."""
    metadata, spec = service["metadata"], service.get("spec") or {}
    wanted = ("clusterIP", "clusterIPs", "externalName", "ports", "selector", "type")
    return {
        "metadata": {key: metadata[key] for key in ("name", "namespace", "annotations") if key in metadata},
        "spec": {key: spec[key] for key in wanted if key in spec},
    }


def label(service: Object) -> str:
    """As people name it."""
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def is_headless(service: Object) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def is_alias(service: Object) -> bool:
    """Only another name for a host."""
    return bool(service["spec"].get("type") == "ExternalName")


def external_name(service: Object) -> str:
    """Of an alias, the host."""
    return str(service["spec"].get("externalName") or "").rstrip(".").lower()


def with_cluster_ip(services: Iterable[Object], literal: IpAddress) -> Object | None:
    """The Service whose ClusterIP it is, in either family."""
    for one in services:
        spec = one["spec"]
        if literal in map(ip_of, [*(spec.get("clusterIPs") or []), spec.get("clusterIP") or ""]):
            return one
    return None


def near(services: Iterable[Object], name: str, namespace: str = "") -> list[str]:
    """NAME.NAMESPACE of those that may be meant: of this very name, else written alike."""
    found = {f"{one['metadata']['name']}.{one['metadata']['namespace']}": one["metadata"]["name"] for one in services}
    given = f"{name}.{namespace}" if namespace else name
    same = [full for full, own in found.items() if own == name]
    ranked = sorted(same, key=lambda full: -difflib.SequenceMatcher(None, given, full).ratio())
    alike = difflib.get_close_matches(given, found, NEAR_MAX, 0.75)
    if not namespace:
        names = difflib.get_close_matches(name, set(found.values()), NEAR_MAX, 0.75)
        alike = [full for one in names for full, own in found.items() if own == one]
    return list(dict.fromkeys([*ranked, *alike]))[:NEAR_MAX]


def did_you_mean(names: list[str]) -> str:
    """To go on with a sentence."""
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def port_of(service: Object, port: int, variable: str) -> dict[str, Any]:
    """Its entry for a TCP port.

    :raises InputError: it has none.
    """
    ports: list[dict[str, Any]] = service["spec"].get("ports") or []
    for one in ports:
        if one["port"] == port and _protocol(one) == "TCP":
            return one
    listed = ", ".join(str(number) for number in sorted({one["port"] for one in ports if _protocol(one) == "TCP"}))
    others = sorted({_protocol(one) for one in ports if one["port"] == port})
    if others:
        raise InputError(
            variable,
            port,
            f"Service {label(service)} has this port for {' and '.join(others)} only, and traces go by TCP; "
            f"it has for TCP: {listed or 'none'}",
        )
    behind = next((one["port"] for one in ports if port in (one.get("targetPort"), one.get("nodePort"))), None)
    hint = f" ({port} is what is behind its port {behind})" if behind else ""
    raise InputError(variable, port, f"Service {label(service)} has no such port; it has: {listed or 'none'}{hint}")


def not_for(entry: dict[str, Any], port: int, trace_format: str) -> list[str]:
    """What a port takes, as far as numbers and names tell, if it is not what would be sent to it.

    :param entry: of the Service; empty: none is known.
    :param trace_format: empty where no traces are sent to it.
    """
    numbers = {port, entry.get("targetPort")}
    names = [str(entry.get(key) or "").lower() for key in ("name", "appProtocol", "targetPort")]
    if not trace_format:
        return []
    if any(re.match(r"(https|tls)\b", name) for name in names):
        return [f"port {port} of the Service takes TLS by its name, and traces are sent in plain HTTP: all may fail"]
    if OTLP_GRPC in numbers or any(re.search(r"\bgrpc\b", name) for name in names):
        right = f"OTLP/HTTP, the format otlp, has port {OTLP_HTTP}" if trace_format == "otlp" else "they go by HTTP/1.1"
        return [f"port {port} is for gRPC, by which no traces are sent: {right}"]
    if OTLP_HTTP in numbers and trace_format != "otlp":
        return [f"port {port} is OTLP's, and traces go there with wasm_filter_trace_format={trace_format}"]
    return []


def _protocol(entry: dict[str, Any]) -> str:
    return str(entry.get("protocol") or "TCP")
