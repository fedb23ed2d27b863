# SPDX-License-Identifier: Apache-2.0
"""The evaluator against the package jsonschema, which judges it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import (
    KEYWORDS,
    Fault,
    faults,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.schema_strategies import exact_validator, mutated, valid

SCHEMA = schema()
JUDGE = exact_validator(SCHEMA)


def subschemas(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield found
    for keyword in ("properties", "$defs"):
        for inner in found.get(keyword, {}).values():
            yield from subschemas(inner)
    for inner in [*found.get("prefixItems", []), *(found[key] for key in ("items", "not") if key in found)]:
        yield from subschemas(inner)


def test_every_keyword_of_the_schema_is_known() -> None:
    used = {keyword for found in subschemas(SCHEMA) for keyword in found}
    assert used - KEYWORDS == set()
    assert used >= {"$ref", "pattern", "not", "prefixItems", "maximum"}, "the walk goes everywhere"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_enums_are_of_texts() -> None:
    assert all(isinstance(one, str) for found in subschemas(SCHEMA) for one in found.get("enum", []))


@pytest.mark.parametrize("schema", [{"oneOf": []}, {"properties": {}, "additionalProperties": True}])
def test_what_is_not_known_is_never_passed_over(schema: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        list(faults(schema, {}))


@given(valid(SCHEMA))
def test_what_is_drawn_as_valid_is_valid_to_both(value: Any) -> None:
    assert JUDGE.is_valid(value)
    assert list(faults(SCHEMA, value)) == []


@given(st.data())
def test_both_agree_on_what_is_mutated(data: st.DataObject) -> None:
    value = data.draw(mutated(SCHEMA))
    ours = {fault.path for fault in faults(SCHEMA, value)}
    theirs = set()
    for error in JUDGE.iter_errors(value):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            theirs |= {(*path, key) for key in error.instance if key not in error.schema["properties"]}
        else:
            theirs.add(path)
    assert ours == theirs


def test_the_end_of_a_pattern_is_the_very_end() -> None:
    schema = {"type": "string", "pattern": "^a$"}
    assert list(faults(schema, "a")) == []
    assert list(faults(schema, "a\n")) == [Fault((), "a\n", "pattern", schema)]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("integer", [0, -1, 5.0, 10**400], [True, 1.5, "1", None, float("nan"), float("inf")]),
        ("number", [0, 1.5], [False, "1", None]),
        ("string", [""], [1, None, []]),
        ("object", [{}], [[], None]),
        ("array", [[]], [{}, "", None]),
    ],
)
def test_types(kind: str, right: list[Any], wrong: list[Any]) -> None:
    assert [value for value in right if list(faults({"type": kind}, value))] == []
    assert [value for value in wrong if not list(faults({"type": kind}, value))] == []


def test_a_number_that_is_none_is_in_no_range() -> None:
    assert list(faults({"type": "number", "minimum": 0, "maximum": 1}, float("nan"))) != []
