# SPDX-License-Identifier: Apache-2.0
"""How much a run may do at a time, how often, and never blindly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import truth
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import Place, place_of
from tests.simulation.simulation import Simulation


def check(_simulation: Simulation, record: Record) -> Iterator[str]:
    task = record.task
    # Whose lock is lost leaves its namespace as it is: another run's pods are not waited for.
    lost = sum(1 for verdict in record.verdicts for one in verdict.workloads if one.reason == "lock_lost")
    allowed = max(task.max_in_flight, record.left_in_flight) + len(record.orphans) + lost
    if task.by_pods and record.most_in_flight > allowed:
        yield f"{record.most_in_flight} workloads were under way at a time, of {task.max_in_flight} allowed"
    yield from _template_changes(record)
    yield from _blind_writes(record)


def _template_changes(record: Record) -> Iterator[str]:
    """At most one per object: whoever puts it back is told of, not fought."""
    # Of those whose answer was lost, and that somebody put back before they could be seen, nobody can know.
    unheard = Counter(place_of(one.request.path) for one in record.served if one.done and one.error is not None)
    counts: Counter[tuple[Place, str]] = Counter(
        (change.place, change.after["metadata"]["uid"])
        for change in record.changes
        if by_run(record, change)
        and change.place.resource.kind in truth.WORKLOADS
        and change.before is not None
        and change.before["spec"].get("template") != change.after["spec"].get("template")
    )
    for (place, uid), count in counts.items():
        # Forward, and back.
        if count > 1 + record.task.may_go_back + unheard[place]:
            yield f"{place.resource.kind} {place.namespace}/{place.name} ({uid}): {count} template changes in one run"


def _blind_writes(record: Record) -> Iterator[str]:
    """What was made anew under a name is another object."""
    for _time, command in record.dispatched:
        request = command.request
        place = place_of(request.path)
        if request.verb not in (Verb.APPLY, Verb.MERGE_PATCH, Verb.REPLACE) or place is None:
            continue
        sent = (request.body or {}).get("metadata") or {}
        if not sent.get("uid") or not sent.get("resourceVersion"):
            yield f"{request.verb} {request.path} would change whatever is there now"
