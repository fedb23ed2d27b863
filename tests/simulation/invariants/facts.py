# SPDX-License-Identifier: Apache-2.0
"""What happened to one workload while a run went on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import truth
from tests.simulation.controllers.base import MANAGER
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place, place_of
from tests.simulation.scenario import Key
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.traits import INJECT, TEMPLATE
from tests.simulation.values import Object, at


@dataclass(frozen=True)
class Facts:
    """`place` of the workload, in `record` of the run."""

    record: Record
    place: Place

    @property
    def key(self) -> Key:
        return self.place.resource.kind, self.place.namespace, self.place.name

    @cached_property
    def changes(self) -> list[Change]:
        return self.record.changes_of(self.place)

    @cached_property
    def ours(self) -> list[Change]:
        return [one for one in self.changes if by_run(self.record, one)]

    @cached_property
    def by_others(self) -> list[Change]:
        """What people and their tools did, not the cluster's own controllers."""
        return [one for one in self.changes if not by_run(self.record, one) and one.by != MANAGER]

    @property
    def deleted(self) -> bool:
        return any(one.type == "DELETED" for one in self.changes)

    def template_changed(self) -> bool:
        """By the run."""
        return any(
            one.before is not None and one.before["spec"].get("template") != one.after["spec"].get("template")
            for one in self.ours
        )

    def states(self, since: float | None = None) -> Iterator[Object]:
        """The object at that time (the run's begin), and as it was after each change from then on."""
        last = self.record.before.get(self.place)
        rest = []
        for change in self.changes:
            if since is not None and change.time <= since:
                last = None if change.type == "DELETED" else change.after
            elif change.type != "DELETED":
                rest.append(change.after)
        yield from ([last] if last is not None else [])
        yield from rest

    @cached_property
    def since(self) -> float:
        """From when on what is said has to have been true: the last look of its wave at the cluster."""
        resource = self.place.resource
        times = [self.record.begin]
        end = self.record.wave_end(self.place.namespace)
        for one in self.record.served:
            if one.request.verb == Verb.LIST and one.error is None and one.time <= end:
                listed = place_of(one.request.path)
                if listed and listed.resource is resource and listed.namespace in ("", self.place.namespace):
                    times.append(one.time)
        return max(times)

    def has_filter(self, revision: str, since: float | None = None) -> bool:
        """Whether its template was on the revision at any moment since then."""
        name = self.record.task.filter_name
        return any(truth.has_filter(state, name, revision) for state in self.states(since))


def facts_of(record: Record, kind: str, namespace: str, name: str) -> Facts:
    return Facts(record, Place(RESOURCES[kind], namespace, name))


def eligible(workload: Object, task: Task) -> str:
    """Empty, or why a workload's pods are not meant for the filter, or would never get it."""
    metadata, template = workload["metadata"], at(workload, *TEMPLATE) or {}
    labels = template.get("labels") or {}
    inject = labels.get(INJECT) or (template.get("annotations") or {}).get(INJECT)
    reasons = {
        "not_selected": not dict(task.selector).items() <= labels.items(),
        "workload_terminating": bool(metadata.get("deletionTimestamp")),
        "injection_disabled": inject == "false",
        "host_network": bool(at(workload, "spec", "template", "spec", "hostNetwork")),
        "owned_by_controller": any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
