# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    Outcome,
    Reason,
    WorkloadVerdict,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    Options,
    Plan,
    Run,
    State,
    Target,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.report import result_file

from tests.unit.objects import REPOSITORY

TARGETS = (Target("one", "shop"), Target("one", "pay"), Target("two", "web"))
SCHEMA = json.loads((REPOSITORY / "docs/schemas/result.schema.json").read_text())


def plan(path: Path | str, *targets: Target, **run: Any) -> Plan:
    about = Run(**{"id": "1", "started": 100.0, **run})
    return Plan(State.PRESENT, "trace", "wasm-filter", targets or TARGETS, (), about, Options(result_file=str(path)))


def deployed(name: str, **changes: Any) -> dict[str, Any]:
    workload = WorkloadVerdict("Deployment", "web", Outcome.DEPLOYED, "none", "0123456789")
    found = NamespaceVerdict(name, Outcome.DEPLOYED, True, message="m", workloads=[workload]).as_dict()
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
    definitions = SCHEMA["$defs"]
    assert definitions["reason"]["enum"] == ["", *[reason.value for reason in Reason]]
    known = {*definitions["namespace_verdict"]["enum"], *definitions["workload_verdict"]["enum"]}
    assert known == {outcome.value for outcome in Outcome}


@pytest.mark.parametrize("change", ['"deployed"', '"alias"', '"workloads"', '"version": 2', '"0123456789"'])
def test_the_schema_refuses_what_no_one_writes(tmp_path: Path, change: str) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 103.04)
    content = path.read_text().replace(change, '"bad"' if ":" not in change else '"version": 1', 1)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(json.loads(content))


def test_one_call(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 103.04)
    assert verdicts(path) == {
        ("one", "shop"): "deployed",
        ("one", "pay"): "not_started",
        ("two", "web"): "not_started",
    }
    content = json.loads(path.read_text())
    assert (content["version"], content["filter"]) == (2, "trace")
    assert content["run"] == {"id": "1", "started": 100.0, "seconds": 3.0, "check": False}
    assert "secret" not in path.read_text()
    assert list(tmp_path.iterdir()) == [path]


def test_calls_of_a_run_add_up(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 101)
    result_file.write(plan(path), [deployed("pay", verdict="failed")], 102)
    assert verdicts(path) == {("one", "shop"): "deployed", ("one", "pay"): "failed", ("two", "web"): "not_started"}


def test_why_something_was_not_started_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    stopped = NamespaceVerdict("shop", Outcome.NOT_STARTED, reason=Reason.STOPPED, message="m").as_dict()
    result_file.write(plan(path), [stopped], 101)
    result_file.write(plan(path), [deployed("pay")], 102)
    reasons = {found["name"]: found["reason"] for found in json.loads(path.read_text())["clusters"][0]["namespaces"]}
    assert reasons == {"shop": "stopped", "pay": ""}
    assert verdicts(path)["one", "shop"] == "not_started"


def test_a_new_run_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path, Target("one", "old")), [deployed("old")], 101)
    result_file.write(plan(path, Target("one", "shop"), id="2"), [deployed("shop")], 102)
    assert list(verdicts(path)) == [("one", "shop")]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"run": null}', '{"run": {"id": "1"}}', '{"run": 5}', "\xff", '{"version": 2, "run": 5}'],
)
def test_whatever_was_in_the_file_before_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(content.encode("latin-1"))
    result_file.write(plan(path, Target("one", "shop")), [deployed("shop")], 101)
    assert verdicts(path) == {("one", "shop"): "deployed"}


def test_a_file_of_another_version_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 101)
    path.write_text(path.read_text().replace('"version": 2', '"version": 1'))
    result_file.write(plan(path), [deployed("pay")], 102)
    assert verdicts(path)["one", "shop"] == "not_started"


def test_check_mode_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path, check=True), [deployed("shop")], 101)
    assert verdicts(path)
    assert json.loads(path.read_text())["run"]["check"] is True


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result_file.write(plan(""), [deployed("shop")], 101)
    assert list(tmp_path.iterdir()) == []


def test_a_clock_set_back_is_no_negative_duration(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 50)
    assert json.loads(path.read_text())["run"]["seconds"] == 0
    verdicts(path)


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "out" / "today" / "result.json"
    result_file.write(plan(path), [deployed("shop")], 101)
    assert verdicts(path)


def test_where_it_can_not_be_replaced_the_old_one_is_whole_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    result_file.write(plan(path), [deployed("shop")], 101)
    before = path.read_text()

    def full(self: Path, text: str) -> int:
        with self.open("w") as file:
            file.write(text[:20])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        result_file.write(plan(path), [deployed("pay")], 102)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_leaves_the_pods_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    leaves = {"foreign": True, "sha256": "ab" * 32, "size": 5}
    about = plan(path)
    result_file.write(replace(about, run=replace(about.run, exported_data=leaves)), [deployed("shop")], 103.0)
    assert verdicts(path)["one", "shop"] == "deployed"
    assert json.loads(path.read_text())["run"]["leaves"] == leaves
