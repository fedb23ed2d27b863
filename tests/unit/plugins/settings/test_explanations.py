# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import from_settings
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import by_variable, schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.explanations import (
    right,
    shown,
    without_credentials,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import Fault, faults
from hypothesis import given

from tests.schema_strategies import mutated
from tests.unit.plugins.settings.test_json_schema import subschemas

SECRET = ("backend", "headers")


def test_every_pattern_of_the_schema_has_its_words() -> None:
    patterned = [found for found in subschemas(schema()) if "pattern" in found]
    assert patterned and all(found["x-words"] for found in patterned)


def test_every_example_is_right() -> None:
    schemas = {name: one.schema for name, one in by_variable().items()}
    examples = {name: one["x-example"] for name, one in schemas.items() if "x-example" in one}
    assert set(examples) >= {name for name, one in schemas.items() if one.get("type") in ("array", "object")}
    for name, example in examples.items():
        assert list(faults(schema(), from_settings({name: example}))) == []


@given(mutated(schema()))
def test_every_fault_can_be_told(value: object) -> None:
    for fault in faults(schema(), value):
        assert right(fault).startswith(("must be ", "there is "))
        if fault.path[:2] == SECRET:
            assert repr(shown(fault)) == "(not shown)"
        assert len(repr(shown(fault))) < 100


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/publish", "/publish"),
        ("/publish?key=hunter2", "/publish?..."),
        ("/p?", "/p?..."),
        ("http://me:hunter2@host/?x", "..."),
        ("", ""),
    ],
)
def test_paths_without_their_credentials(path: str, kept: str) -> None:
    assert without_credentials(path) == kept


@pytest.mark.parametrize("path", [(), ("backend",), SECRET, (*SECRET, 0), (*SECRET, 0, 1)])
def test_what_may_hold_a_token_is_not_shown(path: tuple[str | int, ...]) -> None:
    assert repr(shown(Fault(path, "hunter2", "type", {}))) == "(not shown)"
    assert repr(shown(Fault(("backend", "timeout_ms"), "5s", "type", {}))) == "'5s'"
