# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    InputError,
    Unreachable,
    WasmFilterError,
    api_error,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0, Unreachable), (403, Forbidden), (409, Conflict), (410, Expired), (500, ApiError), (422, ApiError)],
)
def test_each_status_has_its_type(status: int, kind: type[ApiError]) -> None:
    error = api_error("get /x", status, "why")
    assert type(error) is kind
    assert isinstance(error, WasmFilterError)
    assert error.status == status
    assert error.detail == "why"


def test_a_status_is_told_only_where_there_was_an_answer() -> None:
    assert str(api_error("get /x", 403, "why")) == "failed to get /x: why (HTTP 403)"
    assert str(api_error("get /x", 0, "why")) == "failed to get /x: why"


def test_what_is_no_status_is_not_told_as_one() -> None:
    assert str(api_error("get /x", -1, "why")) == "failed to get /x: why"


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    assert api_error("get /x", 429, "busy", 2.5).retry_after == 2.5
    assert api_error("get /x", 429, "busy").retry_after == 0


def test_an_input_error_names_variable_value_and_what_is_right() -> None:
    assert str(InputError("port", "x", "must be a port")) == "port='x': must be a port"
