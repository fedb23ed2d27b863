# SPDX-License-Identifier: Apache-2.0
"""`python -m bench filter`, `soak` and `fleet`: what the targets of the Makefile run."""

import os
import signal
import sys
import time
from collections.abc import Callable

from bench import filter_bench, soak
from bench.fleet import sequence
from bench.fleet import table as fleet_table
from bench.fleet.options import fleet_options
from bench.load import BadAnswer
from bench.options import BadOption, bench_options, soak_options
from bench.rounds import Invalid


def _bench(report: Callable[[str], None]) -> int:
    options = bench_options(os.environ)
    _, tables = filter_bench.run(options, report)
    print(tables)
    if options.output is not None:
        options.output.write_text(tables)
    return 0


def _soak(report: Callable[[str], None]) -> int:
    found = soak.run(soak_options(os.environ), report)
    for complaint in found:
        print(f"soak: {complaint}", file=sys.stderr)
    print("soak: failed" if found else "soak: passed")
    return 1 if found else 0


def _fleet(report: Callable[[str], None]) -> int:
    options = fleet_options(os.environ)
    found, tables = [], ""
    for one in sequence.run(options, report):
        found.append(one)
        tables = fleet_table.render(found, options.rounds)
        # The next size may take ten minutes, and be interrupted.
        if options.output is not None:
            options.output.write_text(tables)
    print(tables)
    return 0


COMMANDS = {"filter": _bench, "soak": _soak, "fleet": _fleet}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m bench {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    # Envoys would outlive a process that is simply ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begin = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        return COMMANDS[arguments[0]](report)
    except BadOption as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except (Invalid, BadAnswer, RuntimeError, AssertionError) as error:  # AssertionError: an Envoy that does not start
        print(f"bench: this is no measurement: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; nothing is left running", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
