# SPDX-License-Identifier: Apache-2.0
"""The client is set up while the API server, or what is before it, turns requests away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.connecting import ATTEMPTS, connected
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import api_exception
from urllib3.exceptions import MaxRetryError


class Maker:
    """Raises what it is given, one after the other, and then gives a client."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.slept: list[float] = []

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "client"


def turned_away(status: int, after: str = "") -> Exception:
    """As the dynamic client raises it."""
    error = ApiException(status=status, reason="no")
    error.headers = {"Retry-After": after} if after else {}
    raised: Exception = api_exception(error)
    return raised


def outcome(maker: Maker) -> str:
    sleep: Callable[[float], None] = maker.slept.append
    return connected(maker, sleep)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_turned_away_is_asked_again(status: int) -> None:
    maker = Maker(turned_away(status), turned_away(status))
    assert outcome(maker) == "client"
    assert maker.calls == 3
    assert 0 < maker.slept[0] < maker.slept[1]


def test_the_pause_is_what_the_server_asks_for() -> None:
    maker = Maker(turned_away(429, "7"))
    assert outcome(maker) == "client"
    assert maker.slept == [7.0]


def test_in_the_end_it_is_an_error() -> None:
    maker = Maker(*(turned_away(503) for _ in range(ATTEMPTS)))
    with pytest.raises(ApiException):
        outcome(maker)
    assert maker.calls == ATTEMPTS
    assert sum(maker.slept) < 30


@pytest.mark.parametrize("error", [turned_away(401), turned_away(500), MaxRetryError(None, "/version")])  # type: ignore[arg-type]
def test_what_will_not_get_better_is_told_at_once(error: Exception) -> None:
    maker = Maker(error)
    with pytest.raises(type(error)):
        outcome(maker)
    assert maker.slept == []
