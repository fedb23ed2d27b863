# SPDX-License-Identifier: Apache-2.0
"""In how many pods it runs, and of how many that is not known."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    FilterStatus,
    NamespaceStatus,
    State,
    WorkloadStatus,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.status_proofs import runs, unknown

from tests.unit.objects import R1, R2

WELL = PodProof("a", Proof.PROVED)
WRONG = PodProof("b", Proof.DISPROVED, Reason.NO_MOUNT)


def doubtful(reason: Reason, name: str = "c") -> PodProof:
    return PodProof(name, Proof.UNPROVED, reason)


def on(revision: str, *proofs: PodProof, others: tuple[PodProof, ...] = ()) -> dict[str, Any]:
    """A namespace on R1, with a workload on a revision."""
    web = WorkloadStatus("Deployment", "web", State.DEPLOYED, revision, proofs=proofs)
    return FilterStatus("trace", "configmap", R1, (), (web,), (), others).as_dict()


def lines(*filters: dict[str, Any]) -> list[str]:
    spaces = [{**NamespaceStatus(f"n{at}").as_dict(), "filters": [one]} for at, one in enumerate(filters)]
    return list(unknown(spaces))


def test_all_or_how_many_of_them() -> None:
    assert runs([on(R1, WELL, WELL), on(R1, WELL)]) == ": 2 workloads, runs in 3 pods"
    assert runs([on(R1, WELL, WRONG)]) == ": 1 workload, runs in 1 of 2 pods"
    assert runs([on(R1, doubtful(Reason.NO_ANSWER))]) == ": 1 workload, runs in 0 of 1 pod, not known of 1"
    assert runs([on(R1, WELL, WRONG, doubtful(Reason.DRAINING))]).endswith("runs in 1 of 3 pods, not known of 1")


def test_nobody_was_asked() -> None:
    assert runs([on(R1)]) == ": 1 workload"
    assert runs([FilterStatus("trace", "inline", R1).as_dict()]) == ""
    assert lines(on(R1), on(R1, WELL, WRONG)) == []


def test_what_is_of_no_workload_counts_and_what_is_on_another_revision_does_not() -> None:
    assert runs([on(R2, WELL, others=(WELL, WRONG))]) == ": runs in 1 of 2 pods"


def test_a_line_for_each_reason_the_most_frequent_first() -> None:
    silent, draining = doubtful(Reason.NO_ANSWER), doubtful(Reason.DRAINING)
    assert lines(on(R1, draining, silent), on(R1, silent)) == [
        "not known whether it runs in 2 pods in 2 namespaces: no answer",
        "not known whether it runs in 1 pod in 1 namespace: connections of before still drain",
    ]


def test_pods_that_could_not_be_listed_are_of_no_number() -> None:
    assert lines(on(R1, others=(doubtful(Reason.PROOF_FORBIDDEN, ""),))) == [
        "not known whether it runs in the pods in 1 namespace: may not be asked: docs/rbac/proof.yml has the right"
    ]
