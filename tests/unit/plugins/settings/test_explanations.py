from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.explanations import (
    EXAMPLES,
    PATTERNS,
    SECRET,
    right,
    shown,
    without_credentials,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import Fault, faults
from hypothesis import given

from tests.schema_strategies import mutated
from tests.unit.plugins.settings.test_json_schema import subschemas


def test_every_pattern_of_the_schema_has_its_words() -> None:
    assert set(PATTERNS) == {found["pattern"] for found in subschemas(schema()) if "pattern" in found}


def test_every_example_is_right() -> None:
    for path, example in EXAMPLES.items():
        configuration = {path[0]: {path[1]: list(map(list, example.items()))}} if path == SECRET else {path[0]: example}
        assert list(faults(schema(), configuration)) == []


@given(mutated(schema()))
def test_every_fault_can_be_told(value: object) -> None:
    for fault in faults(schema(), value):
        assert right(fault, schema()).startswith(("must be ", "there is "))
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
