# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.faults`: what `make faults` runs."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from testbed import mesh, paths
from testbed.client import Mesh
from tests.faults import plays, restart
from tests.faults.options import BadOption, Options, read
from tests.faults.play import Played

Report = Callable[[str], None]
# One of its own: an API server that others use is not to be disturbed.
FOLDER = paths.CHECKOUT / ".cache" / "faults-mesh"


def main() -> int:
    begin = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        options = read(os.environ)
    except BadOption as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    layout = paths.layout() if os.environ.get("TESTBED_DIR") else paths.Layout(FOLDER)
    running = mesh.status(layout) is not None
    try:
        mesh.up(layout, real_pods=False, report=report)
        stories = [_told(one, report) for one in plays.play(options, layout)]
        outages = [_outage(Mesh(layout), seed, report) for seed in options.outages]
        return _judged(options, stories, outages, begin)
    except KeyboardInterrupt:
        print("faults: interrupted", file=sys.stderr)
        return 130
    finally:
        if not running:
            mesh.down(layout)


def _told(played: Played, report: Report) -> Played:
    end = "ok" if not played.problems else "FAILED"
    killed = "" if played.killed else " (it had ended before)"
    verdicts = ", ".join(played.verdicts)
    report(f"seed {played.story.seed}, {played.seconds:.0f} s: {played.story}{killed}; again: {verdicts}; {end}")
    _problems(f"seed {played.story.seed}", played.problems)
    return played


def _outage(mesh: Mesh, seed: int, report: Report) -> restart.Played:
    with tempfile.TemporaryDirectory() as folder:
        played = restart.play(mesh, Path(folder), restart.draw(seed))
    end = "ok" if not played.problems else "FAILED"
    report(f"outage {seed}, {played.seconds:.0f} s: {played.outage}; {', '.join(played.verdicts)}; {end}")
    _problems(f"outage {seed}", played.problems)
    return played


def _problems(where: str, problems: list[str]) -> None:
    for text in problems:
        print(f"faults: {where}: {text}", file=sys.stderr, flush=True)


def _judged(options: Options, stories: list[Played], outages: list[restart.Played], begin: float) -> int:
    killed = sum(one.killed for one in stories)
    print(f"faults: {len(stories)} stories in {time.monotonic() - begin:.0f} s, {killed} runs were killed")
    print(f"faults: verdicts of the runs after: {dict(Counter(v for one in stories for v in one.verdicts))}")
    print(f"faults: of those that met a killed API server: {dict(Counter(v for one in outages for v in one.verdicts))}")
    failed = [one.story.seed for one in stories if one.problems]
    failed += [one.outage.seed for one in outages if one.problems]
    if failed:
        again = f"SEED={min(failed)} RUNS=1{' SHORT=1' if options.quick else ''} make faults"
        print(f"faults: failed; {again} plays the first again", file=sys.stderr)
        return 1
    print("faults: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
