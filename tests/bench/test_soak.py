# SPDX-License-Identifier: Apache-2.0
"""When a soak reads what it judges."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from bench import load, soak
from bench.soak import Soak

ENDED = {"memory_bytes": 0, "in_flight": 0, "backend_down": 0, "sent": 3000, "failed": 60, "dropped": 20, "skipped": 20}


@pytest.fixture
def recovered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a soak of 3,100 requests has done until it judged, of an Envoy that shows these metrics one by one."""
    done: list[Any] = []
    seconds = itertools.count(0, 10)
    # A clock of its own: load.py and others go by the module's.
    clock = SimpleNamespace(monotonic=lambda: next(seconds), sleep=lambda _seconds: done.append("tick"))
    monkeypatch.setattr(soak, "time", clock)
    monkeypatch.setattr(load, "run", lambda _ports, requests, _connections: done.append(len(list(requests))))

    def recover(*shown: dict[str, int]) -> tuple[list[Any], dict[str, int]]:
        pages = itertools.chain(shown, itertools.repeat(shown[-1]))
        envoy: Any = SimpleNamespace(metrics=lambda: {**ENDED, **next(pages)})
        nothing: Any = None
        return done, Soak(envoy, [], nothing, requests=3100).recover()

    return recover


def test_there_is_a_tick_before_it_looks(recovered: Any) -> None:
    assert recovered({}) == (["tick"], ENDED)


@pytest.mark.parametrize("early", [{"sent": 2999}, {"in_flight": 1}, {"memory_bytes": 64}])
def test_it_waits_for_what_has_not_been_counted_yet(recovered: Any, early: dict[str, int]) -> None:
    assert recovered(early, {}) == (["tick", "tick"], ENDED)


def test_it_sends_while_a_worker_has_not_found_the_backend_again(recovered: Any) -> None:
    done, _metrics = recovered({"backend_down": 1}, {"sent": 3000 + soak.CONNECTIONS})
    assert done == ["tick", soak.CONNECTIONS, "tick"]


def test_what_never_ends_is_judged_in_the_end(recovered: Any) -> None:
    _done, metrics = recovered({"sent": 2999})
    assert metrics["sent"] == 2999
