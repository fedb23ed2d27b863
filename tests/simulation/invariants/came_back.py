# SPDX-License-Identifier: Apache-2.0
"""Pods of workloads that went back: whether they have a sidecar, and run the revision of before, has to be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import WorkloadVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import truth
from tests.simulation.injection import proxy_of
from tests.simulation.invariants.facts import Facts
from tests.simulation.invariants.proof import was_ready
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place, page_of
from tests.simulation.sidecars import Sidecar
from tests.simulation.simulation import Simulation

BARE = "nobody has injected a sidecar into"
WRONG = ", but pod "
UNKNOWN = "not known of"


def check(simulation: Simulation, record: Record, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    """:param said: that it went back, or was to."""
    found = _Pods(simulation, record, facts)
    bare = [one.pod["metadata"]["name"] for one in found.new if proxy_of(one.pod) is None]
    if BARE in said.message and not bare and not facts.by_others:
        yield "none of its pods came back without a sidecar"
    elif WRONG in said.message and not facts.by_others and found.new and not found.ill(said.to_revision):
        yield f"all that came back runs {said.to_revision}"
    elif said.outcome == "rolled_back" and found.were_looked_at:
        if bare:
            yield f"{', '.join(bare)} came back without a sidecar"
        elif UNKNOWN not in said.message:
            yield from found.unsaid(said)


@dataclass
class _Pods:
    """Those of one workload."""

    simulation: Simulation
    record: Record
    facts: Facts

    @property
    def namespace(self) -> str:
        return self.facts.place.namespace

    @cached_property
    def lists(self) -> list[tuple[float, bool]]:
        """When all pods of the namespace were asked for, and whether that was answered."""
        return [
            (one.time, one.error is None)
            for one in self.record.served
            if one.request.verb == Verb.LIST
            and one.request.path.endswith(f"/namespaces/{self.namespace}/pods")
            and not one.request.label_selector
        ]

    @property
    def were_looked_at(self) -> bool:
        """Whether somebody was to look at pods, and could."""
        record = self.record
        asked = [one for one in record.served if one.request.path.endswith(f"/namespaces/{self.namespace}/pods")]
        return record.task.proof != "off" and not record.stops and not any(one.error for one in asked)

    @cached_property
    def looked(self) -> float:
        return max((time for time, answered in self.lists if answered), default=self.record.begin)

    @cached_property
    def new(self) -> list[Sidecar]:
        """Those that were created since its namespace was locked.

        What came after the last look counts as well, as it was to wait for them; but not where somebody else has
        changed the workload after the run had: nobody knows by then how many are still to come.
        """
        found = self.simulation.store.get(self.facts.place)
        changes = self.record.changes
        leases = [
            one for one in changes if one.place.resource.kind == "Lease" and one.place.namespace == self.namespace
        ]
        locked = [one.time for one in leases if by_run(self.record, one)]
        if found is None or not locked:
            return []
        last = max((one.time for one in self.facts.ours), default=locked[0])
        by_others = any(one.time > last for one in self.facts.by_others)
        until = self.looked if by_others else float("inf")
        names = {one["metadata"]["name"] for one in truth.pods_of(self.simulation.cluster.owned, found)}
        return [
            one
            for one in self.simulation.sidecars.of(self.namespace)
            if one.pod["metadata"]["name"] in names and locked[0] < one.created <= until and one.gone == float("inf")
        ]

    def unsaid(self, said: WorkloadVerdict) -> Iterator[str]:
        """Of new ones that were ready when pods were looked at, where the objects of their revision were there."""
        name, revision = self.record.task.filter_name, said.to_revision
        objects = Place(RESOURCES["EnvoyFilter"], self.namespace, f"{name}-filter-{revision}")
        if revision == "none" or objects not in self.record.objects_before:
            return
        until = self.record.wave_end(self.namespace)
        asked = [
            one
            for one in self.new
            if one.created <= self.looked and was_ready(self.simulation.server.store.history, one.pod, self.looked)
        ]
        for one in asked:
            if not one.runs(name, revision, self.looked, until):
                yield f"{one.pod['metadata']['name']} came back and does not run {revision}"
        if asked and "the filter runs in" not in said.message:
            yield f"it does not say whether {revision} runs in {len(asked)} pods that came back"

    def ill(self, revision: str) -> bool:
        """Whether one of them lacked something, or did not run it all the time from the look to its last page."""
        name = self.record.task.filter_name
        pages: dict[str, float] = {}
        for one in self.record.served:
            page = page_of(one.request.path)
            if page and page[0] == self.namespace and one.error is None:
                pages[page[1]] = one.time
        return any(
            proxy_of(one.pod) is None
            or not one.ran_all_along(name, revision, self.looked, pages.get(one.pod["metadata"]["name"], self.looked))
            for one in self.new
        )
