# SPDX-License-Identifier: Apache-2.0
"""The order in which the released binary has things: its bytes stay as they are.

What is not named here comes behind, in the schema's order. When the released binary changes anyway, all of this
can go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

FIELDS = (
    *("revision", "name", "format", "context"),
    *("backend_cluster", "backend_authority", "backend_path", "backend_timeout_ms", "backend_headers"),
    *("bodies", "request_body_bytes_max", "response_body_bytes_max", "redact_headers", "redact_query"),
    *("heartbeat_seconds", "memory_mib", "sample_rate", "include", "exclude", "body_content_types"),
    *("hosts_from_cluster", "hosts_from_authority", "hosts_from_path", "hosts_from_seconds"),
    *("batch_count", "batch_bytes", "batch_milliseconds"),
)
ENTRIES = (
    *("revision", "name", "format", "context", "bodies", "request_body_bytes_max", "response_body_bytes_max"),
    *("heartbeat_seconds", "memory_mib", "redact_headers", "redact_query", "sample_rate", "body_content_types"),
    *("backend_cluster", "backend_authority", "backend_path", "backend_timeout_ms", "backend_headers"),
    *("include", "exclude"),
    *("hosts_from_cluster", "hosts_from_authority", "hosts_from_path", "hosts_from_seconds"),
    *("batch_count", "batch_bytes", "batch_milliseconds"),
)
GROUPS = ("top", "backend", "batch", "include", "exclude", "hosts_from")
RANGES = (
    *("request_body_bytes_max", "response_body_bytes_max", "heartbeat_seconds", "backend_timeout_ms"),
    *("hosts_from_seconds", "batch_count", "batch_bytes", "batch_milliseconds", "memory_mib"),
)
WORDS = ("off", "on")


def in_order(names: Iterable[str], first: Sequence[str]) -> list[str]:
    """The names, those of `first` in its order and before the others."""
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))
