# SPDX-License-Identifier: Apache-2.0
"""Where the instructions of an exchange go, function by function: `python -m tests.filter.profile "otlp, bodies on"`.

The same exchange is run again and again with a little more fuel each time; where it runs out is a sample. Wasmtime
looks at the fuel where functions and rounds of loops begin, so that what comes before a call counts for who is called.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import wasmtime

from tests.filter.builds import FILTER, build
from tests.filter.costs import CASES, Case, Driver

STEP = 97
"""Instructions between two samples, and no multiple of what a loop takes."""
WARM_UP = 3
SHOWN = 30


def _prepared(wasm: Path, case: Case) -> Driver:
    driver = Driver(wasm, case)
    for _ in range(WARM_UP):
        driver.exchange()
    return driver


def sample(wasm: Path, case: Case) -> tuple[Counter[str], Counter[str]]:
    """How often each function was at the top when the fuel was gone, and how often on the way there."""
    own: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    fuel = STEP
    while True:
        driver = _prepared(wasm, case)
        driver.machine.set_fuel(fuel)
        try:
            driver.exchange()
        except wasmtime.Trap as trap:
            names = [frame.func_name or "?" for frame in trap.frames]
            own[names[0]] += 1
            all_of.update(set(names))
        else:
            return own, all_of
        fuel += STEP


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "publish, bodies off"
    (case,) = (one for one in CASES if one.name == name)
    with tempfile.TemporaryDirectory() as folder:
        own, all_of = sample(build(FILTER, Path(folder), "-Dnames", "--cache-dir", f"{folder}/cache"), case)
    print(f"{name}: some {own.total() * STEP:,} instructions\n\n      own  with callees  function")
    for function, count in own.most_common(SHOWN):
        print(f"{count * STEP:9,} {all_of[function] * STEP:13,}  {function}")


if __name__ == "__main__":
    main()
