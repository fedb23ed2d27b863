# SPDX-License-Identifier: Apache-2.0
"""After the faults are over: a run does what is left, and the next finds nothing to do."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import truth
from tests.simulation.invariants import proof
from tests.simulation.invariants.facts import eligible
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, page_of, place_of
from tests.simulation.simulation import Simulation

# What no run can mend.
LASTING = ("invalid_annotation", "foreign_object")
FOR_LACK = ("rollout_timeout", "rollout_failed")
FAILED = ("failed", "rolled_back", "rollback_failed")


def not_converged(simulation: Simulation, record: Record) -> Iterator[str]:
    """What a run without faults has not brought about."""
    for verdict in record.verdicts:
        if verdict.outcome in FAILED and verdict.name not in record.task.ineligible:
            reasons = {str(one.reason) for one in verdict.workloads if one.outcome in FAILED} or {str(verdict.reason)}
            ill = any(simulation.scenario.ill(key) for key in simulation.scenario.traits if key[1] == verdict.name)
            # Those that go with it, each time.
            whole = record.task.on_failure == "rollback_wave" and any(
                map(simulation.scenario.ill, simulation.scenario.traits)
            )
            allowed = {*LASTING, *FOR_LACK} if ill else {*LASTING}
            # A pod that nobody makes anew takes its wave back each time.
            bare = any("no_sidecar" in proof.lasting(simulation, record, one.name) for one in record.verdicts)
            allowed |= {"wave_failed"} if whole or (bare and record.task.on_failure != "stop") else set()
            allowed |= proof.lasting(simulation, record, verdict.name)
            if not reasons <= allowed:
                yield f"{verdict.name} still fails: {verdict.reason}: {verdict.message}"
    if record.task.by_pods:
        yield from _not_there(simulation, record)


def _not_there(simulation: Simulation, record: Record) -> Iterator[str]:
    task = record.task
    failed = {(v.name, one.kind, one.name) for v in record.verdicts for one in v.workloads if one.outcome in FAILED}
    failed |= {
        (v.name, one.kind, one.name)
        for v in record.verdicts
        for one in v.workloads
        if one.reason == "ill_before" and simulation.scenario.ill((one.kind, v.name, one.name))
    }
    whole = {verdict.name for verdict in record.verdicts if verdict.outcome not in FAILED or verdict.workloads}
    whole -= {verdict.name for verdict in record.verdicts if verdict.reason == "foreign_object"}
    for kind in truth.WORKLOADS:
        for entry in simulation.store.collection(RESOURCES[kind]):
            namespace, name = entry["metadata"]["namespace"], entry["metadata"]["name"]
            if namespace not in whole or (namespace, kind, name) in failed:
                continue
            if not task.removes and eligible(entry, task):
                continue
            readable = all(truth.entries(text) is not None for text in truth.texts(entry))
            if readable and not truth.has_filter(entry, task.filter_name, task.revision):
                yield f"{kind} {namespace}/{name} is not on {task.revision or 'none'}"


def not_quiet(_simulation: Simulation, record: Record) -> Iterator[str]:
    """What a run with nothing to do has done all the same."""
    tried = {verdict.name for verdict in record.verdicts if verdict.reason == "foreign_object"}
    # What is ill goes forward and back each time.
    went = ("rolled_back", "rollback_failed")
    back = {v.name for v in record.verdicts if {v.outcome, *(one.outcome for one in v.workloads)} & {*went}}
    for change in record.changes:
        kind, namespace = change.place.resource.kind, change.place.namespace
        if by_run(record, change) and not (kind == "Lease" and namespace in tried) and namespace not in back:
            yield f"{kind} {namespace}/{change.place.name} was changed again"
    for _time, command in record.dispatched:
        place = place_of(command.request.path)
        # Whether what is in the way is still there is learned by trying.
        page = page_of(command.request.path)
        where = page[0] if page else place.namespace if place else ""
        if command.request.verb != Verb.LIST and where not in tried | back:
            yield f"{command.request.verb} {command.request.path} is more than LISTs"
    for verdict in record.verdicts:
        if verdict.outcome in ("deployed", "removed"):
            yield f"{verdict.name} is {verdict.outcome} once more"
