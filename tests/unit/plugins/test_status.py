# SPDX-License-Identifier: Apache-2.0
"""The action plugin around the module: what it gets, what is told, the file."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import jsonschema
import pytest
from ansible import context
from ansible.playbook.task import Task
from ansible.utils.context_objects import CLIArgs
from ansible_collections.openclarity.wasm_filters.plugins.action import status
from ansible_collections.openclarity.wasm_filters.plugins.action.status import ActionModule

from tests.unit.objects import REPOSITORY
from tests.unit.plugins.module_call import ModuleCall

SCHEMA = json.loads((REPOSITORY / "docs/schemas/status.schema.json").read_text())
SHOP = {"name": "shop", "state": "absent", "filters": [], "findings": [], "unread": []}
GOOD = {"changed": False, "cluster": "c", "counts": {"absent": 1}, "drifted": [], "namespaces": [SHOP]}


class Sent(ModuleCall, ActionModule):
    """Runs no module."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(status.screen.Screen, "line", lambda _self, text, _color: lines.append(text))
    return lines


def run(outcome: dict[str, Any] = GOOD, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    task = MagicMock(Task)
    task.args = arguments
    task.async_val = 0
    task.check_mode = False
    mock = MagicMock()
    action = Sent(task, mock, mock, mock, mock, mock)
    action.outcome = copy.deepcopy(outcome)
    result: dict[str, Any] = action.run(task_vars={})
    return result, action.sent


def test_what_was_found_is_shown_and_written(told: list[str], tmp_path: Path) -> None:
    path = tmp_path / "folder" / "status.json"
    result, sent = run(namespaces="shop", filter_name="trace", status_file=str(path))
    assert told == ["  1 namespace: 1 absent"]
    assert (result["counts"], sent["refused"]) == ({"absent": 1}, [])
    content = json.loads(path.read_text())
    jsonschema.validate(content, SCHEMA)
    assert (content["filter"], content["clusters"]) == ("trace", [{"alias": "c", "namespaces": [SHOP]}])


def test_a_run_that_fails_leaves_no_file_of_an_earlier_one(told: list[str], tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    run(status_file=str(path))
    result, _sent = run({"failed": True, "msg": "no"}, status_file=str(path))
    assert (result["failed"], path.exists(), len(told)) == (True, False, 1)


def test_a_file_of_somebody_else_is_refused(told: list[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("{}")
    _result, sent = run({"failed": True, "msg": "no"}, status_file=str(path))
    assert "is not the status of namespaces" in sent["refused"][0] and path.read_text() == "{}"


def test_a_file_that_can_not_be_written_fails(told: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result, _sent = run(status_file=str(tmp_path / "file" / "status.json"))
    assert result["failed"] and "can't be written" in result["msg"]


def test_words_of_the_command_line(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"extra_vars": ("namespaces=shop pay",)}))
    assert run(namespaces="shop")[1]["namespaces"] == "shop pay"
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"extra_vars": ("x=1 pay",)}))
    assert "part of no value" in run(namespaces="shop")[1]["refused"][0]
