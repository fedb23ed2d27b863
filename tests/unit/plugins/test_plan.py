# SPDX-License-Identifier: Apache-2.0
"""The action that completes the plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action.plan import ActionModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Plan

from tests.unit.module_utils.planning.test_planner import draft

GIVEN: dict[str, Any] = {"revision": "00000000ab", "envoy_filter_spec": {"configPatches": []}}


def run(plan: Any, **arguments: Any) -> dict[str, Any]:
    task = MagicMock(Task)
    task.args = {"draft": plan, **arguments}
    task.async_val = 0
    mock = MagicMock()
    action = ActionModule(task, mock, mock, mock, mock, mock)
    result: dict[str, Any] = action.run(task_vars={})
    return result


def test_the_draft_with_what_the_templates_made() -> None:
    result = run(draft("shop").as_dict(), **GIVEN)
    assert result["changed"] is False
    plan = Plan.from_dict(result["plan"])
    assert plan == replace(draft("shop"), **GIVEN)


def test_to_take_out_there_is_nothing_to_add() -> None:
    gone = draft("shop", state="absent")
    assert Plan.from_dict(run(gone.as_dict())["plan"]) == gone


def test_the_result_is_not_logged_as_tokens_are_in_it() -> None:
    assert run(draft("shop").as_dict(), **GIVEN)["_ansible_no_log"] is True


def test_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    run(draft("shop", plan_file=str(path)).as_dict(), **GIVEN)
    assert json.loads(path.read_text())["revision"] == GIVEN["revision"]


def test_a_file_that_can_not_be_written_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "plan.json")
    with pytest.raises(AnsibleActionFail, match=r"wasm_filter_plan_file=.*can't be written"):
        run(draft("shop", plan_file=path).as_dict(), **GIVEN)


@pytest.mark.parametrize("plan", [{}, {"version": 99}, {"version": 1}, {**draft("shop").as_dict(), "unknown": 1}])
def test_what_is_no_draft_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(AnsibleActionFail, match=r"draft: must be what openclarity\.wasm_filters\.preflight returned"):
        run(plan, **GIVEN)


def test_half_of_what_belongs_to_it_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match="needs revision and envoy_filter_spec"):
        run(draft("shop").as_dict())
