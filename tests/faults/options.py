"""What the user of `make faults` can choose: environment variables, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.options import BadOption, choice, number

RUNS, RUNS_SHORT = 50, 4
# They mostly wait: for pods, and for the locks of the killed to expire.
AT_ONCE = 4


@dataclass(frozen=True)
class Options:
    """`runs`: stories to play, from `seed` on."""

    runs: int
    seed: int
    quick: bool


def read(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    quick = choice(environment, "SHORT")
    return Options(
        number(environment, "RUNS", RUNS_SHORT if quick else RUNS, 1), number(environment, "SEED", 0, 0), quick
    )


__all__ = ["BadOption", "Options", "read"]
