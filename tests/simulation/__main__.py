# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.simulation`: what `make simulate` runs."""

from __future__ import annotations

import os
import sys
import time

from tests.simulation import coverage, tally
from tests.simulation.options import BadOption, Options, read
from tests.simulation.play import play
from tests.simulation.previous import play_previous
from tests.simulation.timeline import lines
from tests.simulation.together import play_together


def _replay(seed: int) -> None:
    """All runs of a seed, line by line."""
    for number, record in enumerate(play(seed).records, 1):
        print(f"\nseed {seed}, run {number}")
        for line in lines(record):
            print(f"  {line}")
    for record in play_previous(seed).records if seed % tally.TOGETHER_EVERY == 0 else ():
        print(f"\nseed {seed}, back by hand, {record.holder}")
        for line in lines(record):
            print(f"  {line}")
    for record in play_together(seed).records if seed % tally.TOGETHER_EVERY == 0 else ():
        print(f"\nseed {seed}, two runs at once, {record.holder}")
        for line in lines(record):
            print(f"  {line}")


def _judged(options: Options, total: tally.Tally) -> int:
    print(f"How often each fault was met, and where:\n{coverage.table(total.met)}")
    gaps = coverage.gaps(total.met) if options.whole else []
    for gap in gaps:
        print(f"simulate: less than {coverage.ENOUGH}: {gap}", file=sys.stderr)
    for seed, which, text in total.failures[: tally.FAILURES_MAX]:
        print(f"simulate: seed {seed}, {which}: {text}", file=sys.stderr)
    if total.failures:
        seed = total.failures[0][0]
        if options.runs == 1:
            _replay(seed)
        print(f"simulate: failed; SEED={seed} RUNS=1 make simulate shows what happened", file=sys.stderr)
        return 1
    print("simulate: failed" if gaps else "simulate: passed")
    return 1 if gaps else 0


def main() -> int:
    begin = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        options = read(os.environ)
    except BadOption as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2
    report(f"seeds {options.seed:,} to {options.seed + options.runs - 1:,}")
    try:
        total = tally.run(options, report)
    except KeyboardInterrupt:
        print("simulate: interrupted", file=sys.stderr)
        return 130
    print(f"simulate: {total.seeds:,} seeds, {total.runs:,} runs in {time.monotonic() - begin:,.0f} s")
    return _judged(options, total)


if __name__ == "__main__":
    sys.exit(main())
