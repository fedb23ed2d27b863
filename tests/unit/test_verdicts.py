# SPDX-License-Identifier: Apache-2.0
"""docs/verdicts.md, the schema of the result file, the enums and what Ansible makes of a verdict are one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action.verdict import ActionModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Outcome, Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms, holds_up
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

from tests.unit.objects import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "docs/schemas/result.schema.json").read_text())["$defs"]
CHANGED = {"deployed", "removed"}


def table(heading: str) -> Iterator[tuple[str, str, list[str]]]:
    """(verdict, reason, the other cells) of each row below a heading."""
    _before, _heading, text = (REPOSITORY / "docs/verdicts.md").read_text().partition(f"\n## {heading}\n")
    rows = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    for row in rows:
        verdict, reasons, *others = [cell.strip().replace("`", "") for cell in row.strip("|").split("|")]
        for reason in reasons.split(", "):
            yield verdict, reason, others


NAMESPACES = list(table("Namespaces"))
WORKLOADS = list(table("Workloads"))
PODS = list(table("Pods"))


@pytest.mark.parametrize(
    ("rows", "definition"), [(NAMESPACES, "namespace_verdict"), (WORKLOADS, "workload_verdict")], ids=["ns", "workload"]
)
def test_every_verdict_is_explained_and_in_the_schema(rows: list[tuple[str, str, list[str]]], definition: str) -> None:
    assert {verdict for verdict, _reason, _others in rows} == set(SCHEMA[definition]["enum"])
    pairs = [(verdict, reason) for verdict, reason, _others in rows]
    assert len(pairs) == len(set(pairs))
    assert all(others[0] for _verdict, _reason, others in rows)


def test_every_proof_of_a_pod_is_explained_and_fails_as_it_is_said() -> None:
    assert {proof for proof, _reason, _others in PODS} == set(SCHEMA["pod"]["properties"]["proof"]["enum"])
    for proof, reason, others in PODS:
        found = PodProof("web-1", Proof(proof), reason)
        assert others[1] == ("yes" if holds_up(Terms(ProofMode.AUTO), found) else "no"), (proof, reason)
        pairs = {(verdict, reason) for verdict, reason, _others in WORKLOADS}
        assert reason == "" or ("failed", reason) in pairs


def test_every_reason_is_explained_and_in_the_schema() -> None:
    explained = {reason for _verdict, reason, _others in NAMESPACES + WORKLOADS}
    assert explained == {"", *[reason.value for reason in Reason]} == set(SCHEMA["reason"]["enum"])
    assert {verdict for verdict, _reason, _others in NAMESPACES + WORKLOADS} == {one.value for one in Outcome}


def test_what_fails_a_workload_fails_its_namespace() -> None:
    failing = {reason for verdict, reason, others in WORKLOADS if others[1] == "failed" and verdict == "failed"}
    assert failing == {reason for verdict, reason, _others in WORKLOADS if verdict == "failed"}
    assert failing <= {reason for verdict, reason, _others in NAMESPACES if verdict == "failed"}


def state(verdict: str, reason: str, *others: str) -> str:
    """What the host of a namespace is for Ansible, with others of these verdicts in the run."""
    entry = {"name": "shop", "verdict": verdict, "changed": verdict in CHANGED, "reason": reason, "message": "m"}
    rollout = {"namespaces": [entry, *[{"name": other, "verdict": other} for other in others]]}
    task = MagicMock(Task)
    task.args = {"rollout": "found", "cluster": "c", "namespace": "shop"}
    task.async_val, task.diff, task.check_mode, task.action = 0, False, False, "openclarity.wasm_filters.verdict"
    mock = MagicMock()
    result: dict[str, Any] = ActionModule(task, mock, mock, mock, mock, mock).run(task_vars={"found": rollout})
    if result.get("failed"):
        return "failed"
    return "skipped" if result.get("skipped") else "changed" if result["changed"] else "ok"


@pytest.mark.parametrize(("verdict", "reason", "others"), [row for row in NAMESPACES if row[2][1][:4] != "none"])
def test_ansible_makes_of_a_verdict_what_is_written(verdict: str, reason: str, others: list[str]) -> None:
    said, _comma, status = others[1], "", others[2]
    beside_failure, alone = state(verdict, reason, "failed"), state(verdict, reason)
    if verdict == "not_started":
        # Something has failed in a run with an earlier wave that did.
        assert beside_failure == "skipped"
        assert alone == "failed"
        assert said == (
            "skipped" if reason in ("earlier_wave", "wave_failed") else "skipped where another failed, else failed"
        )
    else:
        assert beside_failure == alone == said
    assert status.startswith("0") == (said in ("ok", "changed", "skipped") and verdict != "not_started")
