from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.variables import (
    BODY_BYTES_MAX,
    HEADERS_MAX,
    RULES,
    unknown_names,
    wrong_values,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import REPOSITORY

ROLE = REPOSITORY / "roles" / "wasm_filter"
MILLISECONDS = "wasm_filter_trace_backend_timeout_ms"
HEADERS = "wasm_filter_trace_backend_headers"

GOOD: dict[str, list[Any]] = {
    "wasm_filter_context": ["outbound", "inbound", "gateway"],
    "wasm_filter_bodies": ["on", "off"],
    "wasm_filter_trace_backend_path": ["/", "/v1/traces?x=1"],
    HEADERS: [[], ["x-token", "X_a.b~9"], [f"h{number}" for number in range(HEADERS_MAX)]],
    MILLISECONDS: [1, "1", "060", 60_000],
    "wasm_filter_request_body_bytes_max": [0, "0", BODY_BYTES_MAX],
    "wasm_filter_response_body_bytes_max": [0, "65536", BODY_BYTES_MAX],
    "wasm_filter_redact_headers": [[], ["authorization", "Cookie"]],
    "wasm_filter_redact_query": [[], ["token"]],
    "wasm_filter_selector": [{}, {"app": "web", "empty": ""}],
    "wasm_filter_timeout": [1, "600", 86_400],
    "wasm_filter_max_fail_percentage": [0, "50", 100],
}
BAD: dict[str, list[Any]] = {
    "wasm_filter_context": ["Outbound", "", None, "outbound,inbound", ["outbound"], True],
    # What YAML makes of a bare on.
    "wasm_filter_bodies": [True, False, "yes", "", None, 1],
    "wasm_filter_trace_backend_path": ["", "v1/traces", "http://x/", None, 5, ["/"]],
    HEADERS: ["(not shown)", {"x": "y"}, None, [""], ["a b"], ["x:"], ["é"], ["a\n"], ["x"] * (HEADERS_MAX + 1)],
    MILLISECONDS: [0, -1, 60_001, "", None, "1s", 1.5, True, "1_000", "\u0665", " 5", [1]],
    "wasm_filter_request_body_bytes_max": [-1, BODY_BYTES_MAX + 1, "64k"],
    "wasm_filter_response_body_bytes_max": [-1, BODY_BYTES_MAX + 1, "64k"],
    "wasm_filter_redact_headers": ["authorization", {"a": 1}, None, [""], [5], [None]],
    "wasm_filter_redact_query": ["token", {"a": 1}, None, [""], [5], [["a"]]],
    "wasm_filter_selector": ["app=web", ["app"], None, {"app": 1}, {"app": True}, {"app": None}],
    "wasm_filter_timeout": [0, 86_401, "10m", None],
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
    given = {"wasm_filter_timeout": 0, "wasm_filter_bodies": "on", "wasm_filter_context": "x", "something": object()}
    assert {error.variable for error in wrong_values(given)} == {"wasm_filter_timeout", "wasm_filter_context"}
    assert wrong_values({}) == []


def test_what_is_not_given_is_not_checked() -> None:
    assert wrong_values({"wasm_filter_name": ""}) == []


def test_the_defaults_of_the_role_fit() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    given = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    # Of the headers only the names are handed over.
    given[HEADERS] = list(given[HEADERS])
    assert wrong_values(given) == []
    assert len(set(given) & set(RULES)) > len(RULES) / 2


def test_the_role_hands_over_every_variable_that_has_a_rule() -> None:
    handed = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["wasm_filter_checked_variables"]
    assert set(handed) == set(RULES)


def test_the_bound_of_bodies_is_the_filters() -> None:
    text = (REPOSITORY / "filter" / "src" / "limits.zig").read_text()
    found = re.search(r"^pub const body_bytes_max = ([\d_]+);", text, re.MULTILINE)
    assert found
    assert int(found[1]) == BODY_BYTES_MAX


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
