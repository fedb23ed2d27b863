# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.wave import (
    SETTLE_SECONDS,
    Phase,
    free_slots,
    next_may_begin,
    settled_at,
)


@pytest.mark.parametrize(("in_flight", "free"), [(0, 3), (2, 1), (3, 0), (7, 0)])
def test_slots_are_those_that_nobody_has(in_flight: int, free: int) -> None:
    # More than allowed are in flight where a killed run has left them so.
    assert free_slots(Phase.ROLLING, in_flight, 3) == free


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase != Phase.ROLLING])
def test_nothing_is_begun_but_while_a_wave_rolls(phase: Phase) -> None:
    assert free_slots(phase, 0, 3) == 0


def test_what_was_patched_is_given_time_to_be_put_back() -> None:
    assert settled_at(10.0, 10.5) == 10.0 + SETTLE_SECONDS
    assert settled_at(10.0, 100.0) == 100.0
    # Nothing was patched: there is nothing to wait for.
    assert settled_at(None, 7.0) == 7.0


@pytest.mark.parametrize(
    ("failed", "total", "percentage", "goes_on"),
    [
        (0, 1, 0, True),
        (1, 100, 0, False),
        (1, 4, 25, True),
        (2, 7, 28, False),
        (2, 7, 29, True),
        (1, 3, 33, False),
        (1, 3, 34, True),
        (3, 4, 74, False),
        (3, 4, 75, True),
        # Ansible ends a play too where no host of a batch is left, whatever the share.
        (3, 3, 100, False),
        (2, 3, 100, True),
    ],
)
def test_the_next_wave_begins_unless_more_than_the_share_has_failed(
    failed: int, total: int, percentage: int, goes_on: bool
) -> None:
    assert next_may_begin(failed, total, percentage) is goes_on
