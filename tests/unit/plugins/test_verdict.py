# SPDX-License-Identifier: Apache-2.0
"""The action plugin that makes each host what its namespace's verdict says."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action.verdict import ActionModule


def run(*entries: dict[str, Any], diff: bool = False, cluster: str | None = "c", **arguments: str) -> dict[str, Any]:
    """:param cluster: of the rollout; the host is of `c`."""
    task = MagicMock(Task)
    task.args = {"rollout": "wasm_filter_rollout", "cluster": "c", "namespace": "shop", **arguments}
    task.async_val = 0
    task.diff = diff
    task.check_mode = False
    task.action = "openclarity.wasm_filters.verdict"
    mock = MagicMock()
    action = ActionModule(task, mock, mock, mock, mock, mock)
    rollout: dict[str, Any] = {"namespaces": [{"name": "pay", "verdict": "deployed"}, *entries]}
    if cluster is not None:
        rollout["cluster"] = cluster
    result: dict[str, Any] = action.run(task_vars={"wasm_filter_rollout": rollout, "text": "x"})
    return result


def entry(verdict: str, changed: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": "shop", "verdict": verdict, "changed": changed, "reason": "why", "message": "said", **more}


@pytest.mark.parametrize(
    ("verdict", "changed", "failed", "skipped"),
    [
        ("deployed", True, False, False),
        ("removed", True, False, False),
        ("unchanged", False, False, False),
        ("failed", True, True, False),
        ("failed", False, True, False),
        ("skipped", False, False, True),
    ],
)
def test_the_host_is_what_the_verdict_says(verdict: str, changed: bool, failed: bool, skipped: bool) -> None:
    result = run(entry(verdict, changed))
    assert (result["changed"], result["failed"]) == (changed, failed)
    # Its mere presence makes Ansible leave out changed_when and failed_when.
    assert ("skipped" in result) == skipped
    assert result.get("skipped", False) is skipped
    assert (result["verdict"], result["reason"], result["msg"]) == (verdict, "why", "said")


def test_the_diff_is_shown_where_it_was_asked_for_and_there_is_one() -> None:
    diff = {"before": {"a": 1}, "after": {}}
    shown = run(entry("deployed", True, diff=diff), diff=True)["diff"]
    assert shown == {"before_header": "namespace shop", "after_header": "namespace shop", **diff}
    assert "diff" not in run(entry("deployed", True, diff=diff))
    assert "diff" not in run(entry("deployed", True, diff={"before": {}, "after": {}}), diff=True)
    assert "diff" not in run(entry("deployed", True), diff=True)


def test_a_variable_that_is_no_rollout_is_refused() -> None:
    for name in ("gone", "text"):
        with pytest.raises(AnsibleActionFail, match=f"rollout='{name}': must name what"):
            run(entry("deployed"), rollout=name)


def test_a_host_that_is_not_of_this_plan_is_left_alone_and_told_so() -> None:
    for left in (run(), run(entry("deployed", True), cluster="another")):
        assert (left["skipped"], left["changed"], left.get("failed", False)) == (True, False, False)
        assert "not one of this plan's namespaces" in left["msg"]
        assert "verdict" not in left


def test_a_rollout_that_crashed_before_it_knew_its_cluster() -> None:
    assert run(entry("failed"), cluster=None)["failed"]


def test_what_was_not_started_is_skipped_where_another_failed() -> None:
    result = run(entry("not_started"), {"name": "ops", "verdict": "failed"})
    assert (result["skipped"], result["failed"], result["verdict"]) == (True, False, "not_started")


def test_what_was_not_started_fails_where_nothing_else_does() -> None:
    """As after a stop: the exit status must not say that all is well."""
    result = run(entry("not_started"))
    assert (result["failed"], "skipped" in result) == (True, False)
