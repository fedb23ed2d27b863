# SPDX-License-Identifier: Apache-2.0
"""What happened in a run, line by line, for who looks into a seed."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation import truth
from tests.simulation.controllers.base import MANAGER
from tests.simulation.record import Record
from tests.simulation.store import Change


def lines(record: Record) -> Iterator[str]:
    """Requests, changes, faults and stops, in their order; what controllers and kubelets do is left out."""
    task = record.task
    what = f"deploy {task.revision} ({task.delivery})" if task.revision else "remove"
    yield f"{what} of {task.filter_name} in {task.waves}, {task.max_in_flight} at a time, dry run: {task.dry_run}"
    events = [(one.asked, f"sent     {one.request.verb} {one.request.path}") for one in record.served]
    for one in record.served:
        end = f" -> {one.error}" if one.error else ""
        events.append((one.time, f"served   {one.request.verb} {one.request.path}{end}{' (done)' if one.done else ''}"))
    events += [(change.time, _change(record, change)) for change in record.changes if change.by != MANAGER]
    events += [(met.time, f"fault    {met.fault} {met.namespace} {met.kind}/{met.name}") for met in record.met]
    events += [(time, f"stop     {'at once' if urgent else ''}") for time, urgent in record.stops]
    for time, text in sorted(events, key=lambda event: event[0]):
        yield f"{time:8.3f}  {text}"
    yield f"{record.end:8.3f}  {'killed' if record.killed else 'over'}"
    for verdict in record.verdicts:
        yield f"{verdict.name}: {verdict.outcome} changed={verdict.changed} {verdict.reason} {verdict.message}"
        for said in verdict.workloads:
            revisions = f"{said.from_revision} -> {said.to_revision}"
            yield f"  {said.kind}/{said.name}: {said.outcome} {revisions} {said.reason} {said.message}"


def _change(record: Record, change: Change) -> str:
    place, entry = change.place, change.after
    text = f"{change.type.lower():8} {place.resource.kind} {place.namespace}/{place.name} by {change.by}"
    if place.resource.kind not in truth.WORKLOADS:
        return text
    name = record.task.filter_name
    metadata = entry["metadata"]
    state = f"label {truth.label(entry, name) or '-'} mount {truth.mounted(entry, name) or '-'} {truth.texts(entry)}"
    return f"{text} (version {change.version}, uid {metadata['uid']}): {state}"
