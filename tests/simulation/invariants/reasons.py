# SPDX-License-Identifier: Apache-2.0
"""Whether what is given as the reason of a failure has happened."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)

from tests.simulation import truth
from tests.simulation.invariants import proof
from tests.simulation.invariants.facts import Facts, eligible
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES
from tests.simulation.simulation import Simulation
from tests.simulation.tracker import TIMED_OUT
from tests.simulation.values import Object, at

MEDDLING = ("our object meddled with", "EnvoyFilter deleted", "namespace deleted")
WENT_BACK = ("rolled_back", "rollback_failed")
FAILED = ("failed", *WENT_BACK)
# After which the API server's own answer may have ended the way of a workload or a namespace.
REFUSING = (
    "429",
    "500",
    "503",
    "answer lost",
    "never arrived",
    "slow",
    "410 list",
    "409 by an editor",
    "webhook refuses",
    "LIST forbidden",
    "LIST fails",
    "kind not served",
    "namespace deleted",
    "made anew",
    "scaled",
    "our object meddled with",
)


# A watch that is cut, and a LIST that is slow and refused once or twice.
HEARD_SECONDS = 25.0
TIMED_OUT_TEXT = "timed out progressing"
UNNAMED = "somebody whom managedFields does not name"
# After which a workload that is there (or was) may not have been seen.
HIDING = ("kind not served", "LIST forbidden", "deleted", "made anew", "namespace deleted")


def of_namespace(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    outcome, reason = str(verdict.outcome), str(verdict.reason)
    if verdict.name in record.task.ineligible:
        if (outcome, reason) not in (("failed", record.task.ineligible[verdict.name][0]), ("not_started", reason)):
            yield f"preflight said {record.task.ineligible[verdict.name]}"
    elif outcome == "failed":
        yield from _failed(simulation, record, verdict)
    elif outcome == "not_started":
        yield from _not_started(simulation, record, verdict)
    elif outcome == "skipped":
        if reason != "no_workloads" or not record.task.by_pods:
            yield "there is no such reason to pass it over"
        left = {(one.kind, one.name) for one in verdict.workloads if one.reason == "ill_before"}
        takers = [
            place.name
            for place, entry in record.before.items()
            if place.namespace == verdict.name
            and not eligible(entry, record.task)
            and (place.resource.kind, place.name) not in left
        ]
        hidden = record.faults(verdict.name, *HIDING)
        if takers and not hidden:
            yield f"{takers} would take it"


def _failed(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    reason = str(verdict.reason)
    if any(one.outcome == "failed" and one.reason == reason for one in verdict.workloads):
        return  # judged with the workload
    if reason == "api_refused":
        if not record.faults(verdict.name, *REFUSING):
            yield "the API server has refused nothing"
    elif reason == "foreign_object":
        if not _foreign(simulation, record, verdict.name):
            yield "there is no object of others in the way"
    elif reason == "reverted":
        if not record.faults(verdict.name, *MEDDLING):
            yield "nobody has touched its objects"
    elif reason == "stopped":
        if not record.stops:
            yield "nobody has stopped it"
    elif reason in ("locked", "lock_lost"):
        yield from _locked(record, verdict.name, reason)
    elif reason == "wave_failed":
        if not proof.came_without(simulation, record, verdict.name):
            yield "no pod of its wave came without its sidecar"
        elif not any(one.outcome == "not_started" and one.reason == reason for one in verdict.workloads):
            yield "all of it was begun"
    elif reason not in proof.REASONS or not proof.names_it(verdict, reason):
        yield "nothing like it has happened"


def _locked(record: Record, namespace: str, reason: str) -> Iterator[str]:
    """Somebody else had it; or took it, or it could not be renewed."""
    if record.faults(namespace, "lock taken", "namespace deleted") or (
        reason == "lock_lost" and record.faults(namespace, *REFUSING)
    ):
        return
    yield "nobody else had its Lease"


def _foreign(simulation: Simulation, record: Record, namespace: str) -> bool:
    task = record.task
    names = {f"wasm-filter-{task.revision}", f"{task.filter_name}-filter", f"{task.filter_name}-filter-{task.revision}"}
    for kind in ("ConfigMap", "EnvoyFilter"):
        # It may be gone again by now, with its namespace.
        gone = [one.after for one in record.changes if one.type == "DELETED" and one.place.resource.kind == kind]
        of_namespace = [one for one in gone if one["metadata"].get("namespace") == namespace]
        for entry in [*simulation.store.collection(RESOURCES[kind], namespace), *of_namespace]:
            labels = entry["metadata"].get("labels") or {}
            if entry["metadata"]["name"] in names and labels.get(f"{truth.DOMAIN}/filter") != task.filter_name:
                return True
    return False


def _not_started(simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> Iterator[str]:
    if verdict.reason == "stopped":
        if not record.stops:
            yield "nobody has stopped it"
    elif verdict.reason == "earlier_wave":
        said = {one.name: one for one in record.verdicts}
        shares = []
        for wave in record.task.waves:
            if verdict.name in wave:
                break
            shares.append(sum(1 for name in wave if said[name].outcome in FAILED) * 100 / len(wave))
        # Ansible ends a play where no host of a batch is left, whatever the share that may fail.
        if not any(share > record.task.max_fail_percentage or share == 100 for share in shares):
            yield "no earlier wave has failed"
    elif verdict.reason == "wave_failed":
        wave = next(wave for wave in record.task.waves if verdict.name in wave)
        of_wave = [one for one in record.verdicts if one.name in wave]
        outcomes = {one.outcome for one in of_wave} | {one.outcome for each in of_wave for one in each.workloads}
        if not outcomes & {*WENT_BACK} and not proof.came_without(simulation, record, verdict.name):
            yield "nothing of its wave was taken back, and no pod came without its sidecar"
    else:
        yield "there is no such reason not to start it"


def of_workload(simulation: Simulation, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
    reason = str(said.reason)
    record = facts.record
    met = record.faults(facts.place.namespace, *REFUSING)
    holds = {
        "invalid_annotation": lambda: any(
            truth.entries(text) is None for state in facts.states() for text in truth.texts(state)
        ),
        "foreign_object": lambda: any("wasm-filter" in str(truth.texts(state)) for state in facts.states()),
        "api_refused": lambda: bool(met),
        "changed_by_admission": lambda: bool(record.faults(facts.place.namespace, "webhook drops")),
        "reverted": lambda: _reverted(facts, said),
        "recreated": lambda: sum(1 for one in facts.changes if one.type == "ADDED") > 1,
        "rollout_failed": lambda: _given_up(simulation, facts, said),
        "rollout_timeout": lambda: record.end - record.begin >= record.task.timeout_seconds and not _had_rolled(facts),
        "stopped": lambda: bool(record.stops),
        "lock_lost": lambda: not list(_locked(record, facts.place.namespace, "lock_lost")),
    }
    if reason in proof.REASONS:
        # Its pods are judged by themselves.
        if not any(pod["reason"] == reason for pod in said.pods):
            yield "none of its pods is said to be so"
    elif reason not in holds:
        yield "there is no such reason"
    elif not holds[reason]():
        yield "nothing like it has happened"


def ill_before(simulation: Simulation, facts: Facts) -> Iterator[str]:
    """It was not well, has no revision that may be mended, and it was not to be taken out."""
    task = facts.record.task
    states = list(facts.states())
    if task.ill_before == "roll":
        yield "it was to be rolled all the same"
    if task.removes or not task.by_pods:
        yield "taking out, and what restarts nothing, goes on whatever is ill"
    # One whose pods wait for what a run before was taking back is ill too.
    waiting = bool(states) and (waits(states[0]) or _is_down(simulation, facts))
    if not simulation.scenario.ill(facts.key) and not waiting and not any(_timed_out(state) for state in states):
        yield "it was well"
    if all(truth.label(state, task.filter_name) for state in states):
        yield "it has a revision"


def waits(state: Object) -> bool:
    """Are not all of its pods ready, by its status?"""
    status = state.get("status") or {}
    wanted = status.get("desiredNumberScheduled", at(state, "spec", "replicas"))
    return bool(status.get("numberReady", status.get("readyReplicas", 0)) < (wanted or 0))


def _given_up(simulation: Simulation, facts: Facts, said: WorkloadVerdict) -> bool:
    """By its controller, since the change; or by the run, as its pods crash."""
    by_controller = TIMED_OUT_TEXT in said.message.partition("; ")[0]
    return not is_of_before(facts, said) if by_controller else _crashes(simulation, facts)


def is_of_before(facts: Facts, said: WorkloadVerdict) -> bool:
    """Is it given up because of what its controller said of the template that it had?"""
    by_controller = TIMED_OUT_TEXT in said.message.partition("; ")[0]
    return by_controller and not any(map(_timed_out, _since_change(facts)))


def _crashes(simulation: Simulation, facts: Facts) -> bool:
    sick = [one for one in facts.record.faults(facts.place.namespace, "never ready") if one.name == facts.place.name]
    return simulation.scenario.ill(facts.key) or bool(sick)


def _had_rolled(facts: Facts) -> bool:
    """By its status, and for so long before its time was over that the run had to know."""
    since = facts.ours[-1].time if facts.ours else facts.record.begin
    known = since + facts.record.task.timeout_seconds - HEARD_SECONDS
    state = next(facts.states(known), None)
    return known > since and state is not None and truth.said_to_be_rolled(state)


def _reverted(facts: Facts, said: WorkloadVerdict) -> bool:
    """Somebody took out (or put back) what the run wanted, and is named."""
    task, named = facts.record.task, set()
    for change in facts.by_others:
        if change.before is not None and change.type == "MODIFIED":
            was = truth.has_filter(change.before, task.filter_name, task.revision)
            if was and not truth.has_filter(change.after, task.filter_name, task.revision):
                named.add(change.by)
    # One who only takes fields away gets no entry in managedFields: then it is taken for the last one who has.
    others = {one.by for one in facts.by_others}
    return bool(named) and (any(by in said.message for by in others) or UNNAMED in said.message)


def _since_change(facts: Facts) -> list[Object]:
    """The object from the moment on from which a run may judge its progress."""
    since = facts.ours[0].time if facts.ours else None
    states = list(facts.states(since))
    # What the condition said before the controller saw the change is about the former template.
    first = _condition(states[0]) if states and facts.ours else None
    return [state for state in states if first is None or _condition(state) != first]


def _condition(state: Object) -> Object | None:
    return next((one for one in at(state, "status", "conditions") or () if one["type"] == "Progressing"), None)


def _timed_out(state: Object) -> bool:
    return (_condition(state) or {}).get("reason") == TIMED_OUT


def _is_down(simulation: Simulation, facts: Facts) -> bool:
    """Whether pods of it don't come up, as a run before has left it."""
    pods = simulation.store.collection(RESOURCES["Pod"], facts.place.namespace)
    own = [pod for pod in pods if pod["metadata"]["name"].startswith(f"{facts.place.name}-")]
    return any(not (pod.get("status") or {}).get("ready") for pod in own)
