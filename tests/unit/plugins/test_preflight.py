# SPDX-License-Identifier: Apache-2.0
"""The action plugin around the module: what is refused, what the module gets, what is told."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.playbook.task import Task
from ansible.utils.context_objects import CLIArgs
from ansible_collections.openclarity.wasm_filters.plugins.action import preflight
from ansible_collections.openclarity.wasm_filters.plugins.action.preflight import ActionModule

from tests.unit.objects import BINARY
from tests.unit.plugins.module_call import ModuleCall

GOOD = {
    "changed": False,
    "plan": {"run": {"id": "1", "exported_data": {}}},
    "binary": {"sha256": "ab" * 32, "size": 5},
    "backend": {"cluster": "c", "authority": "c.t.svc:9000", "kind": "service"},
}
SETTINGS = {
    "wasm_filter_context": "outbound",
    "wasm_filter_trace_format": "publish",
    "wasm_filter_trace_backend_headers": {"x-token": "hunter2"},
}


class Sent(ModuleCall, ActionModule):
    """Runs no module."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(preflight.display, "display", lines.append)
    monkeypatch.setattr(preflight.display, "warning", lambda _sentence: None)
    return lines


def run(
    outcome: dict[str, Any] = GOOD, become: bool = False, **arguments: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    task = MagicMock(Task)
    task.args = {"binary_path": str(BINARY), "settings": SETTINGS, "plugin_configuration": {}, **arguments}
    task.async_val = 0
    task.check_mode = False
    mock = MagicMock()
    action = Sent(task, mock, MagicMock(become=become), mock, mock, mock)
    action.outcome = copy.deepcopy(outcome)
    result: dict[str, Any] = action.run(task_vars={})
    return result, action.sent


def another(folder: Path) -> str:
    path = folder / "foreign.wasm"
    shutil.copy(BINARY, path)
    with path.open("ab") as file:
        file.write(b"\0\1\0")
    return str(path)


def test_what_will_leave_is_told_and_handed_on(told: list[str]) -> None:
    result, sent = run()
    assert told[0] == "What will leave the pods:"
    assert "c.t.svc:9000/publish" in "\n".join(told)
    assert result["plan"]["run"]["exported_data"]["headers_added"] == ["x-token"]
    assert (sent["foreign"], sent["refused"]) == (False, [])


def test_what_hardly_anybody_means_is_a_warning(
    told: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(preflight.display, "warning", warned.append)
    run(settings={**SETTINGS, "wasm_filter_trace_sample_rate": 0})
    run(plugin_configuration={"backend": {"cluster": "mine"}, "sample_rate": 0})
    run(plugin_configuration={"sample_rate": 0}, binary_path=another(tmp_path))
    assert warned == [
        "wasm_filter_trace_sample_rate=0: nothing is traced",
        "wasm_filter_plugin_configuration.sample_rate=0: nothing is traced",
    ]


@pytest.mark.parametrize("given", ["hunter2", ["hunter2"]])
def test_a_configuration_that_is_no_map_is_refused_of_any_filter(told: list[str], tmp_path: Path, given: Any) -> None:
    for path in (str(BINARY), another(tmp_path)):
        _result, sent = run({"failed": True}, plugin_configuration=given, binary_path=path)
        (error,) = sent["refused"]
        assert error.startswith("wasm_filter_plugin_configuration=(not shown): must be a map")


def test_the_module_sees_no_setting_and_nobody_a_token(told: list[str]) -> None:
    result, sent = run()
    assert {"settings", "plugin_configuration"} & set(sent) == set()
    assert sent["trace_format"] == "publish"
    assert run(settings={**SETTINGS, "wasm_filter_trace_format": "otlp"})[1]["trace_format"] == "otlp"
    assert "hunter2" not in f"{result}{sent}{told}"


def test_what_the_schema_refuses_is_told_by_the_module_with_all_the_rest(told: list[str]) -> None:
    settings = {**SETTINGS, "wasm_filter_trace_format": "xml"}
    result, sent = run({"failed": True, "msg": "m"}, settings=settings)
    assert [error.partition("=")[0] for error in sent["refused"]] == ["wasm_filter_trace_format"]
    assert (result["failed"], told) == (True, [])


def test_a_configuration_for_the_released_filter_is_judged(told: list[str]) -> None:
    _result, sent = run(plugin_configuration={"bodies": "yes"})
    (error,) = sent["refused"]
    assert error.startswith("wasm_filter_plugin_configuration.bodies='yes': must be on or off")
    assert sent["foreign"] is True
    result, sent = run(
        {key: value for key, value in GOOD.items() if key != "backend"},
        plugin_configuration={"backend": {"cluster": "mine"}, "bodies": "off"},
        settings={**SETTINGS, "wasm_filter_context": "gateway", "wasm_filter_trace_format": "xml"},
    )
    assert sent["refused"] == []
    leaves = result["plan"]["run"]["exported_data"]
    assert (leaves["foreign"], leaves["backend"]["cluster"], leaves["bodies"]) == (False, "mine", "off")
    assert leaves["context"] == "gateway", "where it stands is the role's to say"


def test_a_foreign_filters_configuration_is_its_own_matter(told: list[str], tmp_path: Path) -> None:
    result, sent = run(plugin_configuration={"bodies": "yes"}, binary_path=another(tmp_path))
    assert sent["refused"] == []
    assert result["plan"]["run"]["exported_data"] == {"foreign": True, "sha256": "ab" * 32, "size": 5}
    assert "foreign" in told[0]


def test_where_it_stands_is_judged_of_any_filter(told: list[str], tmp_path: Path) -> None:
    settings = {**SETTINGS, "wasm_filter_context": "Outbound"}
    _result, sent = run(plugin_configuration={"a": 1}, binary_path=another(tmp_path), settings=settings)
    (error,) = sent["refused"]
    assert error.startswith("wasm_filter_context='Outbound': ")


@pytest.mark.parametrize("path", [None, "", "/nonexistent", "/"])
def test_a_file_that_can_not_be_read_is_for_the_module_to_tell(told: list[str], path: str | None) -> None:
    _result, sent = run({"failed": True}, plugin_configuration={"bodies": "yes"}, binary_path=path)
    assert (sent["binary_path"], sent["refused"]) == (path, [])


def test_where_the_filter_is_taken_out_nothing_is_judged_or_told(told: list[str]) -> None:
    bad = {"wasm_filter_trace_format": "xml"}
    gone = {"plan": {"run": {"id": "1", "exported_data": {}}}}
    result, sent = run(gone, state="absent", settings=bad)
    assert (sent["refused"], told, result["plan"]) == ([], [], gone["plan"])


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, short_path: Path) -> Path:
    """A command line that was typed in a folder of its own."""
    monkeypatch.setenv("PWD", str(short_path))
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"extra_vars": ("namespaces=shop pay", "a=b")}))
    return short_path


@pytest.mark.parametrize("state", ["present", "absent"])
def test_words_after_namespaces_come_to_the_module_as_namespaces(told: list[str], typed: Path, state: str) -> None:
    _result, sent = run(state=state, namespaces="shop")
    assert (sent["namespaces"], sent["refused"]) == ("shop pay", [])


@pytest.mark.parametrize("state", ["present", "absent"])
def test_other_words_are_told_with_all_the_rest(told: list[str], monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"extra_vars": ("namespaces=shop", "reason=roll out pay")}))
    _result, sent = run({"failed": True}, state=state, namespaces="shop")
    (error,) = sent["refused"]
    assert error.startswith("-e number 2: after reason=..., 2 words (not shown) that are part of no value")
    assert sent["namespaces"] == "shop"


def test_paths_are_relative_to_where_the_command_was_typed(told: list[str], typed: Path) -> None:
    shutil.copy(BINARY, typed / "f.wasm")
    _result, sent = run(binary_path="f.wasm", result_file="r.json", plan_file="../p.json")
    assert (sent["binary_path"], sent["result_file"]) == (str(typed / "f.wasm"), str(typed / "r.json"))
    assert sent["plan_file"] == str(typed.parent / "p.json")


def test_what_is_no_path_is_for_the_module_to_tell(told: list[str], typed: Path) -> None:
    _result, sent = run({"failed": True}, result_file=["a"], plan_file=None)
    assert (sent["result_file"], sent["plan_file"], sent["refused"]) == (["a"], None, [])


def test_the_result_of_an_earlier_run_is_gone_though_this_one_is_refused(told: list[str], typed: Path) -> None:
    (typed / "r.json").write_text(json.dumps({"version": 1, "filter": "x", "run": {}, "clusters": []}))
    run({"failed": True}, result_file="r.json")
    assert not (typed / "r.json").exists()


def test_a_file_that_is_none_of_ours_is_told_and_stays(told: list[str], typed: Path) -> None:
    (typed / "notes.txt").write_text("mine")
    _result, sent = run({"failed": True}, result_file="notes.txt")
    (error,) = sent["refused"]
    assert error.startswith(f"wasm_filter_result_file={str(typed / 'notes.txt')!r}: exists and is not the result")
    assert (typed / "notes.txt").read_text() == "mine"


def test_as_another_user_nothing_begins(told: list[str], typed: Path) -> None:
    (typed / "r.json").write_text(json.dumps({"version": 1, "filter": "x", "run": {}, "clusters": []}))
    with pytest.raises(AnsibleActionFail, match=r"Nothing was changed\. become: .*another user"):
        run(become=True, result_file="r.json")
    assert not (typed / "r.json").exists()


def test_an_ansible_core_that_nothing_mends_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "ansible_version", "2.17.14")
    with pytest.raises(AnsibleActionFail, match=r"Nothing was changed\. ansible-core 2\.17\.14 is refused: "):
        run()
