# SPDX-License-Identifier: Apache-2.0
"""What makes a soak fail."""

from typing import Any

import pytest

from bench.sink import Counts
from bench.soak_verdict import GAUGES, GROWTH_BYTES_MAX, complaints, growth, is_over

METRICS = {
    "memory_bytes": 0,
    "in_flight": 0,
    "backend_down": 0,
    "sent": 90,
    "failed": 3,
    "skipped": 2,
    "dropped": 5,
    "dropped_memory": 1,
    "dropped_backend_down": 4,
    "truncated": 1,
}
STEADY = [100_000_000] * 8


def found(metrics: dict[str, int] | None = None, **other: Any) -> list[str]:
    given: dict[str, Any] = {
        "requests": 100,
        "skipped": 2,
        "arrived": Counts(90, 91, 9),
        "resident": STEADY,
        "outages": 1,
    }
    return complaints(metrics=METRICS | (metrics or {}), **(given | other))


def test_all_is_well() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("metrics", "complaint"),
    [
        ({"memory_bytes": 1024}, "memory_bytes is 1024 at the end"),
        ({"in_flight": 1}, "in_flight is 1 at the end"),
        ({"backend_down": 1}, "backend_down is 1 at the end"),
        ({"sent": 89}, "which is 99"),
        ({"dropped_memory": 0}, "5 dropped, but for reasons only 4"),
        ({"skipped": 3, "failed": 2}, "3 skipped, not 2"),
        ({"sent": 0, "failed": 93}, "0 sent"),
        ({"truncated": 0}, "0 truncated"),
        ({"sent": 98, "failed": 0, "dropped": 0, "dropped_memory": 0, "dropped_backend_down": 0}, "no trace was lost"),
    ],
)
def test_each_fault_is_said(metrics: dict[str, int], complaint: str) -> None:
    assert complaint in "\n".join(found(metrics))


def test_it_is_over_when_nothing_is_left_and_all_that_was_sent_has_ended() -> None:
    assert is_over(100, METRICS)
    assert not is_over(101, METRICS)
    assert not any(is_over(100, METRICS | {gauge: 1}) for gauge in GAUGES)


def test_what_was_sent_has_to_arrive() -> None:
    assert found(arrived=Counts(80, 89, 9)) == ["90 sent, of which 89 arrived"]


def test_growth_is_between_the_second_quarter_and_the_last() -> None:
    first_fills_the_pools = [50_000_000, 60_000_000, *[100_000_000] * 6]
    assert growth(first_fills_the_pools) == []
    assert growth([100_000_000] * 6 + [100_000_000 + GROWTH_BYTES_MAX] * 2) == []
    grown = [100_000_000] * 6 + [100_000_001 + GROWTH_BYTES_MAX] * 2
    assert growth(grown) == ["Envoy's resident memory grew from 100.0 MB to 105.0 MB"]
    assert found(resident=grown) == growth(grown)
