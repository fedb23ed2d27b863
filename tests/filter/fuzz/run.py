# SPDX-License-Identifier: Apache-2.0
"""All episodes of a run, in two processes."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from tests.filter.fuzz.options import Options
from tests.filter.fuzz.tally import Tally, play

PROCESSES = 2
REPORT_SECONDS = 5
FAILURES_MAX = 5


def run(options: Options, builds: Mapping[str, Path], report: Callable[[str], None]) -> Tally:
    """Episodes go to the builds in turn, until there were as many events as wanted, or some failures."""
    if options.episode is not None:
        total = Tally()
        for build, wasm in builds.items():
            total.add(play(wasm, build, options.seed, options.episode))
        return total
    return _run_many(options, list(builds.items()), report)


def _run_many(options: Options, builds: list[tuple[str, Path]], report: Callable[[str], None]) -> Tally:
    total, number, reported = Tally(), 0, time.monotonic()
    begin = reported
    # Not forked: wasmtime has threads.
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: set[Future[Tally]] = set()
        while total.events < options.events and len(total.failures) < FAILURES_MAX:
            while len(running) < 2 * PROCESSES:
                build, wasm = builds[number % len(builds)]
                running.add(pool.submit(play, wasm, build, options.seed, number))
                number += 1
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for one in finished:
                total.add(one.result())
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                report(f"{total.events:,} events, {total.events / (reported - begin):,.0f}/s")
        for one in wait(running).done:
            total.add(one.result())
    return total
