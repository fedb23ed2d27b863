from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)


def test_a_workload_is_written_with_from_and_to() -> None:
    written = WorkloadVerdict("Deployment", "web", "deployed", "none", "r1").as_dict()
    assert written == {
        "kind": "Deployment",
        "name": "web",
        "verdict": "deployed",
        "reason": "",
        "message": "",
        "from": "none",
        "to": "r1",
        "pods": [],
    }


def test_the_diff_is_not_part_of_the_verdict() -> None:
    verdict = NamespaceVerdict("shop", "deployed", True, diff={"before": {}, "after": {}})
    verdict.workloads.append(WorkloadVerdict("Deployment", "web", "deployed"))
    written = verdict.as_dict()
    assert "diff" not in written
    assert [entry["name"] for entry in written["workloads"]] == ["web"]


def test_two_verdicts_share_no_list() -> None:
    one, other = NamespaceVerdict("a", "failed"), NamespaceVerdict("b", "failed")
    one.workloads.append(WorkloadVerdict("Deployment", "web", "failed"))
    assert other.workloads == []
