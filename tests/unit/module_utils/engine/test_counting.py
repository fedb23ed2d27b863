# SPDX-License-Identifier: Apache-2.0
"""How far a run is, as its lines of progress have it: what is done is counted, not what was seen."""

from __future__ import annotations

import pytest

from tests.unit.objects import delivery
from tests.unit.runs import cluster

WAVES = (["a", "b", "c"], ["d"])


@pytest.mark.parametrize("max_in_flight", [1, 50])
def test_a_namespace_counts_once_nothing_of_it_is_under_way(max_in_flight: int) -> None:
    simulated = cluster("a", "b", "d")
    simulated.run(
        delivery(),
        *WAVES,
        ineligible={"c": ("not_injected", "m")},
        max_in_flight=max_in_flight,
        max_fail_percentage=50,
    )
    told = simulated.executor.told
    rolled: dict[str, set[str]] = {}
    for tell in told:
        if " rolled, " in tell.text:
            rolled.setdefault(tell.namespace, set()).add(tell.text.split()[0])
        # The one that is not eligible is done from the start, and `d` comes with the second wave.
        assert tell.done == 1 + sum(len(found) == 2 for found in rolled.values()), tell
        assert tell.total == 4
        assert tell.rolling <= max_in_flight
    assert told[-1].done == 4
    assert max(tell.rolling for tell in told) == min(max_in_flight, 4)
