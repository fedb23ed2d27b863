from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.role_variables import (
    RULES,
    unknown_names,
    wrong_values,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import REPOSITORY

ROLE = REPOSITORY / "roles" / "wasm_filter"

GOOD: dict[str, list[Any]] = {
    "wasm_filter_selector": [{}, {"app": "web", "empty": ""}],
    "wasm_filter_timeout": [1, "600", "060", 86_400],
    "wasm_filter_max_fail_percentage": [0, "50", 100],
}
BAD: dict[str, list[Any]] = {
    "wasm_filter_selector": ["app=web", ["app"], None, {"app": 1}, {"app": True}, {"app": None}],
    "wasm_filter_timeout": [0, -1, 86_401, "10m", "", None, 1.5, True, "1_000", "\u0665", " 5", [1], "9" * 5000],
    "wasm_filter_max_fail_percentage": [-1, 101, "10%", 0.5, None],
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
    assert str(error) == f"{name}={value!r}: must be {RULES[name][1]}"


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


def test_the_defaults_of_the_role_fit() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert wrong_values(defaults) == []
    # The percentage is the play's own; the playbooks have its default.
    assert set(RULES) - set(defaults) == {"wasm_filter_max_fail_percentage"}


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
