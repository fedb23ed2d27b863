# SPDX-License-Identifier: Apache-2.0
"""A container's environment as a kubelet computes it (pure: what it needs of the cluster is asked of `lookup`)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from .. import network

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z0-9_.-]+)\)")
_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.*)'\]$")

Lookup = Callable[[str, str], dict[str, str] | None]
"""(kind, name) -> the decoded data of a ConfigMap or Secret of the pod's namespace; None if there is none."""


class MissingReference(Exception):
    """What a kubelet calls CreateContainerConfigError."""


def environment(
    pod: dict[str, Any], container: dict[str, Any], image: dict[str, str], lookup: Lookup
) -> dict[str, str]:
    values = {
        "PATH": PATH,
        "HOME": "/root" if os.geteuid() == 0 else "/",
        "HOSTNAME": pod["metadata"]["name"],
        "KUBERNETES_SERVICE_HOST": network.KUBERNETES_SERVICE_IP,
        "KUBERNETES_SERVICE_PORT": "443",
        **_default_port(container),
        **image,
    }
    for source in container.get("envFrom") or ():
        values |= _from_source(source, lookup)
    for variable in container.get("env") or ():
        value = _value(variable, pod, container, lookup)
        if value is not None:
            values[variable["name"]] = expand(value, values)
    return values


def expand(text: str, values: dict[str, str]) -> str:
    """$(NAME) where NAME is known, $$ for a dollar sign; all else stays as it is written."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        return "$" if name is None else values.get(name, match.group(0))

    return _REFERENCE.sub(replace, text)


def field_value(pod: dict[str, Any], path: str) -> str:
    subscript = _SUBSCRIPT.match(path)
    if subscript:
        return str((pod["metadata"].get(subscript.group(1)) or {}).get(subscript.group(2), ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = pod["metadata"].get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{_quoted(value)}"' for key, value in sorted(entries.items()))
    if path == "status.podIPs":
        return ",".join(entry["ip"] for entry in pod["status"].get("podIPs") or ())
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def resource_value(container: dict[str, Any], reference: dict[str, Any]) -> str:
    """Limits are not enforced, and those that are not set are the machine's own: a sidecar that took the node's
    advertised thousand cores for real would start as many threads."""
    kind, _, name = reference["resource"].partition(".")
    quantity = ((container.get("resources") or {}).get(kind) or {}).get(name)
    if quantity is None:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        amount = float({"cpu": os.cpu_count() or 1, "memory": pages}.get(name, 0))
    else:
        amount = parse_quantity(quantity)
    divisor = parse_quantity(reference.get("divisor") or "1") or 1.0
    return str(max(1, -int(-amount // divisor))) if amount else "0"


def parse_quantity(text: str) -> float:
    units = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    for suffix in sorted(units, key=len, reverse=True):
        if text.endswith(suffix):
            return float(text.removesuffix(suffix)) * units[suffix]
    return float(text)


def _default_port(container: dict[str, Any]) -> dict[str, str]:
    ports = container.get("ports") or ()
    return {"PORT": str(ports[0]["containerPort"])} if ports else {}


def _from_source(source: dict[str, Any], lookup: Lookup) -> dict[str, str]:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    data = lookup(kind, reference["name"])
    if data is None and not reference.get("optional"):
        raise MissingReference(f'{kind.lower()} "{reference["name"]}" not found')
    return {source.get("prefix", "") + key: value for key, value in (data or {}).items()}


def _value(variable: dict[str, Any], pod: dict[str, Any], container: dict[str, Any], lookup: Lookup) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return str(variable.get("value", ""))
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return resource_value(container, source["resourceFieldRef"])
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source.get("configMapKeyRef") or source.get("secretKeyRef") or {}
    data = lookup(kind, reference["name"])
    if data is not None and reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    what = "not found" if data is None else f"has no key {reference['key']}"
    raise MissingReference(f'{kind.lower()} "{reference["name"]}" {what}')


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
