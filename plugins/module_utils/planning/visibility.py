# SPDX-License-Identifier: Apache-2.0
"""Which namespaces the mesh keeps the trace backend's Service from. Pure.

https://istio.io/latest/docs/reference/config/networking/sidecar/ and the annotation networking.istio.io/exportTo
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..kinds.base import Object

EXPORT_TO = "networking.istio.io/exportTo"


@dataclass(frozen=True)
class Backend:
    """The Service, where the mesh finds it. `exported_to`: the mesh's default."""

    service: Object
    host: str
    port: int
    exported_to: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        namespace: str = self.service["metadata"]["namespace"]
        return namespace

    @property
    def label(self) -> str:
        return f"{self.namespace}/{self.service['metadata']['name']}"


def hidden(
    backend: Backend, namespaces: Iterable[str], sidecars: Iterable[Object], root_namespace: str
) -> Iterator[tuple[str, str]]:
    """(namespace, by what) of those whose proxies have no cluster for the Service, or some of whose have none.

    :param sidecars: the Sidecar resources of these namespaces and of the root namespace.
    """
    there = list(sidecars)
    default = [one for one in _of(there, root_namespace) if not _selector(one)]
    for namespace in namespaces:
        if not _exported(backend, namespace):
            yield namespace, f"the exportTo of Service {backend.label} leaves them out"
        own = _of(there, namespace)
        whole = [one for one in own if not _selector(one)] or default
        for one in [*whole[:1], *(one for one in own if _selector(one))]:
            if not _imports(one, backend):
                yield namespace, _told(one)


def _of(sidecars: Iterable[Object], namespace: str) -> list[Object]:
    """Oldest first: that one counts where there are several."""
    found = [one for one in sidecars if one["metadata"]["namespace"] == namespace]
    return sorted(found, key=lambda one: (one["metadata"].get("creationTimestamp", ""), one["metadata"]["name"]))


def _selector(sidecar: Object) -> dict[str, str]:
    return (_spec(sidecar).get("workloadSelector") or {}).get("labels") or {}


def _spec(sidecar: Object) -> dict[str, Any]:
    return sidecar.get("spec") or {}


def _told(sidecar: Object) -> str:
    label = f"{sidecar['metadata']['namespace']}/{sidecar['metadata']['name']}"
    selector = ",".join(f"{key}={value}" for key, value in sorted(_selector(sidecar).items()))
    return f"the egress of Sidecar {label} leaves it out" + (f", for pods with {selector}" if selector else "")


def _exported(backend: Backend, namespace: str) -> bool:
    text = (backend.service["metadata"].get("annotations") or {}).get(EXPORT_TO, "")
    given = [one.strip() for one in text.split(",") if one.strip()] or list(backend.exported_to) or ["*"]
    return any(_names(one, namespace, backend.namespace) for one in given)


def _names(pattern: str, namespace: str, own: str) -> bool:
    """Whether a place is the namespace; `.`: the one where it is said, `~`: nowhere."""
    return pattern == "*" or (own if pattern == "." else pattern) == namespace


def _imports(sidecar: Object, backend: Backend) -> bool:
    """Without egress it takes all; a listener with a port takes what has that port."""
    listeners = _spec(sidecar).get("egress")
    if not listeners:
        return True
    own = sidecar["metadata"]["namespace"]
    return any(
        (one.get("port") or {}).get("number") in (None, backend.port)
        and any(_host(host, own, backend) for host in one.get("hosts") or [])
        for one in listeners
    )


def _host(pattern: str, own: str, backend: Backend) -> bool:
    """NAMESPACE/NAME of an egress host."""
    namespace, slash, name = pattern.partition("/")
    if not slash:
        namespace, name = "*", pattern
    named = name == "*" or name == backend.host or (name.startswith("*.") and backend.host.endswith(name[1:]))
    return named and _names(namespace, backend.namespace, own)
