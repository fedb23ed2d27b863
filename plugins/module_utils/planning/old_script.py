# SPDX-License-Identifier: Apache-2.0
"""What the script deploy.sh of openclarity/wasm-filters has left in a namespace. Pure.

Its EnvoyFilter and ours side by side trace each request twice.
https://github.com/openclarity/wasm-filters
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..deliveries.sidecar_volumes import USER_VOLUME, USER_VOLUME_MOUNT
from ..domain.names import MANAGED_BY, MANAGED_BY_LABEL
from ..kinds.base import Object, WorkloadKind

# Where it mounts its binary, whatever the names of the other things are.
FOLDER = "/var/local/lib/wasm-filters"
VOLUME = "wasmfilters-dir"
# What is not of this collection: ours may be many, and large.
OTHERS = f"{MANAGED_BY_LABEL}!={MANAGED_BY}"


@dataclass
class Leftovers:
    """Of one namespace. `workloads`, as KIND/NAME, mount a ConfigMap of `config_maps`: without it new pods hang."""

    envoy_filters: list[str] = field(default_factory=list)
    workloads: list[str] = field(default_factory=list)
    config_maps: set[str] = field(default_factory=set)


def leftovers(
    envoy_filters: Iterable[Object], workloads: Mapping[str, Iterable[tuple[WorkloadKind, Object]]]
) -> dict[str, Leftovers]:
    """By namespace; only those that have any.

    :param workloads: those of each namespace.
    """
    found: dict[str, Leftovers] = {}
    for one in envoy_filters:
        if FOLDER in json.dumps(one.get("spec") or {}):
            metadata = one["metadata"]
            found.setdefault(metadata["namespace"], Leftovers()).envoy_filters.append(metadata["name"])
    for namespace, those in workloads.items():
        for kind, workload in those:
            annotations = (kind.template(workload).get("metadata") or {}).get("annotations") or {}
            if FOLDER in annotations.get(USER_VOLUME_MOUNT, ""):
                there = found.setdefault(namespace, Leftovers())
                there.workloads.append(f"{kind.kind}/{workload['metadata']['name']}")
                there.config_maps |= _config_maps(annotations.get(USER_VOLUME, ""))
    return found


def _config_maps(text: str) -> set[str]:
    try:
        return {one["configMap"]["name"] for one in json.loads(text) if one["name"] == VOLUME}
    except (ValueError, TypeError, KeyError):
        return set()
