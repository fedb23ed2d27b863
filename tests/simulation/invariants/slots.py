# SPDX-License-Identifier: Apache-2.0
"""What proxies get: no pod looks for what is not there, and none ever sees two slots of one filter."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation import truth
from tests.simulation.invariants.facts import Facts
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.simulation import Simulation
from tests.simulation.store import Change
from tests.simulation.traits import TEMPLATE
from tests.simulation.values import Object, at


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    held = _held_at(simulation, record)
    name = record.task.filter_name
    both = {namespace for namespace in record.task.namespaces if _both(held, namespace, name)}
    for change in record.changes:
        kind = change.place.resource.kind
        if kind in truth.WORKLOADS and by_run(record, change):
            yield from _refers_to_what_is_there(record, change, held)
        if kind not in ("EnvoyFilter", "ConfigMap"):
            continue
        if change.type == "DELETED":
            held.pop(change.place, None)
            if by_run(record, change):
                yield from _still_used(simulation, record, change)
        else:
            held[change.place] = change.after
        namespace = change.place.namespace
        if namespace not in both and _both(held, namespace, name) and by_run(record, change):
            yield f"{namespace}: a proxy may see both the inline EnvoyFilter and one of a revision"


def _held_at(simulation: Simulation, record: Record) -> dict[Place, Object]:
    """The objects as they were before the run."""
    held: dict[Place, Object] = {}
    for change in simulation.store.history:
        if record.changes and change.version >= record.changes[0].version:
            break
        if change.place.resource.kind in ("EnvoyFilter", "ConfigMap"):
            held[change.place] = change.after
            if change.type == "DELETED":
                del held[change.place]
    return held


def _both(held: dict[Place, Object], namespace: str, filter_name: str) -> bool:
    of_filter = [
        place.name
        for place, entry in held.items()
        if place.resource.kind == "EnvoyFilter"
        and place.namespace == namespace
        and (entry["metadata"].get("labels") or {}).get(f"{truth.DOMAIN}/filter") == filter_name
    ]
    inline = f"{filter_name}-filter"
    return inline in of_filter and len(of_filter) > 1


def _refers_to_what_is_there(record: Record, change: Change, held: dict[Place, Object]) -> Iterator[str]:
    name = record.task.filter_name
    revision = truth.label(change.after, name)
    if not revision or change.before is None or truth.label(change.before, name) == revision:
        return
    namespace = change.place.namespace
    needed = {"ConfigMap": f"wasm-filter-{revision}", "EnvoyFilter": f"{name}-filter-{revision}"}
    for kind, object_name in needed.items():
        place = Place(RESOURCES[kind], namespace, object_name)
        gone_by_others = any(
            one.type == "DELETED" and one.place == place and not by_run(record, one) for one in record.changes
        )
        # What a workload goes back to is what was there.
        went_back = revision != record.task.revision and place not in record.objects_before
        if place not in held and not gone_by_others and not went_back:
            yield f"{namespace}: {change.place.name} was sent to look for {kind}/{object_name}, which is not there"


def _still_used(simulation: Simulation, record: Record, change: Change) -> Iterator[str]:
    """A revision that a template, a former template or a pod names is not taken away, unless it is all taken out."""
    name, namespace = record.task.filter_name, change.place.namespace
    revision = (change.after["metadata"].get("labels") or {}).get(f"{truth.DOMAIN}/revision")
    inline = change.place.name == f"{name}-filter" or record.task.delivery == "inline"
    if inline or change.place.resource.kind != "ConfigMap":
        return
    if record.task.removes:
        for kind in truth.WORKLOADS:
            for entry in simulation.store.collection(RESOURCES[kind], namespace):
                facts = Facts(record, Place(RESOURCES[kind], namespace, entry["metadata"]["name"]))
                if truth.label(entry, name) == revision and not facts.by_others:
                    where = f"{kind} {namespace}/{entry['metadata']['name']}"
                    yield f"{where}: the file of revision {revision} was deleted, and it mounts it"
        return
    # Of what is taken back former templates may name it: docs/decisions/what-goes-back.md. No workload does.
    back = record.task.may_go_back and revision == record.task.revision
    for kind in ("Pod", *truth.WORKLOADS) if back else ("Pod", "ReplicaSet", "ControllerRevision"):
        for entry in simulation.store.collection(RESOURCES[kind], namespace):
            labels = at(entry, *TEMPLATE, "labels") if kind in truth.WORKLOADS else entry["metadata"].get("labels")
            # Pods of a workload that somebody has deleted go after it.
            going = kind == "Pod" and _owner_is_gone(record, change, entry)
            if (labels or {}).get(f"{truth.DOMAIN}/{name}") == revision and not going:
                yield f"{namespace}: revision {revision} was deleted, and {kind}/{entry['metadata']['name']} names it"
                return


def _owner_is_gone(record: Record, change: Change, pod: Object) -> bool:
    gone = [one for one in record.changes if one.type == "DELETED" and one.version < change.version]
    of_namespace = [one.place for one in gone if one.place.namespace == change.place.namespace]
    owners = [place.name for place in of_namespace if place.resource.kind in truth.WORKLOADS]
    return any(str(pod["metadata"]["name"]).startswith(f"{name}-") for name in owners)
