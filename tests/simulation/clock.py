# SPDX-License-Identifier: Apache-2.0
"""Virtual time: what is to happen, in the order of when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)

Action = Callable[[], None]


class Clock:
    """Seconds since the simulation began. What is due at the same moment happens in the order it was asked for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Action]] = []
        self._number = 0

    def at(self, time: float, action: Action) -> None:
        self._number += 1
        heapq.heappush(self._due, (max(time, self.now), self._number, action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now + seconds, action)

    def step(self, until: float = float("inf")) -> bool:
        """Do the next thing; False: nothing is due by then."""
        if not self._due or self._due[0][0] > until:
            return False
        self.now, _number, action = heapq.heappop(self._due)
        action()
        return True

    def run(self, until: float) -> None:
        """Do all that is due by then."""
        while self.step(until):
            pass
        self.now = max(self.now, until)

    @property
    def rfc3339(self) -> str:
        """The time as Kubernetes writes it, to the second."""
        return rfc3339(self.now)


def rfc3339(seconds: float) -> str:
    return _whole_seconds(int(seconds))


@lru_cache(10_000)
def _whole_seconds(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
