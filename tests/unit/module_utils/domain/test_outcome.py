# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from enum import Enum

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    Outcome,
    Reason,
    WorkloadVerdict,
)


def test_a_workload_is_written_with_from_and_to() -> None:
    written = WorkloadVerdict("Deployment", "web", Outcome.DEPLOYED, "none", "r1").as_dict()
    assert written == {
        "kind": "Deployment",
        "name": "web",
        "verdict": "deployed",
        "reason": "",
        "message": "",
        "from": "none",
        "to": "r1",
        "pods_replaced": 0,
        "pods": [],
    }


def test_the_diff_is_not_part_of_the_verdict() -> None:
    verdict = NamespaceVerdict("shop", Outcome.DEPLOYED, True, diff={"before": {}, "after": {}})
    verdict.workloads.append(WorkloadVerdict("Deployment", "web", Outcome.DEPLOYED))
    written = verdict.as_dict()
    assert "diff" not in written
    assert [entry["name"] for entry in written["workloads"]] == ["web"]


def test_two_verdicts_share_no_list() -> None:
    one, other = NamespaceVerdict("a", Outcome.FAILED), NamespaceVerdict("b", Outcome.FAILED)
    one.workloads.append(WorkloadVerdict("Deployment", "web", Outcome.FAILED))
    assert other.workloads == []


@pytest.mark.parametrize("words", [Outcome, Reason])
def test_words_are_plain_text_in_every_python(words: type[Enum]) -> None:
    for word in words:
        assert f"{word}" == str(word) == word.value


def test_what_is_written_has_no_enum_in_it() -> None:
    # Ansible compares an enum with a string, and finds them different.
    workload = WorkloadVerdict("Deployment", "web", Outcome.FAILED, reason=Reason.REVERTED)
    namespace = NamespaceVerdict("shop", Outcome.FAILED, reason=Reason.REVERTED, workloads=[workload])
    written = namespace.as_dict()
    assert json.loads(json.dumps(written)) == written
    found = [written["verdict"], written["reason"], written["workloads"][0]["verdict"]]
    found += [written["workloads"][0]["reason"]]
    assert found == ["failed", "reverted"] * 2
    assert {type(text) for text in found} == {str}
