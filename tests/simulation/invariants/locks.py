# SPDX-License-Identifier: Apache-2.0
"""One at a time: whoever changes a namespace holds its Lease."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb

from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place, place_of
from tests.simulation.simulation import Simulation
from tests.simulation.values import at

READS = (Verb.GET, Verb.GET_TEXT, Verb.LIST)
# After which a run must have noticed that somebody took its Lease away.
NOTICED_SECONDS = 30.0
TAKEN = ("lock taken", "namespace deleted")


def changes(request: Request) -> bool:
    """Whether a request changes what a run is about."""
    place = place_of(request.path)
    return request.verb not in READS and not request.rehearsal and not (place and place.resource.kind == "Lease")


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    if record.task.dry_run:
        return
    holders: dict[str, list[tuple[float, str]]] = {}
    for change in simulation.store.history:
        if change.place == _lease(change.place.namespace, record.task.filter_name):
            holder = "" if change.type == "DELETED" else str(at(change.after, "spec", "holderIdentity"))
            holders.setdefault(change.place.namespace, []).append((change.time, holder))
    for time, command in record.dispatched:
        place = place_of(command.request.path)
        if place is None or not changes(command.request):
            continue
        holder = next((who for since, who in reversed(holders.get(place.namespace, [])) if since <= time), "")
        if holder != record.holder and not _just_taken(record, place.namespace, time):
            what = f"{command.request.verb} {command.request.path}"
            yield f"{what} was sent at {time:.1f} s, and {holder or 'nobody'} had the Lease, not {record.holder}"
    yield from _left(simulation, record)


def _lease(namespace: str, filter_name: str) -> Place:
    return Place(RESOURCES["Lease"], namespace, f"wasm-filter-{filter_name}")


def _just_taken(record: Record, namespace: str, time: float) -> bool:
    return any(0 <= time - one.time < NOTICED_SECONDS for one in record.faults(namespace, *TAKEN))


def _left(simulation: Simulation, record: Record) -> Iterator[str]:
    """Who has come to an end without faults leaves no Lease."""
    if not record.clean or record.killed or record.stops:
        return
    for name in record.task.namespaces:
        found = simulation.store.get(_lease(name, record.task.filter_name))
        if at(found, "spec", "holderIdentity") == record.holder:
            yield f"{name} is still locked by it"
