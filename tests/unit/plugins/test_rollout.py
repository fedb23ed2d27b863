"""The action plugin around the module: files, crash, result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible import constants as C
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action import rollout
from ansible_collections.openclarity.wasm_filters.plugins.action.rollout import ActionModule

from tests.unit.plugins.module_call import ModuleCall

GOOD = {
    "changed": True,
    "namespaces": [{"name": "shop", "verdict": "deployed", "changed": True, "message": "m", "diff": {"a": 1}}],
}
HOSTS = ["c.shop", "c.pay"]
TASK_VARS = {
    "ansible_play_hosts_all": HOSTS,
    "wasm_filter_cluster": "c",
    "hostvars": {host: {"wasm_filter_cluster": "c", "wasm_filter_namespace": host[2:]} for host in HOSTS},
}


class Sent(ModuleCall, ActionModule):
    """Runs no module and sends no file."""

    def _transfer_file(self, local_path: str, remote_path: str) -> str:
        return f"remote:{local_path}"

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        return "/remote"

    def _fixup_perms2(self, remote_paths: Any, remote_user: str | None = None, execute: bool = True) -> None:
        pass


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))


def run(outcome: dict[str, Any], transport: str = "local", **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    task = MagicMock(Task)
    task.args = {"namespaces": ["shop"], "binary_path": "/f.wasm", **arguments}
    task.async_val = 0
    task.check_mode = False
    mock, connection = MagicMock(), MagicMock(transport=transport)
    action = Sent(task, connection, mock, mock, mock, mock)
    action.outcome = outcome
    result: dict[str, Any] = action.run(task_vars=TASK_VARS)
    return result, action.sent


@pytest.mark.parametrize(
    ("wave", "left"),
    [
        (["a"], ["b", "c", "d"]),
        (["b", "a"], ["c", "d"]),
        # One of an earlier wave is not begun again, though it is not in this one.
        (["c"], ["d"]),
        (["d"], []),
        (["unknown"], []),
    ],
)
def test_what_comes_after_the_wave_is_not_started(wave: list[str], left: list[str]) -> None:
    hosts = ["c.a", "c.b", "c.c", "c.d"]
    hostvars: dict[str, dict[str, str]] = {host: {"wasm_filter_namespace": host[2:]} for host in hosts}
    task_vars = {"ansible_play_hosts_all": ["gone", "localhost", *hosts], "hostvars": {**hostvars, "localhost": {}}}
    assert rollout._not_started(wave, task_vars) == left
    assert rollout._not_started(wave, {}) == []


def test_the_recap_gets_those_that_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(rollout, "recap", lambda _verdicts, not_started, check_mode: told.append(not_started))
    run(GOOD)
    assert told == [["pay"]]


def test_the_module_on_this_machine_gets_a_progress_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    result, sent = run(GOOD)
    assert result["namespaces"] == GOOD["namespaces"]
    assert sent["binary_path"] == "/f.wasm"
    assert Path(sent["progress_file"]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_module_elsewhere_gets_the_binary_and_no_progress_file() -> None:
    _result, sent = run(GOOD, transport="ssh")
    assert sent["binary_path"] == "remote:/f.wasm"
    assert "progress_file" not in sent


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"failed": True, "msg": "no cluster"}, "no cluster"),
        ({"failed": True, "module_stderr": "Traceback", "namespaces": None}, "Traceback"),
        ({}, "without a result"),
    ],
)
def test_a_crash_is_a_verdict_for_each_namespace(outcome: dict[str, Any], said: str) -> None:
    result, _sent = run(outcome, namespaces=["shop", "pay"])
    assert [(found["name"], found["verdict"], found["reason"]) for found in result["namespaces"]] == [
        ("shop", "failed", "crashed"),
        ("pay", "failed", "crashed"),
    ]
    assert said in result["namespaces"][0]["message"]
    # The wave's own task does not fail: it would be the first host alone.
    assert not result.get("failed")


def test_the_result_file_has_those_whose_wave_was_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    run(GOOD, result_file=str(path), run={"id": "i", "started": "1.0"})
    (cluster,) = json.loads(path.read_text())["clusters"]
    assert cluster["alias"] == "c"
    assert {found["name"]: found["verdict"] for found in cluster["namespaces"]} == {
        "shop": "deployed",
        "pay": "not_started",
    }
    assert "diff" not in cluster["namespaces"][0]


def test_a_result_file_that_can_not_be_written_hides_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(rollout.display, "warning", warned.append)
    (tmp_path / "file").write_text("")
    result, _sent = run(GOOD, result_file=str(tmp_path / "file" / "result.json"))
    assert result["namespaces"] == GOOD["namespaces"]
    assert warned[0].startswith("the result file can't be written: ")
