# SPDX-License-Identifier: Apache-2.0
"""Many seeds, in several processes, and what came of them together."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.simulation.coverage import Cell
from tests.simulation.options import Options
from tests.simulation.play import play
from tests.simulation.previous import play_previous
from tests.simulation.together import play_together

PROCESSES = 2
CHUNK = 50
REPORT_SECONDS = 5.0
FAILURES_MAX = 5
# Of so many seeds one is also played with two runs at once, and one with going back by the playbook.
TOGETHER_EVERY = 4


@dataclass
class Tally:
    """`failures`: (seed, which run, what)."""

    seeds: int = 0
    runs: int = 0
    met: Counter[Cell] = field(default_factory=Counter)
    failures: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.seeds += other.seeds
        self.runs += other.runs
        self.met.update(other.met)
        self.failures += other.failures


def of_seeds(seeds: Iterable[int]) -> Tally:
    """Play some seeds, here."""
    total = Tally()
    for seed in seeds:
        more = [play_together(seed), play_previous(seed)] if seed % TOGETHER_EVERY == 0 else []
        both = [play(seed), *more]
        failures = [(seed, which, text) for played in both for which, text in played.violations]
        total.add(Tally(1, sum(len(played.records) for played in both), both[0].met, failures))
    return total


def run(options: Options, report: Callable[[str], None]) -> Tally:
    """All seeds that were asked for, or until some have failed."""
    begin = reported = time.monotonic()
    last = options.seed + options.runs
    chunks = [range(first, min(first + CHUNK, last)) for first in range(options.seed, last, CHUNK)]
    total = Tally()
    if len(chunks) == 1:
        return of_seeds(chunks[0])
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for one in pool.imap_unordered(of_seeds, chunks):
            total.add(one)
            if len(total.failures) >= FAILURES_MAX:
                break
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                left = (options.runs - total.seeds) * (reported - begin) / total.seeds
                report(f"{total.seeds:,} of {options.runs:,} seeds, {total.runs:,} runs; about {left:,.0f} s left")
    return total
