# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.redaction import Redaction, covers, of

DEFAULT = ["authorization", "cookie", "*token"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], Redaction(tuple(DEFAULT), (), ())),
        (["x-mine", "Cookie"], Redaction((*DEFAULT, "x-mine"), (), ())),
        (["-cookie"], Redaction(("authorization", "*token"), ("cookie",), ())),
        (["-page-token"], Redaction(tuple(DEFAULT), ("page-token",), ())),
        (["-*", "x-mine"], Redaction(("x-mine",), ("*",), ())),
        (["-c*"], Redaction(("authorization", "*token"), ("c*",), ())),
        (["-accept"], Redaction(tuple(DEFAULT), (), ("accept",))),
        # What is given stands above what is taken away.
        (["-cookie", "*"], Redaction(("authorization", "*token", "*"), (), ())),
    ],
)
def test_a_list_adds_to_its_default_and_takes_away_what_it_says(given: list[str], found: Redaction) -> None:
    assert of(given, DEFAULT) == found


def test_as_a_list() -> None:
    assert of(["-page-token", "-cookie", "x"], DEFAULT).as_list == ["authorization", "*token", "x", "-page-token"]
    assert of(["-*"], DEFAULT).as_list == []


def test_what_hides_all() -> None:
    assert of(["*"], DEFAULT).hides_all
    assert not of(["x-*"], DEFAULT).hides_all


@pytest.mark.parametrize(
    ("pattern", "text", "yes"),
    [
        ("x-*", "X-Secret", True),
        ("*", "*token", True),
        ("*token", "page_token", True),
        ("a.b", "axb", False),
        ("token", "*token", False),
        ("*", ":path", False),
        (":path", ":path", True),
    ],
)
def test_patterns(pattern: str, text: str, yes: bool) -> None:
    assert covers(pattern, text) == yes
