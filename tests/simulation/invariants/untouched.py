# SPDX-License-Identifier: Apache-2.0
"""No field of an application and no object of others is touched."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation import truth
from tests.simulation.record import Record
from tests.simulation.simulation import Simulation
from tests.simulation.store import Change
from tests.simulation.traits import MOUNT, TEMPLATE, VOLUME
from tests.simulation.truth import DOMAIN
from tests.simulation.values import Object, at, put
from tests.simulation.wire import OURS

BOOKKEEPING = ("managedFields", "resourceVersion", "generation")


def by_run(record: Record, change: Change) -> bool:
    return change.by in (truth.manager(record.task.filter_name), OURS) and change.version not in record.orphans


def check(_simulation: Simulation, record: Record) -> Iterator[str]:
    for change in record.changes:
        if not by_run(record, change):
            continue
        where = f"{change.place.resource.kind} {change.place.namespace}/{change.place.name}"
        if record.task.dry_run:
            yield f"{where} was changed by a dry run"
        if change.place.namespace not in record.task.namespaces:
            yield f"{where} is in a namespace that nobody asked for"
        if change.place.resource.kind in truth.WORKLOADS:
            yield from _workload(record, change, where)
        else:
            yield from _object(record, change, where)
    yield from _texts(record)


def _workload(record: Record, change: Change, where: str) -> Iterator[str]:
    if change.type != "MODIFIED" or change.before is None:
        yield f"{where} was {change.type.lower()} by the run"
        return
    name = record.task.filter_name
    if _by_policy(record, change) or _given_back(record, change):
        return
    if _theirs(change.before, name) != _theirs(change.after, name):
        yield f"{where}: fields that are not ours were changed: {_difference(change, name)}"


def _by_policy(record: Record, change: Change) -> bool:
    """Whether a webhook had its hand in it."""
    return any(one.time == change.time for one in record.faults(change.place.namespace, "webhook drops"))


def _given_back(record: Record, change: Change) -> bool:
    """Whether it has again what such a webhook has taken from it before."""
    dropped = record.task.may_go_back and record.faults(change.place.namespace, "webhook drops")
    # As the run has found it, or as somebody else has made it since.
    earlier = [one.after for one in record.changes if one.place == change.place and one.version < change.version]
    states = [one for one in (record.before.get(change.place), *earlier) if one]
    return bool(dropped) and truth.texts(change.after) in [truth.texts(one) for one in states]


def _difference(change: Change, name: str) -> str:
    before, after = _theirs(change.before or {}, name), _theirs(change.after, name)
    return str([(key, before.get(key), after.get(key)) for key in after if before.get(key) != after.get(key)])[:600]


def _theirs(workload: Object, filter_name: str) -> Object:
    """A workload without what this filter has in it."""
    metadata = {key: value for key, value in workload["metadata"].items() if key not in BOOKKEEPING}
    # What another filter keeps as the application's own is told of without the entry of the one that goes.
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if DOMAIN not in key}
    template = at(workload, *TEMPLATE) or {}
    labels = {key: value for key, value in (template.get("labels") or {}).items() if key != f"{DOMAIN}/{filter_name}"}
    texts = {key: text for key, text in (template.get("annotations") or {}).items() if key not in (VOLUME, MOUNT)}
    volumes = [_without(text, filter_name) for text in truth.texts(workload)]
    stripped = put(workload, *TEMPLATE, {"labels": labels, "annotations": texts, "volumes": volumes})
    return {**stripped, "metadata": {**metadata, "annotations": annotations}}


def _without(text: str | None, filter_name: str) -> object:
    found = truth.entries(text)
    return text if found is None else [entry for entry in found if entry[0] != f"wasm-filter-{filter_name}"]


def _object(record: Record, change: Change, where: str) -> Iterator[str]:
    wanted = {"app.kubernetes.io/managed-by": "openclarity.wasm_filters", f"{DOMAIN}/filter": record.task.filter_name}
    for entry in (change.before, change.after):
        labels = at(entry, "metadata", "labels") or {}
        if entry is not None and not wanted.items() <= labels.items():
            yield f"{where} is not ours and was {change.type.lower()}"
            return
    if change.place.resource.kind not in ("ConfigMap", "EnvoyFilter", "Lease"):
        yield f"{where}: a run has no business with that kind"


def _texts(record: Record) -> Iterator[str]:
    """Taken out again, the application's text is what it was before, byte for byte, if nobody has changed it since."""
    if not record.task.removes:
        return
    for change in record.changes:
        if by_run(record, change) and change.place.resource.kind in truth.WORKLOADS and change.before is not None:
            original = _original(record, change)
            if original not in (None, truth.texts(change.after)) and not _by_policy(record, change):
                yield (
                    f"{change.place.resource.kind} {change.place.namespace}/{change.place.name}: its annotations were "
                    f"{original}, and are {truth.texts(change.after)}"
                )


def _original(record: Record, change: Change) -> tuple[str | None, str | None] | None:
    """The texts before any filter came; None: they were changed since, or another filter is still there."""
    after = change.after
    if any("wasm-filter-" in (text or "") for text in truth.texts(after)):
        return None
    return record.originals.get(change.version)
