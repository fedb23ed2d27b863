# SPDX-License-Identifier: Apache-2.0
"""Which share is traced, from filter/README.md, W3C's Trace Context and OpenTelemetry's probability sampling."""

import re

from tests.filter import probability
from tests.filter.fuzz.messages import Header
from tests.filter.fuzz.plugin_settings import Settings

# Version 00 ends here; later ones may go on behind a dash, and there is no ff. Ids of zeros are none.
TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?", re.S)
RANDOMNESS = re.compile(rb"(?:^|.*;)rv:([0-9a-f]{14})(?:;.*|$)")
SAMPLED = 1


def first(headers: list[Header], name: bytes) -> bytes:
    """Of several values the first that has text."""
    return next((header.value for header in headers if header.name == name and header.value), b"")


def is_sampled(settings: Settings, headers: list[Header]) -> bool | None:
    """None: a hash of an id decides, or chance."""
    value = first(headers, b"traceparent")
    parent = TRACEPARENT.fullmatch(value)
    if parent is not None and not (value.startswith(b"00") and parent[3] is not None):
        if settings.sample_by == "parent":
            return bool(int(parent[2], 16) & SAMPLED)
        if settings.sample_by == "trace_id":
            explicit = _explicit(first(headers, b"tracestate"))
            randomness = int(parent[1], 16) & ((1 << probability.BITS) - 1) if explicit is None else explicit
            return randomness >= probability.threshold(round(settings.sample_rate * 10**9))
    return bool(settings.sample_rate) if settings.sample_rate in (0, 1) else None


def _explicit(tracestate: bytes) -> int | None:
    for member in tracestate.split(b","):
        vendor, _, value = member.strip(b" \t").partition(b"=")
        if vendor == b"ot":
            found = RANDOMNESS.fullmatch(value)
            return int(found[1], 16) if found else None
    return None
