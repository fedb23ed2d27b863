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
        "envoy_filter": envoy_filter_spec,
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()[:DIGITS]
