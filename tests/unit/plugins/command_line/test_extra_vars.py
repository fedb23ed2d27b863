# SPDX-License-Identifier: Apache-2.0
"""Words of -e that are part of no value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line.extra_vars import (
    StrayWordsError,
    namespaces,
)
from hypothesis import assume, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["namespaces=shop"], "shop"),
        (["namespaces=shop pay"], "shop pay"),
        (["namespaces=shop, pay"], "shop, pay"),
        (["namespaces=shop,pay ops  web"], "shop,pay ops web"),
        (["namespaces='shop pay'"], "shop pay"),
        (["namespaces=shop pay owner=team"], "shop pay"),
        (["owner=team namespaces=shop pay"], "shop pay"),
        (["namespaces=shop pay", "owner=team"], "shop pay"),
        (["namespaces=shop", "reason='roll out pay'"], "shop"),
        (["namespaces=shop", '{"reason": "roll out pay"}'], "shop"),
        (["namespaces=shop", "@reasons.yml"], "shop"),
        (["namespaces=shop", "[1, 2]"], "shop"),
        (["wasm_filter_namespaces=shop pay"], "shop pay"),
        (["namespaces=shop\npay"], "shop pay"),
    ],
)
def test_words_after_namespaces_are_namespaces(typed: list[str], meant: str) -> None:
    given = next(
        value
        for one in typed
        if not one.startswith(("@", "{", "["))
        for key, value in parse_kv(one).items()
        if key in ("namespaces", "wasm_filter_namespaces")
    )
    assert namespaces(given, typed) == meant


@pytest.mark.parametrize("given", ["shop", ["shop", "pay"], None, [], {"a": 1}])
def test_without_words_they_are_as_they_were_given(given: object) -> None:
    for typed in ([], ['{"namespaces": ["shop", "pay"]}'], ["@file"], ["", "a=b"]):
        assert namespaces(given, typed) == given


def test_of_several_the_last_counts_as_it_does_for_ansible() -> None:
    assert namespaces("shop", ["namespaces=ops web", "namespaces=shop"]) == "shop"
    assert namespaces("ops", ["namespaces=shop", "namespaces=ops web"]) == "ops web"
    assert namespaces("shop", ["namespaces=shop pay", "namespaces=shop"]) == "shop"


def test_words_of_a_value_that_something_else_overrides_do_not_count() -> None:
    """As with -e 'namespaces=shop pay' -e '{"namespaces": ["ops"]}', or a play that sets wasm_filter_namespaces."""
    assert namespaces(["ops"], ["namespaces=shop pay", '{"namespaces": ["ops"]}']) == ["ops"]
    assert namespaces("ops", ["namespaces=shop pay"]) == "ops"


@pytest.mark.parametrize(
    ("typed", "number", "variable", "count"),
    [
        (["namespaces=shop", "reason=roll out pay"], 2, "reason", "2 words"),
        (["namespaces=shop pay", "owner=team web"], 2, "owner", "a word"),
        (["namespaces=shop owner=team web"], 1, "owner", "a word"),
        (["owner=team web namespaces=shop"], 1, "owner", "a word"),
        (["namespaces=shop", "pay"], 2, "", "a word"),
        (["pay namespaces=shop"], 1, "", "a word"),
    ],
)
def test_any_other_word_is_refused_with_the_way_to_quote(
    typed: list[str], number: int, variable: str, count: str
) -> None:
    with pytest.raises(StrayWordsError) as caught:
        namespaces("shop", typed)
    text = str(caught.value)
    assert text.startswith(f"-e number {number}: ") and count in text
    name = variable or "NAME"
    assert f"-e \"{name}='some words'\"" in text and f'-e \'{{"{name}": "some words"}}\'' in text
    for word in ("pay", "web", "roll", "out"):
        assert word not in text.replace("without", "")


TOKENS = [
    'wasm_filter_trace_backend_headers={"authorization": "Bearer hunter2"}',
    'wasm_filter_trace_backend_headers={"authorization": "Basic hunter2=="}',
    "wasm_filter_trace_backend_headers={authorization: hunter2}",
    "wasm_filter_trace_backend_headers=x-token: hunter2",
    "hunter2",
    "Bearer hunter2==",
]


@pytest.mark.parametrize("typed", TOKENS)
def test_what_may_be_a_token_is_neither_a_namespace_nor_printed(typed: str) -> None:
    with pytest.raises(StrayWordsError) as caught:
        namespaces("shop", ["namespaces=shop", typed])
    assert "hunter2" not in str(caught.value)


WORDS = st.text("abc=,'\" \\{}%", max_size=12)


@given(st.lists(WORDS, max_size=4))
def test_whatever_is_typed_a_word_counts_only_after_namespaces(typed: list[str]) -> None:
    kept: list[dict[str, Any]] = []
    for one in typed:
        try:
            kept.append(parse_kv(one) if one and not one.startswith(("@", "{", "[")) else {})
        except Exception:
            assume(False)  # Ansible has refused it
    words = [key for found in kept for key in found if not key.isidentifier()]
    words += [found["_raw_params"] for found in kept if found.get("_raw_params", "").strip()]
    try:
        result = namespaces("shop", typed)
    except StrayWordsError:
        assert words
    else:
        assert (result, words) == ("shop", [])
