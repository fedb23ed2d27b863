# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.filter.fuzz`: what `make fuzz` runs."""

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.filter.builds import FILTER, RELEASED, build
from tests.filter.fuzz import bodies_run
from tests.filter.fuzz.options import BadOption, read
from tests.filter.fuzz.run import run
from tests.filter.fuzz.tally import STACK_BYTES, Tally


def _summary(total: Tally, seconds: float, *, released: bool) -> str:
    stack = f"; of the stack's {STACK_BYTES:,} bytes {total.stack_untouched:,} were never touched" if released else ""
    return (
        f"fuzz: {total.events:,} events in {seconds:,.0f} s ({total.events / seconds:,.0f} a second): "
        f"{total.machines:,} machines, {total.exchanges:,} exchanges, {total.calls:,} calls, "
        f"{total.documents:,} documents and {total.bodies:,} bodies checked{stack}"
    )


def main() -> int:
    begin = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        options = read(os.environ)
    except BadOption as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        if options.filter is not None:
            builds = {"given": options.filter}
        else:
            report("building with safety checks (filter/src)")
            builds = {"released": RELEASED, "checked": build(FILTER, Path(folder), "-Doptimize=ReleaseSafe")}
        report(f"seed {options.seed}: {', '.join(builds)} build")
        begun = time.monotonic()
        try:
            total = run(options, builds, report)
            if not total.failures:
                total.add(bodies_run.run(options.bodies, options.seed, next(iter(builds.values())), report))
        except KeyboardInterrupt:
            print("fuzz: interrupted", file=sys.stderr)
            return 130
    for failure in total.failures:
        print(f"fuzz: {failure}", file=sys.stderr)
    print(_summary(total, time.monotonic() - begun, released="released" in builds))
    print("fuzz: failed" if total.failures else "fuzz: passed")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
