# SPDX-License-Identifier: Apache-2.0
"""The engine at scale, in small: what it has to do for each workload does not grow with their number."""

from __future__ import annotations

from tests.simulation import scale


def test_events_grow_as_workloads_do() -> None:
    few, many = scale.measure(100), scale.measure(400)
    assert many.events / many.workloads <= 1.1 * few.events / few.workloads
    assert few.seconds > 0
