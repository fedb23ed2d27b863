# SPDX-License-Identifier: Apache-2.0
"""What the user of `make simulate` can choose: environment variables, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.options import BadOption, choice, number

# A seed is five or six runs: with faults, again, once more, removal. So the whole form has more than 100,000.
RUNS, RUNS_SHORT = 36_000, 1_500


@dataclass(frozen=True)
class Options:
    """`runs`: seeds to play, from `seed` on. `whole`: every fault has to be met everywhere often enough."""

    runs: int
    seed: int
    whole: bool


def read(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    default = RUNS_SHORT if choice(environment, "SHORT") else RUNS
    runs = number(environment, "RUNS", default, 1)
    return Options(runs, number(environment, "SEED", 0, 0), whole=runs >= RUNS)


__all__ = ["BadOption", "Options", "read"]
