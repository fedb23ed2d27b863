# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.rollback import (
    Candidate,
    Decision,
    decide,
    taken_back,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    Cause,
    WorkloadState,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

from tests.unit.module_utils.deliveries.test_going_back import step
from tests.unit.module_utils.engine.workloads import OneWorkload, rolled, stored
from tests.unit.objects import R1, delivery

CREATED = step("ensure", "trace-filter", None)  # type: ignore[arg-type]
TRAPS = PodProof("web-1", Proof.DISPROVED, "not_running", "it traps", labels={"app": "web"}, fails=True)
SILENT = PodProof("web-2", Proof.UNPROVED, "no_answer", "it is silent", labels={"app": "web"}, fails=True)


def well(name: str = "web", namespace: str = "shop") -> WorkloadState:
    return rolled(name=name, namespace=namespace).state


def ill(reason: str = "rollout_failed", **arguments: Any) -> WorkloadState:
    return replace(well(**arguments), outcome=Outcome.FAILED, reason=reason, message="no room")


def candidate(name: str, *workloads: WorkloadState, proofs: Any = (), inline: bool = False) -> Candidate:
    operation = delivery(name="inline" if inline else "configmap")
    state = NamespaceState(name, operation, NamespaceObjects(), done=(CREATED,), proofs=tuple(proofs))
    return Candidate(state, list(workloads))


def taken(found: Decision) -> set[tuple[str, str, str]]:
    """(namespace, workload or nothing, reason)"""
    workloads = {(key[1], key[2], str(cause.reason)) for key, cause in found.workloads.items()}
    return workloads | {(name, "", str(cause.reason)) for name, cause in found.namespaces.items()}


BY_CLUSTER = [candidate("shop", ill(), well("db")), candidate("pay", well(namespace="pay"))]
BY_FILTER = [candidate("shop", well(), well("db"), proofs=[TRAPS]), candidate("pay", well(namespace="pay"))]
OTHERS = {("shop", "db", "wave_failed"), ("pay", "web", "wave_failed")}


@pytest.mark.parametrize(
    ("choice", "candidates", "expected"),
    [
        (OnFailure.STOP, BY_CLUSTER, set()),
        (OnFailure.STOP, BY_FILTER, set()),
        (OnFailure.AUTO, BY_CLUSTER, {("shop", "web", "rollout_failed")}),
        (OnFailure.AUTO, BY_FILTER, {("shop", "web", "not_running"), *OTHERS}),
        (OnFailure.ROLLBACK_WORKLOAD, BY_CLUSTER, {("shop", "web", "rollout_failed")}),
        (OnFailure.ROLLBACK_WORKLOAD, BY_FILTER, {("shop", "web", "not_running")}),
        (OnFailure.ROLLBACK_WAVE, BY_CLUSTER, {("shop", "web", "rollout_failed"), *OTHERS}),
        (OnFailure.ROLLBACK_WAVE, BY_FILTER, {("shop", "web", "not_running"), *OTHERS}),
    ],
)
def test_what_goes_back(choice: OnFailure, candidates: list[Candidate], expected: set[Any]) -> None:
    assert taken(decide(choice, candidates)) == expected


def test_what_was_ill_before_takes_nothing_else_back() -> None:
    was = replace(ill(), ill="its pods crash")
    assert taken(decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", was, well("db"))])) == {
        ("shop", "web", "rollout_failed")
    }
    assert ("shop", "db", "wave_failed") in taken(
        decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", was, well("db"), proofs=[TRAPS])])
    ), "what the filter does is another matter"


@pytest.mark.parametrize("choice", list(OnFailure))
def test_a_pod_of_which_nothing_is_known_takes_nothing_back(choice: OnFailure) -> None:
    assert taken(decide(choice, [candidate("shop", well(), proofs=[SILENT])])) == set()


@pytest.mark.parametrize("reason", ["reverted", "recreated", "api_refused", "crashed", "lock_lost", "stopped"])
def test_what_somebody_else_has_done_is_not_undone(reason: str) -> None:
    assert taken(decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", ill(reason))])) == set()


def test_only_what_this_run_patched_goes_back() -> None:
    unpatched = replace(ill(), patched=False)
    there = OneWorkload(stored(name="db")).state
    found = decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", unpatched, there, ill(name="api"))])
    assert taken(found) == {("shop", "api", "rollout_failed")}


def test_inline_the_objects_go_back() -> None:
    candidates = [
        candidate("shop", proofs=[TRAPS], inline=True),
        candidate("pay", inline=True),
        Candidate(NamespaceState("rest", delivery(name="inline"), NamespaceObjects()), []),
    ]
    assert taken(decide(OnFailure.AUTO, candidates)) == {("shop", "", "not_running"), ("pay", "", "wave_failed")}
    assert taken(decide(OnFailure.ROLLBACK_WORKLOAD, candidates)) == {("shop", "", "not_running")}


def test_of_the_wave_is_said_what_the_filter_did_wrong() -> None:
    both = [candidate("shop", ill(name="db"), well(), proofs=[TRAPS]), candidate("pay", well(namespace="pay"))]
    causes = decide(OnFailure.AUTO, both).workloads
    assert causes["Deployment", "pay", "web"].message == "its wave is taken back, by not_running: pod web-1: it traps"
    assert causes["Deployment", "shop", "db"] == Cause("rollout_failed", "no room")  # type: ignore[arg-type]


def test_one_on_its_way_back() -> None:
    one = rolled()
    found = taken_back(one.state, Cause("rollout_failed", "no room"), one.context)  # type: ignore[arg-type]
    assert (found.phase, found.outcome, found.patched, found.former_patched) == ("pending", "rolled_back", False, True)
    assert found.forward == one.state.change and found.change.from_revision == R1
    assert taken(decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", found, ill(name="db"))])) == {
        ("shop", "db", "rollout_failed")
    }, "it goes back once"
    there = replace(one.state, object=stored())
    nothing = taken_back(there, Cause("rollout_failed", "no room"), one.context)  # type: ignore[arg-type]
    assert nothing.phase == "done", "somebody has taken it back already"
