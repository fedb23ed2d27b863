# SPDX-License-Identifier: Apache-2.0
"""Every namespace has a verdict, and it is true."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict

from tests.simulation import truth
from tests.simulation.invariants import reasons
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.simulation import Simulation
from tests.simulation.values import at

# What counts as failed, of a wave too.
FAILED = ("failed", "rolled_back", "rollback_failed")


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    if record.killed:
        return
    names = [verdict.name for verdict in record.verdicts]
    if names != record.task.namespaces:
        yield f"verdicts for {names}, asked for {record.task.namespaces}"
    for verdict in record.verdicts:
        for text in _verdict(simulation, record, verdict):
            yield f"{verdict.name} is said to be {verdict.outcome} ({verdict.reason}: {verdict.message}): {text}"
    yield from _waves(record)


def _verdict(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    writes = [
        one
        for one in record.changes
        if one.place.namespace == verdict.name and one.place.resource.kind != "Lease" and by_run(record, one)
    ]
    outcome = str(verdict.outcome)
    if not record.task.dry_run:
        yield from _changed(record, verdict, bool(writes))
    failed = [one for one in verdict.workloads if one.outcome == "failed"]
    if failed and outcome not in ("failed", "rollback_failed", "not_started"):
        yield f"{failed[0].kind}/{failed[0].name} is said to have failed"
    if outcome not in ("deployed", "removed", "unchanged", "skipped", "not_started", *FAILED):
        yield "there is no such verdict of a namespace"
    if outcome in ("skipped", "not_started") and writes:
        yield f"{writes[0].place.name} was changed"
    if outcome in ("deployed", "removed") and record.task.removes != (outcome == "removed"):
        yield "that is not what was asked for"
    if outcome in ("deployed", "removed", "unchanged") and not record.task.dry_run:
        yield from _objects(simulation, record, verdict.name, outcome)
    yield from reasons.of_namespace(simulation, record, verdict)


def _changed(record: Record, verdict: NamespaceVerdict, wrote: bool) -> Iterator[str]:
    """`changed` is true exactly where something was; a write whose answer never came is known to nobody."""
    unknown = any(
        one.done and one.error is not None and f"/namespaces/{verdict.name}/" in one.request.path
        for one in record.served
    ) or _unanswered(record, verdict.name)
    # Whether what is there, or is gone, came of a write whose answer was lost is known to nobody either.
    lost = any(
        one.error is not None
        and one.error.status in (0, 502, 503, 504)
        and one.request.verb not in ("get", "list")
        and f"/namespaces/{verdict.name}/" in one.request.path
        for one in record.served
    )
    if verdict.changed and not wrote and not lost:
        yield "it says changed, and nothing was"
    gone = any(one.reason == "workload_deleted" for one in verdict.workloads)
    if wrote and not verdict.changed and not (unknown and (gone or verdict.outcome in ("not_started", *FAILED))):
        yield "it says unchanged, and something was changed"
    if verdict.changed and str(verdict.outcome) == "unchanged":
        yield "both unchanged and changed"


def _unanswered(record: Record, namespace: str) -> bool:
    """A stopped run may not have heard of its last writes."""
    return bool(record.stops)


def _last_look(record: Record, namespace: str) -> float:
    """When our objects in it were listed last; infinity: never."""
    paths = {RESOURCES["EnvoyFilter"].path(namespace), RESOURCES["EnvoyFilter"].path()}
    times = [one.time for one in record.served if one.request.path in paths and one.request.verb == "list" and one.done]
    # What comes after its lock was given back is about others.
    given_back = [
        one.time
        for one in record.changes
        if one.place == Place(RESOURCES["Lease"], namespace, f"wasm-filter-{record.task.filter_name}")
        and one.type == "DELETED"
    ]
    end = min([record.wave_end(namespace), *given_back[-1:]])
    return max((time for time in times if time <= end), default=float("inf"))


def _objects(simulation: Simulation, record: Record, namespace: str, outcome: str) -> Iterator[str]:
    """What there has to be of ours in the namespace now, unless others have taken it."""
    task = record.task
    found = {
        entry["metadata"]["name"]: entry
        for kind in ("ConfigMap", "EnvoyFilter")
        for entry in simulation.store.collection(RESOURCES[kind], namespace)
        if at(entry, "metadata", "labels", f"{truth.DOMAIN}/filter") == task.filter_name
    }
    meddled = record.faults(namespace, *reasons.MEDDLING)
    # What was changed is looked at once more at the end.
    seen = _last_look(record, namespace) if outcome == "deployed" and not task.removes else float("inf")
    # A namespace that is being deleted has its objects for a while.
    gone = [
        one.time
        for one in record.changes
        if one.type == "DELETED"
        and one.place.namespace == namespace
        and one.place.resource.kind in ("ConfigMap", "EnvoyFilter")
    ]
    if meddled and (seen == float("inf") or max(one.time for one in meddled) >= seen or max(gone, default=0.0) >= seen):
        return
    if task.removes:
        if found:
            yield f"{sorted(found)} are still there"
        return
    inline = task.delivery == "inline"
    envoy_filter = f"{task.filter_name}-filter" if inline else f"{task.filter_name}-filter-{task.revision}"
    for kind, name in (("ConfigMap", f"wasm-filter-{task.revision}"), ("EnvoyFilter", envoy_filter)):
        entry = simulation.store.get(Place(RESOURCES[kind], namespace, name))
        if entry is None:
            yield f"{kind}/{name} is not there"
        elif at(entry, "metadata", "labels", f"{truth.DOMAIN}/revision") != task.revision:
            yield f"{kind}/{name} is not of revision {task.revision}"


def _waves(record: Record) -> Iterator[str]:
    """No wave is begun after one of which too many failed."""
    said = {verdict.name: verdict for verdict in record.verdicts}
    for index, wave in enumerate(record.task.waves[:-1]):
        failed = sum(1 for name in wave if name in said and said[name].outcome in FAILED)
        following = [said[name] for name in record.task.waves[index + 1] if name in said]
        begun = any(one.outcome != "not_started" for one in following)
        if begun and (failed == len(wave) or failed * 100 > record.task.max_fail_percentage * len(wave)):
            yield f"wave {index + 2} was begun, though {failed} of {len(wave)} of the one before failed"
