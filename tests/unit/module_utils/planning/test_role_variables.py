# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import State
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import shown
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.role_variables import (
    OTHERWISE,
    RULES,
    is_true,
    read_by,
    unknown_names,
    wrong_values,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import by_variable
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import REPOSITORY

ROLE = REPOSITORY / "roles" / "wasm_filter"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
OPTIONS = {name: option for spec in SPECS.values() for name, option in spec["options"].items()}
READ = [file.read_text() for folder in (ROLE / "tasks", REPOSITORY / "playbooks") for file in folder.glob("*.yml")]

GOOD: dict[str, list[Any]] = {
    "wasm_filter_delivery": ["configmap", "inline"],
    "wasm_filter_binary_path": ["filter.wasm", "/a b/c.wasm", ""],
    "wasm_filter_binary_sha256": ["", "0123456789abcdefABCDEF" + "0" * 42],
    "wasm_filter_trace_sampling_enabled": [True, False, "yes", "False", "1", 0],
    "wasm_filter_insert": ["INSERT_BEFORE", "INSERT_AFTER", "INSERT_FIRST"],
    "wasm_filter_priority": [0, -5, "-5", 2**31 - 1],
    "wasm_filter_selector": [{}, {"app": "web", "empty": ""}],
    "wasm_filter_restrict_capabilities": [True, "no"],
    "wasm_filter_envoy_filter_template": ["envoy_filter.yml.j2"],
    "wasm_filter_istio_namespace": ["istio-system"],
    "wasm_filter_cluster_domain": ["cluster.local", "example"],
    "wasm_filter_root_namespace_allowed": [True, "no"],
    "wasm_filter_timeout": [1, "600", "060", 86_400],
    "wasm_filter_serial": [1, "10%", "1,10%,100%", [1, "10%", "100%"]],
    "wasm_filter_max_in_flight": [1, "50", 10_000],
    "wasm_filter_max_fail_percentage": [0, "50", 100],
    "wasm_filter_lock_seconds": [0, "60", 86_400],
    "wasm_filter_ill_before": ["skip", "roll"],
    "wasm_filter_on_failure": ["auto", "rollback_wave", "rollback_workload", "stop"],
    "wasm_filter_rollback_to": ["", "3f2a91c0de"],
    "wasm_filter_proof": ["auto", "require", "warn", "off", False],
    "wasm_filter_proof_seconds": [1, "30", 86_400],
    "wasm_filter_result_file": ["", "result.json"],
    "wasm_filter_plan_file": ["", "plan.json"],
    "wasm_filter_status_file": ["", "status.json"],
    "wasm_filter_status_proof": [True, "no", "1"],
    "wasm_filter_fail_on_drift": [True, "yes", "0"],
}
BAD: dict[str, list[Any]] = {
    "wasm_filter_delivery": ["oci", "", None, ["inline"], "Inline"],
    "wasm_filter_binary_path": [None, [], {}, 5, "a\nb"],
    "wasm_filter_binary_sha256": [None, "0" * 63, "g" * 64, 5],
    "wasm_filter_trace_sampling_enabled": ["maybe", None, "", 2, [], {}],
    "wasm_filter_insert": ["INSERT", None, "insert_before", []],
    "wasm_filter_priority": ["high", "", None, True, 1.5, 2**31, [0]],
    "wasm_filter_selector": ["app=web", ["app"], None, {"app": 1}, {"app": True}, {"app": None}],
    "wasm_filter_restrict_capabilities": ["perhaps", None, []],
    "wasm_filter_envoy_filter_template": ["", None, []],
    "wasm_filter_istio_namespace": ["", None, "a.b", "A", 5],
    "wasm_filter_cluster_domain": ["", None, "cluster..local", "CLUSTER", 5],
    "wasm_filter_root_namespace_allowed": ["maybe", None, []],
    "wasm_filter_timeout": [0, -1, 86_401, "10m", "", None, 1.5, True, "1_000", "\u0665", " 5", [1], "9" * 5000],
    "wasm_filter_serial": ["all", None, 0, [], {}, True],
    "wasm_filter_max_in_flight": [0, 10_001, "all", None, "10%"],
    "wasm_filter_max_fail_percentage": [-1, 101, "10%", 0.5, None],
    "wasm_filter_lock_seconds": [-1, 86_401, "1m", None, 0.5],
    "wasm_filter_ill_before": ["", None, "Skip", ["roll"], True],
    "wasm_filter_on_failure": ["", None, "rollback", ["auto"], True],
    "wasm_filter_rollback_to": [None, "none", "3F2A91C0DE", "3f2a", 5, ["3f2a91c0de"]],
    "wasm_filter_proof": ["", None, "never", ["auto"], True, 0],
    "wasm_filter_proof_seconds": [0, 86_401, "1m", None, 0.5],
    "wasm_filter_result_file": [None, ["a"], 5],
    "wasm_filter_plan_file": [None, ["a"], 5],
    "wasm_filter_status_file": [None, ["a"], 5],
    "wasm_filter_status_proof": ["auto", None, ""],
    "wasm_filter_fail_on_drift": ["perhaps", None, []],
}


def pairs(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_every_rule_is_tested() -> None:
    assert set(RULES) == set(GOOD) == set(BAD)


@pytest.mark.parametrize(("name", "value"), pairs(GOOD))
def test_what_fits(name: str, value: Any) -> None:
    assert wrong_values({name: value}) == []


@pytest.mark.parametrize(("name", "value"), pairs(BAD))
def test_what_does_not_fit_is_told_with_its_name_and_value_and_what_would(name: str, value: Any) -> None:
    (error,) = wrong_values({name: value})
    assert error.variable == name
    assert str(error) == f"{name}={shown(value)!r}: must be {RULES[name].right}"


@given(st.sampled_from(sorted(RULES)), st.none() | st.text() | st.integers() | st.lists(st.text()) | st.booleans())
def test_whatever_is_given_is_taken_or_refused(name: str, value: Any) -> None:
    assert len(wrong_values({name: value})) <= 1


def test_each_wrong_value_is_an_error_of_its_own_and_others_are_passed_over() -> None:
    given = {"wasm_filter_timeout": 0, "wasm_filter_selector": {}, "something": object()}
    given["wasm_filter_max_fail_percentage"] = "all"
    wrong = {error.variable for error in wrong_values(given)}
    assert wrong == {"wasm_filter_timeout", "wasm_filter_max_fail_percentage"}
    assert wrong_values({}) == []


def test_what_is_not_given_is_not_checked() -> None:
    assert wrong_values({"wasm_filter_name": ""}) == []


def test_removal_is_not_held_up_by_what_it_does_not_read() -> None:
    given = {"wasm_filter_delivery": "oci", "wasm_filter_insert": "", "wasm_filter_timeout": "abc"}
    assert [error.variable for error in wrong_values(read_by(State.ABSENT, given))] == ["wasm_filter_timeout"]
    assert len(wrong_values(read_by(State.PRESENT, given))) == 3
    assert set(read_by(State.ABSENT, RULES)) >= {"wasm_filter_serial", "wasm_filter_max_in_flight"}


def test_going_back_reads_what_comes_after_a_revision_too() -> None:
    given = {"wasm_filter_proof": "abc", "wasm_filter_proof_seconds": "soon", "wasm_filter_delivery": "oci", "other": 1}
    assert set(read_by(State.PREVIOUS, given)) == {"wasm_filter_proof", "wasm_filter_proof_seconds", "other"}
    assert set(read_by(State.ABSENT, given)) == {"other"}


@pytest.mark.parametrize(("value", "meant"), [("yes", True), (True, True), ("0", False), ("False", False), (1, True)])
def test_booleans_as_ansible_reads_them(value: Any, meant: bool) -> None:
    assert is_true(value) is meant


def test_the_defaults_of_the_role_fit() -> None:
    assert wrong_values({name: value for name, value in DEFAULTS.items() if "{{" not in str(value)}) == []


def test_every_variable_of_the_role_is_checked() -> None:
    mentioned = {name for text in READ for name in re.findall(r"\bwasm_filter_\w+", text)} & set(OPTIONS)
    assert mentioned >= {"wasm_filter_delivery", "wasm_filter_binary_path"}
    assert mentioned | set(DEFAULTS) == RULES.keys() | OTHERWISE | by_variable().keys() | {"wasm_filter_state"}
    assert not RULES.keys() & (OTHERWISE | by_variable().keys())


def test_the_role_hands_over_every_variable_that_has_a_rule() -> None:
    handed = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["wasm_filter_checked_variables"]
    assert set(handed) == set(RULES)


KNOWN = ["wasm_filter_bodies", "wasm_filter_timeout", "wasm_filter_name"]


def test_known_names_are_no_matter() -> None:
    assert unknown_names(KNOWN, KNOWN) == []
    assert unknown_names([], KNOWN) == []


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    assert unknown_names(["wasm_filter_timout", *KNOWN], KNOWN) == [
        "wasm_filter_timout: there is no such variable; did you mean wasm_filter_timeout?"
    ]


def test_a_name_like_no_other_is_told_where_the_names_are() -> None:
    (sentence,) = unknown_names(["zzz"], KNOWN)
    assert sentence == "zzz: there is no such variable; roles/wasm_filter/README.md lists them"
    assert (ROLE / "README.md").is_file()


def test_each_unknown_name_is_told_once_and_in_order() -> None:
    sentences = unknown_names(["zzz", "aaa", "zzz"], iter(KNOWN))
    assert [sentence.partition(":")[0] for sentence in sentences] == ["aaa", "zzz"]


def test_where_no_name_is_known_nothing_is_checked() -> None:
    assert unknown_names(["anything"], []) == []
