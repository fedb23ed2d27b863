# SPDX-License-Identifier: Apache-2.0
"""The revision R: one short name for a wasm, its configuration and the EnvoyFilter around them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

FORMAT_VERSION = 1
DIGITS = 10
# What templates see as the revision while R itself is not known yet.
UNKNOWN = "0" * DIGITS
# What names of clusters begin with that an EnvoyFilter of ours brings.
OWN_CLUSTER = "wasm-filter-"
# Of such a cluster of hosts; it is not counted, see `counted`.
DNS_FAMILY = {"dns_lookup_family": "V4_PREFERRED"}


def canonical_json(value: Any) -> bytes:
    """Keys sorted, no spaces, UTF-8: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def revision(wasm_sha256: str, configuration: Any, envoy_filter_spec: Any) -> str:
    """R: the first 10 hex digits (40 bits) of the sha256 of everything that a proxy gets.

    :param wasm_sha256: 64 hex digits.
    :param configuration: the plugin configuration, rendered with R = UNKNOWN.
    :param envoy_filter_spec: the EnvoyFilter's spec, rendered with R = UNKNOWN. Comments and key
        order of the template it came from make no difference.
    """
    content = {
        "format": FORMAT_VERSION,
        "wasm": wasm_sha256,
        "configuration": configuration,
        "envoy_filter": counted(envoy_filter_spec),
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()[:DIGITS]


def counted(envoy_filter_spec: Any) -> Any:
    """What of an EnvoyFilter makes a revision: not the DNS_FAMILY of our own clusters, which older versions of this
    collection did not set. Whoever upgrades would have all pods restarted for it.
    """
    if not isinstance(envoy_filter_spec, dict) or not isinstance(envoy_filter_spec.get("configPatches"), list):
        return envoy_filter_spec
    return {**envoy_filter_spec, "configPatches": [_counted(patch) for patch in envoy_filter_spec["configPatches"]]}


def _counted(config_patch: Any) -> Any:
    if not isinstance(config_patch, dict) or config_patch.get("applyTo") != "CLUSTER":
        return config_patch
    patch = config_patch.get("patch")
    value = patch.get("value") if isinstance(patch, dict) else None
    if patch is None or not isinstance(value, dict) or not str(value.get("name", "")).startswith(OWN_CLUSTER):
        return config_patch
    rest = {key: inner for key, inner in value.items() if DNS_FAMILY.get(key) != inner}
    return {**config_patch, "patch": {**patch, "value": rest}}
