# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import (
    HIDDEN,
    VALUE_MAX,
    Shown,
    shown,
    without_credentials,
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('exec: "--password=hunter2": not found', 'exec: "--password=(not shown)": not found'),
        ("API_KEY=hunter2 TOKEN = hunter2", "API_KEY=(not shown) TOKEN = (not shown)"),
        ('Invalid value: {"token":"hunter2","a":1}', 'Invalid value: {"token":"(not shown)","a":1}'),
        ('value: "{\\"api_key\\": \\"hunter2\\"}"', 'value: "{\\"api_key\\": \\"(not shown)\\"}"'),
        ("password: hunter2, a: b", "password: (not shown), a: b"),
        ("Authorization: Bearer hunter2hunter2", "Authorization: Bearer (not shown)"),
        ("curl https://me:hunter2@host/ failed", "curl https://me:(not shown)@host/ failed"),
        ("x eyJhbGciOiJIUzI1NiJ9.hunter2.x y", "x (not shown) y"),
    ],
)
def test_of_what_others_wrote_the_values_of_credentials_go(text: str, expected: str) -> None:
    found = without_credentials(text)
    assert "hunter2" not in found
    assert found == expected
    assert "hunter2" not in str(ApiError("get /x", 422, text))


@pytest.mark.parametrize(
    "text",
    [
        'MountVolume.SetUp failed for volume "x" : secret "foo" not found',
        "couldn't find key password in Secret shop/db",
        'serviceaccounts "x" is forbidden: User "me" cannot create resource "serviceaccounts/token"',
        "failed to fetch token: no such host",
        "basic constraints are not valid",
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified',
        "Get http://10.0.0.1:8080/a@b: refused",
    ],
)
def test_what_the_cluster_says_stays(text: str) -> None:
    assert without_credentials(text) == text
