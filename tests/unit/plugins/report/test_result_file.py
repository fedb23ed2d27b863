from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.result_file import ResultFile

from tests.unit.objects import REPOSITORY

RUN = {"id": "1", "started": "100.0"}
WANTED = [("one", "shop"), ("one", "pay"), ("two", "shop")]
SCHEMA = json.loads((REPOSITORY / "docs/schemas/result.schema.json").read_text())


def deployed(name: str, **changes: Any) -> dict[str, Any]:
    workload = WorkloadVerdict("Deployment", "web", outcome.DEPLOYED, "none", "0123456789")
    found = NamespaceVerdict(name, outcome.DEPLOYED, True, message="m", workloads=[workload]).as_dict()
    return {**found, "diff": {"before": "secret"}, **changes}


def verdicts(path: Path) -> dict[tuple[str, str], str]:
    content = json.loads(path.read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(content)
    return {
        (cluster["alias"], found["name"]): found["verdict"]
        for cluster in content["clusters"]
        for found in cluster["namespaces"]
    }


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_every_verdict_and_reason() -> None:
    constants = {value for name, value in vars(outcome).items() if name.isupper()}
    definitions = SCHEMA["$defs"]
    known = {*definitions["verdict"]["enum"], *definitions["reason"]["enum"]}
    assert constants <= known
    assert known - constants == {"", "rolled_back"}


def test_the_schema_refuses_what_no_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], WANTED, 103.04)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for change in ('"deployed"', '"alias"', '"workloads"', '"version": 1', '"0123456789"'):
        content = path.read_text().replace(change, '"bad"' if ":" not in change else '"version": 2', 1)
        assert not validator.is_valid(json.loads(content)), change


def test_one_wave(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], WANTED, 103.04)
    assert verdicts(path) == {
        ("one", "shop"): "deployed",
        ("one", "pay"): "not_started",
        ("two", "shop"): "not_started",
    }
    content = json.loads(path.read_text())
    assert (content["version"], content["filter"]) == (1, "trace")
    assert content["run"] == {"id": "1", "started": 100.0, "seconds": 3.0, "check": False}
    assert "secret" not in path.read_text()
    assert list(tmp_path.iterdir()) == [path]


def test_waves_add_up(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], WANTED, 101)
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("pay", verdict="failed")], WANTED, 102)
    assert verdicts(path) == {("one", "shop"): "deployed", ("one", "pay"): "failed", ("two", "shop"): "not_started"}


def test_a_new_run_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("old")], [], 101)
    ResultFile(str(path), {**RUN, "id": "2"}, "trace").add_wave("one", [deployed("shop")], [], 102)
    assert list(verdicts(path)) == [("one", "shop")]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"run": null}', '{"run": {"id": "1"}}', '{"run": 5}', "\xff"]
)
def test_whatever_was_in_the_file_before_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content.encode("latin-1"))
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], [], 101)
    assert verdicts(path) == {("one", "shop"): "deployed"}


def test_check_mode_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), {**RUN, "check": True}, "trace").add_wave("one", [deployed("shop")], WANTED, 101)
    assert verdicts(path)
    assert json.loads(path.read_text())["run"]["check"] is True


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_file_nothing_is_written(path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ResultFile(path, RUN, "trace").add_wave("one", [deployed("shop")], WANTED, 101)
    assert list(tmp_path.iterdir()) == []


def test_a_clock_set_back_is_no_negative_duration(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], [], 50)
    assert json.loads(path.read_text())["run"]["seconds"] == 0
    verdicts(path)


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "out" / "today" / "result.json"
    ResultFile(str(path), RUN, "trace").add_wave("one", [deployed("shop")], [], 101)
    assert verdicts(path)


def test_what_leaves_the_pods_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    leaves = {"foreign": True, "sha256": "ab" * 32, "size": 5}
    ResultFile(str(path), {**RUN, "leaves": leaves}, "trace").add_wave("one", [deployed("shop")], WANTED, 103.0)
    assert verdicts(path)["one", "shop"] == "deployed"
    assert json.loads(path.read_text())["run"]["leaves"] == leaves
