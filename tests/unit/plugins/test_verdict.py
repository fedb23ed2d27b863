"""The action plugin that makes each host what its namespace's verdict says."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action.verdict import ActionModule


def run(entry: dict[str, Any] | None, diff: bool = False, **arguments: str) -> dict[str, Any]:
    task = MagicMock(Task)
    task.args = {"wave": "wasm_filter_wave", "namespace": "shop", **arguments}
    task.async_val = 0
    task.diff = diff
    task.check_mode = False
    task.action = "openclarity.wasm_filters.verdict"
    mock = MagicMock()
    action = ActionModule(task, mock, mock, mock, mock, mock)
    wave = {"namespaces": [{"name": "pay"}, *([entry] if entry else [])]}
    result: dict[str, Any] = action.run(task_vars={"wasm_filter_wave": wave, "text": "x"})
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


def test_a_variable_that_is_no_wave_is_refused() -> None:
    for name in ("gone", "text"):
        with pytest.raises(AnsibleActionFail, match=f"wave='{name}': must name what"):
            run(entry("deployed"), wave=name)


def test_a_namespace_without_a_verdict_is_not_taken_as_good() -> None:
    with pytest.raises(AnsibleActionFail, match="namespace='shop'"):
        run(None)
