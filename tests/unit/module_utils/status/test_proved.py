# SPDX-License-Identifier: Apache-2.0
"""What proofs of pods mean for their workloads."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status import proved
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import State, WorkloadStatus

from tests.unit.module_utils.status.sidecars import found
from tests.unit.objects import NAMES, R1, R2


def proof(name: str, kind: Proof = Proof.PROVED, app: str = "web", revision: str = R1, reason: str = "") -> PodProof:
    labels = {"app": app, NAMES.pod_label: revision}
    return PodProof(name, kind, reason, f"it is {reason}" if reason else "", labels=labels)


def judged(*states: State) -> list[WorkloadStatus]:
    return [WorkloadStatus("Deployment", f"w{at}", one, R1) for at, one in enumerate(states)]


def one_of(state: State, *proofs: PodProof) -> WorkloadStatus:
    (told,), others = proved.with_pods(found(), judged(state), proofs)
    assert others == []
    return told


def test_each_workload_has_its_own_pods_and_what_is_of_none_is_left() -> None:
    there = found(workloads=("web", "api"))
    proofs = [proof("a"), proof("b", app="api"), proof("c", app="job")]
    told, others = proved.with_pods(there, judged(State.DEPLOYED, State.DEPLOYED), proofs)
    assert [[pod.name for pod in one.proofs] for one in told] == [["a"], ["b"]]
    assert [pod.name for pod in others] == ["c"]
    assert [one.state for one in told] == [State.DEPLOYED, State.DEPLOYED]


@pytest.mark.parametrize("state", list(State))
def test_what_does_not_run_is_told_where_the_objects_are_well(state: State) -> None:
    told = one_of(state, proof("a"), proof("b", Proof.DISPROVED, reason="not_loaded"))
    overruled = state in (State.DEPLOYED, State.HELD)
    assert told.state == (State.NOT_RUNNING if overruled else state)
    assert (told.reason, told.message) == (("not_loaded", "pod b: it is not_loaded") if overruled else ("", ""))


def test_what_is_not_known_changes_no_state() -> None:
    told = one_of(State.DEPLOYED, proof("a", Proof.UNPROVED, reason="no_answer"))
    assert (told.state, len(told.proofs)) == (State.DEPLOYED, 1)


def test_pods_of_a_workload_that_takes_no_filter_are_no_matter() -> None:
    assert one_of(State.SKIPPED, proof("a", Proof.DISPROVED, reason="no_sidecar")).proofs == ()


@pytest.mark.parametrize(
    ("state", "then"),
    [(State.ROLLING, State.ROLLING), (State.HELD, State.HELD), (State.DEPLOYED, State.NOT_RUNNING)],
)
def test_a_pod_of_a_former_template_runs_another_revision(state: State, then: State) -> None:
    told = one_of(state, proof("a", revision=R2), proof("b"))
    assert told.state == then
    assert [(pod.proof, pod.reason) for pod in told.proofs] == [
        (Proof.DISPROVED, "wrong_revision"),
        (Proof.PROVED, ""),
    ]
    assert told.proofs[0].message == f"is still of {R2}"


def test_what_is_of_no_workload_is_a_finding_of_its_own() -> None:
    wrong = proof("a", Proof.DISPROVED, reason="no_mount")
    (finding,) = proved.findings([wrong, proof("b"), proof("c", Proof.UNPROVED, reason="no_answer")])
    assert (finding.state, finding.message) == (State.NOT_RUNNING, "pod a: it is no_mount")
    assert list(proved.findings([proof("b")])) == []
