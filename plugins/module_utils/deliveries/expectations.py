# SPDX-License-Identifier: Apache-2.0
"""What the pods of a namespace are to show of a filter, by the EnvoyFilters that bring it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.names import REVISION_LABEL, FilterNames
from ..kinds.base import Object
from ..probes.expected import Expected
from .redacted import HEARTBEAT, REVISION, is_own


@dataclass(frozen=True)
class Expectation:
    """`period_seconds`: how often a filter that runs shows it; 0: it is not known to show anything."""

    expected: Expected
    period_seconds: int


@dataclass(frozen=True)
class Expectations:
    """Of one filter in a namespace.

    `selector`: of the pods that may have it, for a LIST; empty: all of them. `label`: the one of a pod that names its
    revision; empty: they all have the same, which is that of no name.
    """

    selector: str
    label: str
    by_revision: Mapping[str, Expectation]

    @property
    def mounted(self) -> bool:
        """Is it in a pod from the pod's creation on?"""
        return bool(self.label)

    def of(self, pod: Object) -> Expectation | None:
        """None: the filter is not meant for it, or there is nothing that brings it."""
        labels = pod["metadata"].get("labels") or {}
        found = self.by_revision.get(labels.get(self.label, "") if self.label else "")
        if found is None or not found.expected.labels.items() <= labels.items() or not found.expected.goes_to(pod):
            return None
        return found


def of_release(names: FilterNames, revision: str, spec: Mapping[str, Any], mounted: bool) -> Expectations:
    """Of one revision."""
    found = _expectation(names, revision, spec, mounted)
    label = names.pod_label if mounted else ""
    return Expectations(found.expected.selector, label, {revision if mounted else "": found})


def of_envoy_filters(names: FilterNames, envoy_filters: Iterable[Object]) -> Expectations:
    """Of all that a namespace has of a filter: one of delivery inline is for all pods, whatever others there are."""
    by_revision = {}
    for one in envoy_filters:
        revision, name = (one["metadata"].get("labels") or {}).get(REVISION_LABEL, ""), one["metadata"]["name"]
        if name == names.envoy_filter(None):
            return of_release(names, revision, one.get("spec") or {}, False)
        if revision and name == names.envoy_filter(revision):
            by_revision[revision] = _expectation(names, revision, one.get("spec") or {}, True)
    return Expectations(names.pod_label, names.pod_label, by_revision)


def _expectation(names: FilterNames, revision: str, spec: Mapping[str, Any], mounted: bool) -> Expectation:
    return Expectation(Expected.of(names, revision, spec, mounted), period_seconds(spec, revision))


def period_seconds(spec: Mapping[str, Any], revision: str) -> int:
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
        # A template of the user's own may have either name of the field.
        config = (value.get("typed_config") or value.get("typedConfig") or {}).get("config") or {}
        text = (config.get("configuration") or {}).get("value")
        try:
            found = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found
