# SPDX-License-Identifier: Apache-2.0
"""Few lines, whatever there is to tell."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    FilterStatus,
    Finding,
    NamespaceStatus,
    State,
    WorkloadStatus,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.status_lines import LINES_MAX, lines

from tests.unit.objects import R1, R2

REASONS = (Reason.NO_ANSWER, Reason.DRAINING, Reason.NOT_LOADED, Reason.FOREIGN_FILTER, Reason.PROOF_FORBIDDEN)


def entry(
    name: str, *states: State, revision: str = R1, message: str = "why", reasons: tuple[Reason, ...] = ()
) -> dict[str, Any]:
    """:param reasons: why it is not known of a pod of each workload whether the filter runs."""
    proofs = tuple(PodProof(f"{name}-{at}", Proof.UNPROVED, one) for at, one in enumerate(reasons))
    workloads = tuple(
        WorkloadStatus("Deployment", f"w{at}", one, revision, message=message, proofs=proofs)
        for at, one in enumerate(states)
    )
    return NamespaceStatus(name, (FilterStatus("trace", "configmap", revision, (), workloads),)).as_dict()


def texts(*entries: dict[str, Any], width: int = 80) -> list[str]:
    return [text for text, _color in lines(list(entries), width)]


def test_counts_then_revisions_then_what_is_not_well_the_worst_first() -> None:
    found = texts(
        entry("shop", State.DEPLOYED),
        entry("pay", State.ROLLING),
        entry("bank", State.HALF_DONE, State.HALF_DONE, State.DEPLOYED, revision=R2),
    )
    assert found == [
        "  3 namespaces: 1 half_done, 1 rolling, 1 deployed",
        f"  trace  revision {R1} (configmap) in 2 namespaces: 2 workloads",
        f"  trace  revision {R2} (configmap) in 1 namespace: 3 workloads",
        "  half_done  bank  Deployment/w0: why (and 1 more)",
        "  rolling    pay   Deployment/w0: why",
    ]


def test_what_is_not_known_of_pods_stands_once_above_what_is_not_well() -> None:
    found = texts(
        entry("shop", State.DEPLOYED, reasons=(Reason.PROOF_FORBIDDEN,)),
        entry("pay", State.ROLLING, reasons=(Reason.PROOF_FORBIDDEN, Reason.PROOF_FORBIDDEN)),
        width=0,
    )
    assert found == [
        "  2 namespaces: 1 rolling, 1 deployed",
        f"  trace  revision {R1} (configmap) in 2 namespaces: 2 workloads, runs in 0 of 3 pods, not known of 3",
        "  not known whether it runs in 3 pods in 2 namespaces: may not be asked: docs/rbac/proof.yml has the right",
        "  rolling  pay  Deployment/w0: why",
    ]


def test_of_several_filters_each_is_named() -> None:
    filters = tuple(
        FilterStatus(name, "inline", R1, (), (), (Finding(State.LOCKED, "why"),)) for name in ("audit", "trace")
    )
    found = texts(NamespaceStatus("shop", filters).as_dict())
    assert found[-2:] == ["  locked  shop  audit: why", "  locked  shop  trace: why"]


def test_what_is_of_the_namespace_is_told_too() -> None:
    found = NamespaceStatus("shop", findings=(Finding(State.MISSING, "there is no such namespace"),)).as_dict()
    assert texts(found) == ["  1 namespace: 1 missing", "  missing  shop  there is no such namespace"]


def test_nothing_at_all_is_said() -> None:
    assert texts() == ["  no namespace has a filter"]


@pytest.mark.parametrize("width", [0, 40, 80, 200])
@pytest.mark.parametrize("bad", [1, 5, 30, 200])
@pytest.mark.parametrize("states", [[State.DRIFTED], list(State)])
@pytest.mark.parametrize("revisions", [1, 8])
def test_200_namespaces_are_few_lines(width: int, bad: int, states: list[State], revisions: int) -> None:
    entries = [
        entry(
            f"team-{at:03d}",
            states[at % len(states)] if at < bad else State.DEPLOYED,
            message="some words " * 30,
            revision=f"{at % revisions:010x}",
            reasons=REASONS,
        )
        for at in range(200)
    ]
    found = texts(*entries, width=width)
    assert len(found) <= LINES_MAX
    assert not width or all(len(line) <= width for line in found)
    told = {State(one["state"]) for one in entries} - {State.DEPLOYED}
    assert all(any(line.lstrip().startswith(state.value) for line in found) for state in told)


def test_the_names_of_those_that_have_no_line_follow() -> None:
    found = texts(*(entry(f"n{at}", State.DRIFTED) for at in range(100)), width=0)
    assert len(found) == LINES_MAX
    assert "more: n" in found[-1] and found[-1].endswith("n99")
    assert f"and {100 - (LINES_MAX - 3)} more" in found[-1]


def test_a_long_reason_is_told_whole_where_there_is_room() -> None:
    found = texts(entry("shop", State.DRIFTED, message="word " * 40))
    assert " ".join(found).split().count("word") == 40
    assert len(texts(entry("shop", State.DRIFTED, message="word " * 40), width=0)) == 3
