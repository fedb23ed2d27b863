# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import (
    Answered,
    Event,
    Failed,
    Stop,
    TimerFired,
    WatchClosed,
    WatchEvent,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings

from tests.unit.objects import delivery

UNKNOWN = 10**9
OF_NOBODY: list[Event] = [
    Answered(UNKNOWN, {}),
    Failed(UNKNOWN, api_error("get /x", 500, "no")),
    WatchEvent(UNKNOWN, "MODIFIED", {}),
    WatchClosed(UNKNOWN),
    WatchClosed(UNKNOWN, api_error("watch /x", 410, "too old")),
    TimerFired(UNKNOWN),
]


@pytest.mark.parametrize("event", OF_NOBODY)
def test_an_event_that_nobody_waits_for_changes_nothing(event: Event) -> None:
    machine = Run(delivery(), [["shop"]], {}, Settings())
    begun = machine.start(0.0)
    assert len(begun) == 1
    assert (machine.handle(event, 1.0), machine.finished) == ([], False)


def test_all_of_them_are_known_here() -> None:
    assert {type(event).__name__ for event in OF_NOBODY} | {Stop.__name__} == set(str(Event).split(" | "))


def test_a_stop_is_no_hurry_unless_it_says_so() -> None:
    assert not Stop().urgent
