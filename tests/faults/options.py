# SPDX-License-Identifier: Apache-2.0
"""What the user of `make faults` can choose: environment variables, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.options import BadOption, choice, number

RUNS, RUNS_SHORT = 50, 4
# How many times the API server is killed, which nothing else can go on beside.
OUTAGES, OUTAGES_SHORT = 4, 1
# They mostly wait: for pods, and for the locks of the killed to expire.
AT_ONCE = 4


@dataclass(frozen=True)
class Options:
    """`runs`: stories to play, and `outages`: seeds of outages, from `seed` on."""

    runs: int
    seed: int
    quick: bool

    @property
    def outages(self) -> range:
        """No more than stories: to play one again is to play one."""
        return range(self.seed, self.seed + min(self.runs, OUTAGES_SHORT if self.quick else OUTAGES))


def read(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    quick = choice(environment, "SHORT")
    return Options(
        number(environment, "RUNS", RUNS_SHORT if quick else RUNS, 1), number(environment, "SEED", 0, 0), quick
    )


__all__ = ["BadOption", "Options", "read"]
