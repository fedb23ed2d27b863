# SPDX-License-Identifier: Apache-2.0
"""One wave: how many workloads may be under way, when it is over, and whether the next one begins. Pure.

It sees counts only, so that nothing grows with the square of a fleet.
"""

from __future__ import annotations

from enum import Enum

# Whoever puts a template back does so within a moment: an operator's reconcile, a GitOps tool's self-heal.
SETTLE_SECONDS = 2.0


class Phase(str, Enum):
    """Where a wave is on its way."""

    __str__ = str.__str__

    READING = "reading"
    ROLLING = "rolling"
    # Does the filter run, and does what was done stand? See last_checks.py.
    CHECKING = "checking"
    FINISHING = "finishing"
    DONE = "done"


def free_slots(phase: Phase, in_flight: int, max_in_flight: int) -> int:
    """How many more workloads may be begun."""
    return max(0, max_in_flight - in_flight) if phase == Phase.ROLLING else 0


def settled_at(last_patch: float | None, now: float) -> float:
    """When it can be told that nobody put back what was patched; now, where nothing was.

    :param last_patch: when the last patch of a workload was answered.
    """
    return now if last_patch is None else max(now, last_patch + SETTLE_SECONDS)


def next_may_begin(failed: int, total: int, max_fail_percentage: int) -> bool:
    """As Ansible's max_fail_percentage: not if more than that share has failed, nor if all have."""
    return failed < total and failed * 100 <= max_fail_percentage * total
