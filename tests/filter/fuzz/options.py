# SPDX-License-Identifier: Apache-2.0
"""What the user of `make fuzz` can choose: environment variables, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.options import BadOption, choice, number, wasm

EVENTS, EVENTS_SHORT = 10_000_000, 100_000
BODIES, BODIES_SHORT = 10_000_000, 20_000


@dataclass(frozen=True)
class Options:
    events: int
    """Altogether; episodes that are begun are finished."""
    seed: int
    episode: int | None
    """Only this one."""
    filter: Path | None
    """In place of the released build and a checked one."""
    bodies: int = 0
    """Besides the events; none with `episode`."""


def read(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    short = choice(environment, "SHORT")
    events, bodies = (EVENTS_SHORT, BODIES_SHORT) if short else (EVENTS, BODIES)
    return Options(
        events=number(environment, "EVENTS", events, 1),
        seed=number(environment, "SEED", 1, 0),
        episode=number(environment, "EPISODE", 0, 0) if environment.get("EPISODE") else None,
        filter=wasm(environment, "FILTER"),
        bodies=0 if environment.get("EPISODE") else number(environment, "BODIES", bodies, 0),
    )


__all__ = ["BadOption", "Options", "read"]
