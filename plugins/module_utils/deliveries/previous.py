# SPDX-License-Identifier: Apache-2.0
"""One revision back, or to a named one that a namespace still has: from what the cluster holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..domain.names import FilterNames
from ..domain.outcome import NONE, Outcome, Reason
from ..kinds.base import Object, WorkloadKind
from . import workload_change
from .base import (
    CONFIG_MAPS,
    ENVOY_FILTERS,
    NamespaceObjects,
    ObjectStep,
    Operation,
    StepAction,
    WorkloadChange,
    collection,
    revision_label,
)
from .expectations import Expectations, of_envoy_filters

# (kind, object)
Workload = tuple[WorkloadKind, Object]


class Previous(Operation):
    """Each workload on the namespace's newest revision goes to the one that it had before; the others are there.

    What has gone back is marked, until it is deployed again: so a run that was killed is finished by the next, and
    what is finished stays. With delivery inline it is the EnvoyFilter that goes back.

    :param revision: the one to go to, whatever was before; empty: the one before.
    """

    done = Outcome.DEPLOYED
    restarts_pods = False
    shows = True

    def __init__(self, names: FilterNames, revision: str = "") -> None:
        super().__init__(names)
        self.revision = revision
        self.description = f"back to {f'revision {revision}' if revision else 'the revision before'}"
        self._newest = NONE
        self._kept: set[str] = set()
        self._inline: Object | None = None
        self._envoy_filters: list[Object] = []

    def bound(self, objects: NamespaceObjects, workloads: Iterable[Workload]) -> Previous:
        found = Previous(self.names, self.revision)
        filters = {one["metadata"]["name"]: one for one in objects.envoy_filters}
        maps = sorted(objects.config_maps, key=lambda one: one["metadata"].get("creationTimestamp", ""))
        found._envoy_filters = objects.envoy_filters
        found._inline = filters.get(self.names.envoy_filter(None))
        found._kept = {revision for one in maps if self.names.envoy_filter(revision := revision_label(one)) in filters}
        if found._inline is not None:
            found._done(workload_change.rolled_back_from(found._inline, self.names))
            target = found._target(found._inline)
            there = {revision_label(one) for one in maps} | {revision_label(found._inline)}
            found.refusal = None if target in there else (Reason.NO_REVISION, gone(target))
        else:
            found._find_newest([revision_label(one) for one in maps], list(workloads))
        return found

    def _find_newest(self, revisions: list[str], workloads: list[Workload]) -> None:
        """The one that a namespace goes back from. `revisions`: those that it has, the oldest first."""
        on = [(workload_change.revision_of(kind, one, self.names), one) for kind, one in workloads]
        used = {revision for revision, _one in on}
        newest = self._newest = next((one for one in reversed(revisions) if one in used), NONE)
        since = revisions[revisions.index(newest) :] if newest != NONE else []
        marks = [(revision, workload_change.rolled_back_from(one, self.names)) for revision, one in on]
        # The others are of an earlier time, on workloads that later deploys have left out.
        origins = [origin for revision, origin in marks if origin and (revision == newest or origin in since)]
        if origins:
            self._newest = next((one for one in reversed(revisions) if one in origins and one in used), NONE)
            self._done("" if self._newest != NONE else origins[0])

    def _done(self, origin: str) -> None:
        if origin and not self.revision:
            self.description = f"rolled back from revision {origin} already; wasm_filter_rollback_to goes further"

    def _target(self, inline: Object) -> str:
        if not self.revision and workload_change.rolled_back_from(inline, self.names):
            return revision_label(inline)
        return self.revision or previous_of(inline, self.names)[0]

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        current = workload_change.revision_of(kind, workload, self.names) or NONE
        if current == NONE or self._inline is not None:
            return WorkloadChange(NONE, NONE)
        before = workload_change.previous_revisions(workload, self.names)[0]
        target = self.revision or (before if current == self._newest else current)
        if target == current:
            return WorkloadChange(current, current)
        if target == NONE:
            return workload_change.remove(kind, workload, self.names)
        if target not in self._kept:
            return WorkloadChange(
                current, current, outcome=Outcome.FAILED, reason=Reason.NO_REVISION, message=gone(target)
            )
        return workload_change.deploy(kind, workload, self.names, target, back=True, back_from=current)

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        if change.to_revision == NONE:
            return workload_change.left(kind, workload, self.names)
        return workload_change.missing(kind, workload, self.names, change.to_revision)

    def expected(self, done: Iterable[ObjectStep] = ()) -> Expectations | None:
        """Each pod is to show the revision that it has then."""
        bodies = {step.name: step.body for step in done if step.action == StepAction.ENSURE}
        found = [bodies.get(one["metadata"]["name"]) or one for one in self._envoy_filters]
        return of_envoy_filters(self.names, found) if found else None

    def steps_before(self, namespace: str, objects: NamespaceObjects) -> list[ObjectStep]:
        """Of delivery inline: the EnvoyFilter as the ConfigMap of the revision has it."""
        if self._inline is None:
            return []
        current, target = revision_label(self._inline), self._target(self._inline)
        if target == current:
            return []
        path, name = collection(ENVOY_FILTERS, namespace), self._inline["metadata"]["name"]
        source = ObjectStep(
            StepAction.FETCH, "ConfigMap", collection(CONFIG_MAPS, namespace), self.names.config_map(target)
        )
        ensure = ObjectStep(StepAction.ENSURE, "EnvoyFilter", path, name, None, self._inline, True)
        shown = {"EnvoyFilter": {name: f"revision {current}"}}, {"EnvoyFilter": {name: f"revision {target}"}}
        return [source, replace(ensure, before=shown[0], after=shown[1])]

    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        """All revisions stay: one may be gone forward to again."""
        return []


def previous_of(envoy_filter: Object, names: FilterNames) -> list[str]:
    """What delivery inline had before, the last first; `none`: nothing that it knows of."""
    annotations = envoy_filter["metadata"].get("annotations") or {}
    return str(annotations.get(names.previous_annotation, NONE)).split(",")


def gone(revision: str) -> str:
    """Why a revision can't be gone back to."""
    if revision == NONE:
        return "there was none before it: take the filter out with remove.yml"
    return f"revision {revision} is not in the namespace any more: deploy what it was made of"
