"""`python -m tests.faults`: what `make faults` runs."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable

from testbed import mesh, paths
from tests.faults import plays
from tests.faults.options import BadOption, Options, read
from tests.faults.play import Played

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
        return _judged(options, [_told(one, report) for one in plays.play(options, layout)], begin)
    except KeyboardInterrupt:
        print("faults: interrupted", file=sys.stderr)
        return 130
    finally:
        if not running:
            mesh.down(layout)


def _told(played: Played, report: Callable[[str], None]) -> Played:
    end = "ok" if not played.problems else "FAILED"
    killed = "" if played.killed else " (it had ended before)"
    verdicts = ", ".join(played.verdicts)
    report(f"seed {played.story.seed}, {played.seconds:.0f} s: {played.story}{killed}; again: {verdicts}; {end}")
    return played


def _judged(options: Options, played: list[Played], begin: float) -> int:
    killed = sum(one.killed for one in played)
    print(f"faults: {len(played)} stories in {time.monotonic() - begin:.0f} s, {killed} runs were killed")
    print(f"faults: verdicts of the runs after: {dict(Counter(v for one in played for v in one.verdicts))}")
    failed = [one for one in played if one.problems]
    for one in failed:
        for text in one.problems:
            print(f"faults: seed {one.story.seed}: {text}", file=sys.stderr)
    if failed:
        again = f"SEED={failed[0].story.seed} RUNS=1{' SHORT=1' if options.quick else ''} make faults"
        print(f"faults: failed; {again} plays the first again", file=sys.stderr)
        return 1
    print("faults: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
