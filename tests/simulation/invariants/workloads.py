# SPDX-License-Identifier: Apache-2.0
"""What is said of each workload is true, and of each of them something is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)

from tests.simulation import truth
from tests.simulation.invariants import proof, reasons
from tests.simulation.invariants.facts import Facts, eligible, facts_of
from tests.simulation.record import Record
from tests.simulation.simulation import NODES, Simulation


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    if record.killed:
        return
    for verdict in record.verdicts:
        yield from _all_named(record, verdict)
        for one in verdict.workloads:
            if one.kind in truth.WORKLOADS:
                facts = facts_of(record, one.kind, verdict.name, one.name)
                for text in _false(simulation, facts, one):
                    said = f"{one.outcome} ({one.reason}: {one.message}) from {one.from_revision} to {one.to_revision}"
                    yield f"{one.kind} {verdict.name}/{one.name} is said to be {said}: {text}"


def _all_named(record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    counts = Counter((one.kind, one.name) for one in verdict.workloads)
    for key, count in counts.items():
        if count > 1:
            yield f"{verdict.name}: {key} is named {count} times"
    if verdict.outcome in ("failed", "rollback_failed", "not_started"):
        return
    missing = {one.kind for one in record.faults(verdict.name, "kind not served", "LIST forbidden")}
    for place in record.before:
        key = (place.resource.kind, place.name)
        if place.namespace == verdict.name and key not in counts and key[0] not in missing:
            facts = Facts(record, place)
            if not facts.deleted:
                yield f"{verdict.name}: nothing is said of {key}"


def _false(simulation: Simulation, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    """What is not true of a verdict."""
    record = facts.record
    outcome, task = str(said.outcome), record.task
    if outcome in ("unchanged", "skipped", "not_started") and facts.template_changed() and not facts.deleted:
        yield "its template was changed by the run"
    if task.dry_run:
        return
    if outcome in ("deployed", "removed", "held"):
        yield from _changed(simulation, facts, said)
    elif outcome == "unchanged":
        yield from _unchanged(simulation, facts)
    elif outcome == "skipped":
        yield from _skipped(simulation, facts, said)
    elif outcome == "failed":
        yield from reasons.of_workload(simulation, facts, said)
    elif (outcome, said.reason) == ("not_started", "wave_failed"):
        if not proof.came_without(simulation, record, facts.place.namespace):
            yield "no pod of its wave came without its sidecar"
    elif outcome not in ("not_started", "rolled_back", "rollback_failed"):
        yield "there is no such verdict of a workload"
    if not task.removes:
        for change in facts.ours:
            back = truth.label(change.after, task.filter_name) != task.revision
            if not back and change.before is not None and (why := eligible(change.before, task)):
                yield f"{why}, and it was changed"


def _changed(simulation: Simulation, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    task = facts.record.task
    if not facts.ours and not facts.deleted:
        yield "nothing of it was changed"
    gone_at_the_end = facts.deleted and simulation.store.get(facts.place) is None
    if not facts.has_filter(task.revision, facts.since) and not gone_at_the_end:
        yield f"its template is not on {task.revision or 'none'}"
    if said.to_revision != (task.revision or "none"):
        yield f"it should be to {task.revision or 'none'}"
    befores = {truth.label(one.before, task.filter_name) or "none" for one in facts.ours if one.before}
    if befores and said.from_revision not in befores:
        yield f"it was on {sorted(befores)}"
    held = any(truth.held(state) for state in facts.states())
    if said.outcome == "held":
        ill = said.reason == "ill_before" and task.removes and simulation.scenario.ill(facts.key)
        if not held and not ill:
            yield "nothing holds its pods back"
        if ill and reasons.is_of_before(facts, said):
            yield "what its controller has said is of the template before"
    elif not _rolled(simulation, facts) and not facts.by_others:
        yield "not all of its pods are new and ready"


def _rolled(simulation: Simulation, facts: Facts) -> bool:
    workload = simulation.store.get(facts.place)
    if workload is None:
        return False
    uid = workload["metadata"]["uid"]
    return uid in facts.record.rolled_at or truth.rolled(simulation.cluster.owned, workload, NODES)


def _unchanged(simulation: Simulation, facts: Facts) -> Iterator[str]:
    task = facts.record.task
    if not task.by_pods:
        return
    readable = all(truth.entries(text) is not None for state in facts.states() for text in truth.texts(state))
    if not facts.has_filter(task.revision) and readable:
        yield f"its template is not on {task.revision or 'none'}"
        return
    workload = simulation.store.get(facts.place)
    if workload is None or facts.by_others or truth.held(workload) or task.removes:
        return
    pods = truth.pods_of(simulation.cluster.owned, workload)
    if not all(truth.of_template(pod, workload) for pod in pods):
        yield "it has pods of an older template"


def _skipped(simulation: Simulation, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    states = list(facts.states())
    if said.reason == "workload_deleted":
        if not facts.deleted:
            yield "nobody has deleted it"
    elif said.reason == "ill_before":
        yield from reasons.ill_before(simulation, facts)
    elif said.reason not in {eligible(state, facts.record.task) for state in states}:
        yield "that is not so"
