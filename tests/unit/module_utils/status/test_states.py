# SPDX-License-Identifier: Apache-2.0
"""States: their order, what they add up to, and the two places that have them besides."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import (
    NO_DRIFT,
    FilterStatus,
    Finding,
    NamespaceStatus,
    State,
    WorkloadStatus,
    by_badness,
    summary,
    worst,
)

from tests.unit.objects import R1, REPOSITORY

SCHEMA = json.loads((REPOSITORY / "docs/schemas/status.schema.json").read_text())["$defs"]
TABLE = (REPOSITORY / "docs/status.md").read_text()


def of(*states: State, findings: tuple[State, ...] = ()) -> FilterStatus:
    workloads = tuple(WorkloadStatus("Deployment", f"w{at}", state) for at, state in enumerate(states))
    return FilterStatus("trace", "configmap", R1, (), workloads, tuple(Finding(one, "why") for one in findings))


def test_schema_and_table_have_every_state_in_its_order() -> None:
    assert SCHEMA["state"]["enum"] == [state.value for state in State]
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes|no) \|$", TABLE, re.M)
    assert rows == [(state.value, "no" if state in NO_DRIFT else "yes") for state in State]


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (of(), State.DEPLOYED),
        (of(State.DEPLOYED, State.SKIPPED), State.DEPLOYED),
        (of(State.DEPLOYED, State.ROLLING), State.ROLLING),
        (of(State.HALF_DONE, State.DRIFTED, State.DEPLOYED), State.DRIFTED),
        (of(State.HELD, findings=(State.ORPHANED,)), State.ORPHANED),
    ],
)
def test_a_filter_has_the_worst_state_of_what_is_in_it(found: FilterStatus, state: State) -> None:
    assert found.state == state
    assert found.as_dict()["state"] == state.value


def test_so_has_a_namespace() -> None:
    assert NamespaceStatus("shop").state == State.ABSENT
    assert NamespaceStatus("shop", (of(State.DEPLOYED), of(State.ROLLING))).state == State.ROLLING
    assert NamespaceStatus("shop", (of(State.ROLLING),), (Finding(State.OLD_SCRIPT, "x"),)).state == State.OLD_SCRIPT


def test_badness() -> None:
    assert by_badness([State.DEPLOYED, State.BROKEN, State.DEPLOYED]) == [State.BROKEN, State.DEPLOYED]
    assert worst([], State.ABSENT) == State.ABSENT


def test_pods_are_in_it_as_in_the_result_file() -> None:
    result = json.loads((REPOSITORY / "docs/schemas/result.schema.json").read_text())["$defs"]["pod"]
    own = SCHEMA["pod"]
    assert own["properties"].keys() == result["properties"].keys() and own["required"] == result["required"]
    assert own["properties"]["proof"] == result["properties"]["proof"]
    proofs = (PodProof("a", Proof.UNPROVED, "no_answer", "why", {"heartbeat": 5}),)
    workload = WorkloadStatus("Deployment", "web", State.DEPLOYED, R1, proofs=proofs)
    found = FilterStatus("trace", "configmap", R1, (), (workload,), (), proofs).as_dict()
    jsonschema.validate(found, {"$defs": SCHEMA, "$ref": "#/$defs/filter"})
    assert found["pods"] == found["workloads"][0]["pods"] == [proofs[0].as_dict()]


def test_the_summary_counts_and_names_what_has_drifted() -> None:
    found = summary(
        [
            NamespaceStatus("shop", (of(State.DEPLOYED),)),
            NamespaceStatus("pay", (of(State.HALF_DONE),)),
            NamespaceStatus("bank", (of(State.ROLLING),)),
        ]
    )
    assert found["counts"] == {"half_done": 1, "rolling": 1, "deployed": 1}
    assert list(found["counts"]) == ["half_done", "rolling", "deployed"]
    assert found["drifted"] == ["pay"]
    assert [one["name"] for one in found["namespaces"]] == ["shop", "pay", "bank"]
