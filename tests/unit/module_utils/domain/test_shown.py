# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import (
    HIDDEN,
    VALUE_MAX,
    Shown,
    shown,
)

SECRETS: list[Any] = [
    "Bearer hunter2",
    ["{authorization:", "Bearer", "hunter2"],
    "{authorization: Bearer,hunter2}",
    {"authorization": "hunter2"},
    {"x-api-key": "hunter2"},
    "basic hunter2",
    "https://me:hunter2@host/",
    "/p?token=hunter2",
    "password = hunter2",
    "eyJhbGciOiJIUzI1NiJ9.hunter2",
    "x" * 100 + "Bearer hunter2",
]


@pytest.mark.parametrize("value", SECRETS)
def test_what_may_be_a_credential_is_not_shown(value: Any) -> None:
    assert shown(value) is HIDDEN
    assert str(InputError("name", value, "must be another")) == "name=(not shown): must be another"


@pytest.mark.parametrize("value", ["token", ["authorization", "cookie"], 5, None, True, {}, {"app": "web"}, "a@b"])
def test_everything_else_is_shown_as_it_is(value: Any) -> None:
    assert shown(value) == value
    assert str(InputError("name", value, "must be another")) == f"name={value!r}: must be another"


def test_what_is_long_is_cut() -> None:
    assert repr(shown("9" * 5000)) == "'" + "9" * (VALUE_MAX - 1) + "..."
    assert shown("9" * (VALUE_MAX - 2)) == "9" * (VALUE_MAX - 2)


def test_text_that_stands_for_a_value_is_shown_as_it_is() -> None:
    assert shown(Shown("(token=5 bytes)")) == "(token=5 bytes)"
