# SPDX-License-Identifier: Apache-2.0
"""Pods of workloads that went back: where nobody injects any more they have no sidecar, and that has to be said."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import WorkloadVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import truth
from tests.simulation.injection import proxy_of
from tests.simulation.invariants.facts import Facts
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.simulation import Simulation

SAID = "nobody has injected a sidecar into"


def check(simulation: Simulation, record: Record, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    """:param said: that it went back, or was to."""
    bare = _bare(simulation, record, facts)
    if SAID in said.message and not bare and not facts.by_others:
        yield "none of its pods came back without a sidecar"
    if said.outcome == "rolled_back" and bare and not _blind(record, facts.place.namespace):
        yield f"{', '.join(bare)} came back without a sidecar"


def _bare(simulation: Simulation, record: Record, facts: Facts) -> list[str]:
    """Its pods that were created since its namespace was locked, and have none."""
    namespace, found = facts.place.namespace, simulation.store.get(facts.place)
    leases = [one for one in record.changes if one.place.resource.kind == "Lease" and one.place.namespace == namespace]
    locked = [one.time for one in leases if by_run(record, one)]
    if found is None or not locked:
        return []
    created = {
        one.place.name
        for one in record.changes
        if one.place.resource.kind == "Pod" and one.type == "ADDED" and one.time > locked[0]
    }
    pods = truth.pods_of(simulation.cluster.owned, found)
    return [one["metadata"]["name"] for one in pods if one["metadata"]["name"] in created and proxy_of(one) is None]


def _blind(record: Record, namespace: str) -> bool:
    """Whether nobody was to look at pods, or could not."""
    asked = [
        one
        for one in record.served
        if one.request.verb == Verb.LIST and one.request.path.endswith(f"/namespaces/{namespace}/pods")
    ]
    return record.task.proof == "off" or bool(record.stops) or any(one.error for one in asked)
