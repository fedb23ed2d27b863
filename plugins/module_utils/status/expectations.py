# SPDX-License-Identifier: Apache-2.0
"""What a pod is to show of a filter, by the EnvoyFilter that is there for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..deliveries.base import revision_label
from ..deliveries.redacted import HEARTBEAT, REVISION, is_own
from ..kinds.base import Object
from ..probes.expected import Expected
from .found import Found


@dataclass(frozen=True)
class Expectation:
    """`heartbeat_seconds`: how often a filter that runs shows it; 0: it is not known to show anything."""

    expected: Expected
    heartbeat_seconds: int


def selector(found: Found) -> str:
    """The label selector of the pods that may have the filter; empty: all of a namespace."""
    if found.inline is None:
        return found.names.pod_label
    return Expected.of(found.names, found.revision, found.inline.get("spec") or {}, False).selector


def of_pod(found: Found, pod: Object) -> Expectation | None:
    """None: the filter is not meant for it, or there is nothing that brings it."""
    labels = pod["metadata"].get("labels") or {}
    if found.inline is not None:
        revision, envoy_filter = revision_label(found.inline), found.inline
    else:
        revision = labels.get(found.names.pod_label, "")
        brings = found.envoy_filter(found.names.envoy_filter(revision)) if revision else None
        if brings is None:
            return None
        envoy_filter = brings
    spec = envoy_filter.get("spec") or {}
    expected = Expected.of(found.names, revision, spec, found.inline is None)
    if not expected.labels.items() <= labels.items() or not expected.goes_to(pod):
        return None
    return Expectation(expected, heartbeat_seconds(spec, revision))


def heartbeat_seconds(spec: Mapping[str, Any], revision: str) -> int:
    """By the plugin configuration, in which the role writes revision and heartbeat for a filter with our metrics.

    0 where it does not: a foreign filter's own configuration, or one of before there was a heartbeat.
    """
    for configuration in _configurations(spec):
        if is_own(configuration) and configuration[REVISION] == revision:
            seconds = configuration[HEARTBEAT]
            return seconds if isinstance(seconds, int) and seconds > 0 else 0
    return 0


def _configurations(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for patch in spec.get("configPatches") or []:
        value = (patch.get("patch") or {}).get("value") or {}
        config = (value.get("typed_config") or {}).get("config") or {}
        text = (config.get("configuration") or {}).get("value")
        try:
            found = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
