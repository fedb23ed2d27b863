# SPDX-License-Identifier: Apache-2.0
"""From samples to figures: differences to no filter and ratios, round by round, with their spread."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.rounds import Sample
from bench.variants import FIXED_POST, NONE, PEER


@dataclass(frozen=True)
class Spread:
    """The middle of the rounds, and what half of them lie between."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Memory:
    """Resident bytes of an Envoy."""

    started: int
    loaded: int


@dataclass(frozen=True)
class Measured:
    """All that was measured, by the variant's name."""

    samples: dict[str, list[Sample]]
    starts: dict[str, list[float]]
    starts_two: dict[str, list[float]]
    memory: dict[str, Memory]
    size: dict[str, int]


@dataclass(frozen=True)
class Row:
    """A variant over no filter. None: not to be had, as there is no peer, or the reference was lost in noise."""

    name: str
    cpu_us: Spread
    to_peer: Spread | None
    to_fixed_post: Spread | None
    p50_us: Spread
    p99_us: Spread
    size: int
    ready_ms: float
    ready_two_ms: float
    memory_started: int
    memory_loaded: int


def spread(values: list[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def over(values: list[float], base: list[float]) -> list[float]:
    return [value - none for value, none in zip(values, base, strict=True)]


def ratio(values: list[float], reference: list[float]) -> Spread | None:
    """Without the rounds in which the reference itself was lost in noise."""
    ratios = [value / other for value, other in zip(values, reference, strict=True) if other > 0]
    return spread(ratios) if ratios else None


def rows(measured: Measured) -> list[Row]:
    """One for each variant but none, in their order."""

    def added(name: str, what: Callable[[Sample], float]) -> list[float]:
        samples = measured.samples
        return over([what(sample) for sample in samples[name]], [what(sample) for sample in samples[NONE]])

    def cpu(name: str) -> list[float]:
        return added(name, lambda sample: sample.cpu_us)

    def row(name: str) -> Row:
        none = measured.memory[NONE]
        return Row(
            name=name,
            cpu_us=spread(cpu(name)),
            to_peer=ratio(cpu(name), cpu(PEER)) if PEER in measured.samples else None,
            to_fixed_post=ratio(cpu(name), cpu(FIXED_POST)),
            p50_us=spread(added(name, lambda sample: sample.p50_us)),
            p99_us=spread(added(name, lambda sample: sample.p99_us)),
            size=measured.size[name],
            # The fastest of each, as whatever else runs can only make a start slower.
            ready_ms=min(measured.starts[name]) - min(measured.starts[NONE]),
            ready_two_ms=min(measured.starts_two[name]) - min(measured.starts_two[NONE]),
            memory_started=measured.memory[name].started - none.started,
            memory_loaded=measured.memory[name].loaded - none.loaded,
        )

    return [row(name) for name in measured.samples if name != NONE]
