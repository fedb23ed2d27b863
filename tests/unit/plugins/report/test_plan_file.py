# SPDX-License-Identifier: Apache-2.0
"""The plan as a file: as its schema says, and without a token."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Exclusion, Plan
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import planner
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import plan_file

from tests.unit.module_utils.planning.test_planner import draft
from tests.unit.objects import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "docs" / "schemas" / "plan.schema.json").read_text())
CONFIGURATION = {
    "revision": "00000000ab",
    "heartbeat_seconds": 5,
    "backend": {"cluster": "c", "path": "/publish?key=hunter2", "headers": [["x-token", "hunter2"]]},
    "hosts_from": {"path": "/hosts?key=hunter2"},
    "bodies": "off",
}
FOREIGN = {"api_key": "hunter2", "list": ["hunter2", {"deep": "hunter2"}], "backend": {"headers": "hunter2"}}


def spec(configuration: Any) -> dict[str, Any]:
    wasm = {"@type": "wasm", "config": {"name": "trace", "configuration": configuration}}
    return {"configPatches": [{"applyTo": "EXTENSION_CONFIG", "patch": {"value": {"typed_config": wasm}}}]}


def as_text(configuration: Any) -> dict[str, Any]:
    return {"@type": "StringValue", "value": json.dumps(configuration)}


def plan(configuration: Any = None, foreign: bool = False, **changes: Any) -> Plan:
    whole = planner.complete(draft("shop", "pay"), "00000000ab", spec(configuration or as_text(CONFIGURATION)))
    return replace(whole, run=replace(whole.run, exported_data={"foreign": foreign}), **changes)


def valid(content: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(content))
    jsonschema.validate(parsed, SCHEMA)
    return parsed


def shown(content: dict[str, Any]) -> Any:
    (patch,) = content["envoy_filter_spec"]["configPatches"]
    return patch["patch"]["value"]["typed_config"]["config"]["configuration"]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_what_is_written_is_as_the_schema_says() -> None:
    content = valid(plan_file.content(plan()))
    assert (content["revision"], content["version"]) == ("00000000ab", 1)
    assert [target["namespace"] for target in content["targets"]] == ["shop", "pay"]
    assert "workloads" not in content
    valid(plan_file.content(planner.complete(draft("shop", state="absent"), "", {})))
    ghost = replace(plan().targets[0], reason="namespace_missing", message="namespace shop does not exist")
    valid(plan_file.content(plan(targets=(ghost,), waves=(("shop",),))))
    for reason in ("no_sidecar", "no_mount"):
        left_alone = Exclusion("c", "shop", "Deployment", "web", reason, "a new pod would not run it")
        valid(plan_file.content(plan(exclusions=(left_alone,))))


def test_with_what_a_dry_run_says_of_the_workloads() -> None:
    workload: dict[str, Any] = {"cluster": "c", "namespace": "shop", "kind": "Deployment", "name": "web"}
    workload |= {"from": "none", "to": "00000000ab", "pods_replaced": 2}
    assert valid(plan_file.content(plan(), [workload]))["workloads"] == [workload]


def test_every_field_of_the_plan_is_in_the_schema() -> None:
    properties = SCHEMA["properties"]
    found = plan().as_dict()
    assert set(found) == set(properties) - {"workloads"}
    assert set(found["options"]) == set(properties["options"]["properties"])
    assert set(found["run"]) == set(properties["run"]["properties"])
    left_alone = Exclusion("c", "shop", "Deployment", "web", "no_sidecar", "m")
    assert set(plan(exclusions=(left_alone,)).as_dict()["exclusions"][0]) == set(
        SCHEMA["$defs"]["exclusion"]["properties"]
    )
    assert set(found["targets"][0]) == set(SCHEMA["$defs"]["target"]["properties"])


def test_of_our_configuration_all_but_tokens_is_shown() -> None:
    found = shown(plan_file.content(plan()))
    assert found["value"]["bodies"] == "off"
    assert found["value"]["backend"]["path"] == "/publish?..."
    assert found["value"]["backend"]["headers"][0][0] == "x-token"


@pytest.mark.parametrize("configuration", [as_text(CONFIGURATION), {"@type": "Struct", "value": CONFIGURATION}])
def test_no_token_shows_in_whatever_form_a_template_gives_it(configuration: Any) -> None:
    content = plan_file.content(plan(configuration))
    assert "hunter2" not in json.dumps(content)
    assert shown(content)["value"]["backend"] == {
        "cluster": "c",
        "path": "/publish?...",
        "headers": [["x-token", "(not shown)"]],
    }


@pytest.mark.parametrize("foreign", [True, False])
@pytest.mark.parametrize(
    "configuration", [as_text("hunter2"), {"@type": "x", "value": "hunter2"}, "hunter2", ["hunter2"]]
)
def test_of_another_form_nothing_is_shown(configuration: Any, foreign: bool) -> None:
    assert "hunter2" not in json.dumps(plan_file.content(plan(configuration, foreign)))


def test_names_of_a_foreign_configuration_may_show() -> None:
    found = shown(plan_file.content(plan({"@type": "Struct", "value": FOREIGN}, foreign=True)))
    assert found == {
        "@type": "Struct",
        "value": {
            "api_key": "(not shown)",
            "list": ["(not shown)", {"deep": "(not shown)"}],
            "backend": {"headers": "(not shown)"},
        },
    }


@pytest.mark.parametrize("form", [as_text, lambda configuration: {"@type": "Struct", "value": configuration}])
def test_what_is_a_token_in_a_foreign_configuration_nobody_knows(form: Callable[[Any], Any]) -> None:
    content = plan_file.content(plan(form({"api_key": "hunter2"}), foreign=True))
    assert "hunter2" not in json.dumps(content)


def test_the_plan_itself_keeps_what_is_masked() -> None:
    one = plan()
    plan_file.content(one)
    assert "hunter2" in json.dumps(one.envoy_filter_spec)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan_file.write(str(path), plan())
    assert json.loads(path.read_text()) == json.loads(json.dumps(plan_file.content(plan())))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    plan_file.write("", plan())
