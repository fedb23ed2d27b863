# SPDX-License-Identifier: Apache-2.0
"""The action plugin around the module: files, crash, result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible_collections.openclarity.wasm_filters.plugins.action import rollout
from ansible_collections.openclarity.wasm_filters.plugins.action.rollout import ActionModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    Binary,
    Options,
    Plan,
    Run,
    State,
    Target,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Tell
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress

from tests.unit.plugins.module_call import ModuleCall

SPEC = {"EnvoyFilter": {"f": {"long": 1}}}
BINARY = Binary("/f.wasm", "ab" * 32, 5)


def verdict(name: str, outcome: str = "deployed", **more: Any) -> dict[str, Any]:
    base = {"name": name, "verdict": outcome, "changed": True, "reason": "", "message": "m", "workloads": []}
    return {**base, "diff": {"before": {}, "after": SPEC}, **more}


GOOD = {"changed": True, "namespaces": [verdict("shop")]}


def planned(*names: str, **options: Any) -> dict[str, Any]:
    targets = tuple(Target("c", name) for name in names or ("shop", "pay"))
    run = Run("i", 1.0)
    plan = Plan(State.PRESENT, "trace", "wasm-filter", targets, (), run, Options(**options), binary=BINARY)
    return plan.as_dict()


class Sent(ModuleCall, ActionModule):
    """Runs no module, sends no file, and leaves signals alone. `telling`: what the module tells meanwhile."""

    telling: tuple[Tell, ...] = ()

    def _execute_module(self, **arguments: Any) -> dict[str, Any]:
        answer = super()._execute_module(**arguments)
        report = progress.to_file(self.sent.get("progress_file"))
        for tell in self.telling:
            report(tell)
        return answer

    def _transfer_file(self, local_path: str, remote_path: str) -> str:
        return f"remote:{local_path}"

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        return "/remote"

    def _fixup_perms2(self, remote_paths: Any, remote_user: str | None = None, execute: bool = True) -> None:
        pass


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    directory = tmp_path / "ansible"
    directory.mkdir()
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(directory))
    # The process group is that of the tests.
    monkeypatch.setattr(rollout.os, "setpgid", lambda *_ids: None)
    return directory


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    screen = MagicMock(live=False)
    monkeypatch.setattr(rollout, "Screen", lambda: screen)
    return screen


def run(
    outcome: dict[str, Any], transport: str = "local", telling: tuple[Tell, ...] = (), diff: bool = False, **given: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    task = MagicMock(Task)
    task.args = {"namespaces": ["shop"], "plan": planned(), **given}
    task.async_val, task.check_mode, task.diff = 0, False, diff
    mock, connection = MagicMock(), MagicMock(transport=transport)
    action = Sent(task, connection, mock, mock, mock, mock)
    action.outcome, action.telling = outcome, telling
    result: dict[str, Any] = action.run(task_vars={})
    return result, action.sent


@pytest.mark.parametrize(
    ("batch", "left"),
    [
        (["a"], ["b", "c", "d"]),
        (["b", "a"], ["c", "d"]),
        # One of an earlier batch is not begun again, though it is not in this one.
        (["c"], ["d"]),
        (["d"], []),
        (["unknown"], []),
    ],
)
def test_what_comes_after_the_batch_is_not_started(batch: list[str], left: list[str]) -> None:
    assert rollout._later(batch, Plan.from_dict(planned("a", "b", "c", "d"))) == left


def test_the_recap_gets_those_that_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[list[str], bool]] = []

    def recap(_screen: Any, _verdicts: Any, later: list[str], _check: bool, whole: bool) -> None:
        told.append((later, whole))

    monkeypatch.setattr(rollout, "recap", recap)
    run(GOOD)
    assert told == [(["pay"], False)]


def test_the_module_on_this_machine_gets_a_progress_file_that_is_gone_afterwards(temporary: Path) -> None:
    result, sent = run(GOOD)
    assert [found["verdict"] for found in result["namespaces"]] == ["deployed"]
    assert sent["plan"]["binary"]["path"] == "/f.wasm"
    assert Path(sent["progress_file"]).parent == temporary
    assert list(temporary.iterdir()) == []


def test_the_module_elsewhere_gets_the_binary_and_no_files_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    _result, sent = run(GOOD, transport="ssh", plan=planned(result_file=str(path)))
    assert sent["plan"]["binary"]["path"] == "remote:/f.wasm"
    assert sent["plan"]["options"]["result_file"] == ""
    assert "progress_file" not in sent
    assert json.loads(path.read_text())["clusters"][0]["namespaces"][0]["verdict"] == "deployed"


def test_the_module_on_this_machine_writes_the_result_itself(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    _result, sent = run(GOOD, plan=planned(result_file=str(path)))
    assert sent["plan"]["options"]["result_file"] == str(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"failed": True, "msg": "no cluster"}, "no cluster"),
        ({"failed": True, "module_stderr": "Traceback", "namespaces": None}, "Traceback"),
        ({}, "without a result"),
        ({"failed": True, "msg": "no start of json char found", "rc": 137}, "the module was killed (Killed)"),
    ],
)
def test_a_crash_is_a_verdict_for_each_namespace(outcome: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result, _sent = run(outcome, namespaces=["shop", "pay"], plan=planned(result_file=str(path)))
    assert [(found["name"], found["verdict"], found["reason"]) for found in result["namespaces"]] == [
        ("shop", "failed", "crashed"),
        ("pay", "failed", "crashed"),
    ]
    assert said in result["namespaces"][0]["message"]
    # The rollout's own task does not fail: it would be the first host alone.
    assert not result.get("failed")
    written = json.loads(path.read_text())["clusters"][0]["namespaces"]
    assert [(found["name"], found["reason"]) for found in written] == [("shop", "crashed"), ("pay", "crashed")]


def test_a_crash_tells_what_is_known_to_have_been_done() -> None:
    patched = [Tell("shop", f"Deployment/w{number} patched", True, 0, 2) for number in range(7)]
    result, _sent = run({"msg": "killed"}, namespaces=["shop", "pay"], telling=tuple(patched))
    shop, pay = result["namespaces"]
    assert shop["message"].startswith("killed; before that: Deployment/w0 patched, Deployment/w1 patched")
    assert shop["message"].endswith("Deployment/w4 patched and 2 more")
    assert (shop["changed"], pay["changed"], result["changed"]) == (True, False, True)
    assert pay["message"] == "killed; no change of it is known"


def test_the_result_file_of_a_crash_has_those_whose_batch_was_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    run({}, plan=planned(result_file=str(path)))
    (cluster,) = json.loads(path.read_text())["clusters"]
    assert cluster["alias"] == "c"
    assert {found["name"]: found["verdict"] for found in cluster["namespaces"]} == {
        "shop": "failed",
        "pay": "not_started",
    }
    assert "diff" not in cluster["namespaces"][0]


def test_a_result_file_that_can_not_be_written_hides_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(rollout.display, "warning", warned.append)
    (tmp_path / "file").write_text("")
    plan = planned(result_file=str(tmp_path / "file" / "result.json"))
    result, _sent = run(GOOD, transport="ssh", plan=plan)
    assert [found["verdict"] for found in result["namespaces"]] == ["deployed"]
    assert warned[0].startswith("the result file can't be written: ")


def test_what_namespaces_have_in_common_is_shown_once_and_only_where_asked_for(screen: MagicMock) -> None:
    answer = {"changed": True, "namespaces": [verdict("shop"), verdict("pay")]}
    result, _sent = run(answer, namespaces=["shop", "pay"], diff=True)
    shown = [call.args[0] for call in screen.line.call_args_list]
    assert shown[0] == "--- before: the same in 2 namespaces: shop, pay"
    assert sum('"EnvoyFilter"' in line for line in shown) == 1
    assert [entry["diff"] for entry in result["namespaces"]] == [{"before": {}, "after": {}}] * 2
    screen.reset_mock()
    run({"changed": True, "namespaces": [verdict("shop"), verdict("pay")]}, namespaces=["shop", "pay"])
    assert [call.args[0].split()[0] for call in screen.line.call_args_list] == ["shop", "pay"]


@pytest.mark.parametrize("given", [None, "text", {}, {"version": 0}, {"version": 1}])
def test_what_is_no_plan_is_refused(given: Any) -> None:
    with pytest.raises(AnsibleActionFail, match=r"^plan: must be what"):
        run(GOOD, plan=given)
