# SPDX-License-Identifier: Apache-2.0
"""Two runs at once: each is alone with a namespace while it changes it, and what it says is true when it says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict

from tests.simulation import truth
from tests.simulation.invariants import locks, proof
from tests.simulation.invariants.rollback import WENT
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.simulation import Simulation
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.traits import TEMPLATE
from tests.simulation.values import Object, at

DONE = ("deployed", "removed")
Held = dict[Place, Object]


def check(simulation: Simulation, records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        yield from locks.check(simulation, record)
        if record.killed:
            continue
        names = [verdict.name for verdict in record.verdicts]
        if names != record.task.namespaces:
            yield f"verdicts for {names}, asked for {record.task.namespaces}"
        for verdict in record.verdicts:
            for text in _verdict(simulation, record, verdict):
                yield f"{record.holder}: {verdict.name} is {verdict.outcome} ({verdict.reason}): {text}"
            for text in proof.OfNamespace(simulation, record, verdict).of_pods():
                yield f"{record.holder}: {verdict.name}: {text}"
    for name in records[0].task.namespaces:
        yield from _once_each(records, name)
        yield from _slots(simulation, name)
        yield from _end(simulation, records, name)


def _verdict(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    if verdict.reason == "locked" and verdict.changed:
        yield "it says changed"
    if not record.task.may_go_back and verdict.outcome in WENT:
        yield "nothing was to be taken back"
    if verdict.outcome == "rolled_back":
        yield from _as_it_was(simulation, record, verdict)
    if str(verdict.outcome) in DONE:
        given_back = _given_back(simulation, record, verdict.name)
        if given_back is None:
            yield "it never had the Lease"
        else:
            yield from _differs(_held_at(simulation, verdict.name, given_back), record.task)


def _as_it_was(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    """When it let go of the Lease its workloads that went back were what they were when it took it."""
    given_back, taken = _given_back(simulation, record, verdict.name), _taken(simulation, record, verdict.name)
    if given_back is None or taken is None:
        yield "it never had the Lease"
        return
    was, now = (_held_at(simulation, verdict.name, version) for version in (taken, given_back))
    for one in verdict.workloads:
        place = Place(RESOURCES[one.kind], verdict.name, one.name)
        if one.outcome == "rolled_back" and place in was:
            had, has = (at(held.get(place), *TEMPLATE) for held in (was, now))
            if had != has:
                yield f"{one.kind}/{one.name} is said to have gone back ({one.message}); it was {had}, and is {has}"


def _taken(simulation: Simulation, record: Record, namespace: str) -> int | None:
    """The version at which it first had the Lease."""
    for change in simulation.store.history:
        lease = change.place.resource.kind == "Lease" and change.place.namespace == namespace
        if lease and change.type != "DELETED" and at(change.after, "spec", "holderIdentity") == record.holder:
            return change.version
    return None


def _given_back(simulation: Simulation, record: Record, namespace: str) -> int | None:
    """The version at which it let go of the Lease, or somebody took it over; the last one where it is still there."""
    found = None
    for change in simulation.store.history:
        if change.place.resource.kind == "Lease" and change.place.namespace == namespace:
            before, after = (at(entry, "spec", "holderIdentity") for entry in (change.before, change.after))
            if change.type != "DELETED" and after == record.holder:
                found = simulation.store.version
            elif before == record.holder:
                found = change.version
    return found


def _held_at(simulation: Simulation, namespace: str, version: int) -> Held:
    held: Held = {}
    for change in simulation.store.history:
        if change.version > version:
            break
        if change.place.namespace == namespace:
            held[change.place] = change.after
            if change.type == "DELETED":
                del held[change.place]
    return held


def _differs(held: Held, task: Task) -> Iterator[str]:
    """What is there and what a task asks for."""
    ours = {place: entry for place, entry in held.items() if _revision(entry) and place.resource.kind != "Lease"}
    envoy_filters = {place.name for place in ours if place.resource.kind == "EnvoyFilter"}
    if task.removes:
        if ours:
            yield f"{sorted(place.name for place in ours)} are still there"
        wanted = ""
    else:
        inline = task.delivery == "inline"
        name = "trace-filter" if inline else f"trace-filter-{task.revision}"
        if name not in envoy_filters:
            yield f"{name} is not there, {sorted(envoy_filters)} are"
        elif _revision(ours[Place(RESOURCES["EnvoyFilter"], next(iter(ours)).namespace, name)]) != task.revision:
            yield f"{name} is of another revision"
        if inline:
            return
        wanted = task.revision
    for place, entry in held.items():
        if place.resource.kind in truth.WORKLOADS and truth.label(entry, "trace") != wanted:
            yield f"{place.name} is on {truth.label(entry, 'trace') or 'none'}, not on {wanted or 'none'}"


def _revision(entry: Object) -> str:
    return str(at(entry, "metadata", "labels", f"{truth.DOMAIN}/revision") or "")


def _once_each(records: Sequence[Record], namespace: str) -> Iterator[str]:
    """No workload's template is changed more often than there are runs."""
    counts = Counter(change.place.name for change in records[0].changes if _of_template(change, namespace))
    for name, count in counts.items():
        # Forward, and back.
        if count > len(records) + sum(1 for record in records if record.task.may_go_back):
            yield f"{namespace}/{name}: {count} changes of its template by {len(records)} runs"


def _of_template(change: Change, namespace: str) -> bool:
    ours = change.place.namespace == namespace and change.by == truth.manager("trace")
    if not ours or change.place.resource.kind not in truth.WORKLOADS or change.before is None:
        return False
    return bool(change.before["spec"].get("template") != change.after["spec"].get("template"))


def _slots(simulation: Simulation, namespace: str) -> Iterator[str]:
    """Never the EnvoyFilters of both deliveries."""
    names: set[str] = set()
    for change in simulation.store.history:
        if change.place.resource.kind == "EnvoyFilter" and change.place.namespace == namespace:
            (names.discard if change.type == "DELETED" else names.add)(change.place.name)
            if "trace-filter" in names and len(names) > 1:
                yield f"{namespace}: a proxy may see all of {sorted(names)}"
                return


def _end(simulation: Simulation, records: Sequence[Record], namespace: str) -> Iterator[str]:
    """Who changed it last and says that it is done is right in the end."""
    said = [
        (_given_back(simulation, record, namespace) or 0, record)
        for record in records
        if not record.killed and any(v.name == namespace and str(v.outcome) in DONE for v in record.verdicts)
    ]
    changed_it = [_given_back(simulation, record, namespace) or 0 for record in records]
    if not said:
        return
    last, record = max(said, key=lambda one: one[0])
    if last == max(changed_it):
        for text in _differs(_held_at(simulation, namespace, simulation.store.version), record.task):
            yield f"{record.holder} was the last in {namespace}: {text}"
