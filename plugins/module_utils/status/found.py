# SPDX-License-Identifier: Apache-2.0
"""What was read of a namespace, sorted by filter. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..deliveries import workload_change
from ..deliveries.base import NamespaceObjects, revision_label
from ..deliveries.delivery import beyond_kept
from ..deliveries.expectations import Expectations, of_envoy_filters
from ..deliveries.release import wanted_labels
from ..domain.names import DOMAIN, FILTER_LABEL, NAME_MAX, FilterNames, is_dns_label
from ..domain.outcome import NONE
from ..engine.reading import NamespaceRead
from ..kinds.base import Object, WorkloadKind

ORIGINAL = ".original"
_MARK = f"{DOMAIN}/"


@dataclass(frozen=True)
class Found:
    """One filter in a namespace.

    `used`: revisions that pods or former templates name; None: that was not asked.
    """

    names: FilterNames
    objects: NamespaceObjects
    workloads: list[tuple[WorkloadKind, Object]]
    lease: Object | None = None
    used: frozenset[str] | None = None

    @cached_property
    def inline(self) -> Object | None:
        """The EnvoyFilter of delivery inline."""
        return self.envoy_filter(self.names.envoy_filter(None))

    @cached_property
    def expectations(self) -> Expectations:
        """What its pods are to show."""
        return of_envoy_filters(self.names, self.objects.envoy_filters)

    def envoy_filter(self, name: str) -> Object | None:
        return next((one for one in self.objects.envoy_filters if one["metadata"]["name"] == name), None)

    def config_maps(self, revision: str) -> list[Object]:
        """Several where wasm_filter_config_map_name has changed in between."""
        return [one for one in self.objects.config_maps if revision_label(one) == revision]

    def revision_of(self, kind: WorkloadKind, workload: Object) -> str:
        return workload_change.revision_of(kind, workload, self.names) or NONE

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many workloads name each revision."""
        counts: dict[str, int] = {}
        for kind, workload in self.workloads:
            revision = self.revision_of(kind, workload)
            if revision != NONE:
                counts[revision] = counts.get(revision, 0) + 1
        return counts

    @cached_property
    def revision(self) -> str:
        """The one that the namespace is on: what inline says, else what most workloads name, else the newest."""
        if self.inline is not None:
            return revision_label(self.inline) or NONE
        newest = sorted(self.objects.envoy_filters, key=lambda one: one["metadata"].get("creationTimestamp", ""))
        order = {revision_label(one): at for at, one in enumerate(newest)}
        named = {**dict.fromkeys(filter(None, order), 0), **self.counts}
        return max(named, key=lambda one: (named[one], order.get(one, -1)), default=NONE)

    @cached_property
    def selector(self) -> dict[str, str]:
        """The labels that pods have to have for the filter to be meant for them."""
        found = self.envoy_filter(self.names.envoy_filter(self.revision))
        return wanted_labels((found or {}).get("spec") or {}, self.names)

    @cached_property
    def superseded(self) -> list[Object]:
        """ConfigMaps that are kept only where something refers to them."""
        current = self.config_maps(self.revision)
        return beyond_kept(self.objects.config_maps, current[0]["metadata"]["name"] if current else "")


def by_filter(read: NamespaceRead, leases: list[Object], wanted: str = "") -> dict[str, Found]:
    """Each filter that there is a trace of.

    :param wanted: only this one.
    """
    names = {wanted} if wanted else set(_names(read))
    found = {}
    for name in sorted(names):
        objects = NamespaceObjects(_of(name, read.objects.config_maps), _of(name, read.objects.envoy_filters))
        workloads = sorted(read.workloads, key=lambda one: (one[0].kind, one[1]["metadata"]["name"]))
        one = Found(FilterNames(name), objects, workloads, next(iter(_of(name, leases)), None))
        if objects.config_maps or objects.envoy_filters or one.counts or _kept(one):
            found[name] = one
    return found


def _of(name: str, objects: list[Object]) -> list[Object]:
    return [one for one in objects if _label(one) == name]


def _label(found: Object) -> str:
    return str((found["metadata"].get("labels") or {}).get(FILTER_LABEL, ""))


def _kept(found: Found) -> bool:
    """Whether some workload keeps its own annotations for later, so that it has, or had, the filter."""
    key = found.names.original_annotation
    return any(key in (workload["metadata"].get("annotations") or {}) for _kind, workload in found.workloads)


def _names(read: NamespaceRead) -> Iterator[str]:
    yield from filter(_fits, map(_label, [*read.objects.config_maps, *read.objects.envoy_filters]))
    for kind, workload in read.workloads:
        labels = (kind.template(workload).get("metadata") or {}).get("labels") or {}
        annotations = workload["metadata"].get("annotations") or {}
        for key in [*labels, *(key.removesuffix(ORIGINAL) for key in annotations if key.endswith(ORIGINAL))]:
            name = key.removeprefix(_MARK)
            if key.startswith(_MARK) and _fits(name):
                yield name


def _fits(name: str) -> bool:
    return is_dns_label(name, NAME_MAX)
