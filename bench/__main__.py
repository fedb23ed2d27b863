"""`python -m bench filter`, `python -m bench soak`: what the targets of the Makefile run."""

import os
import sys
import time
from collections.abc import Callable

from bench import filter_bench
from bench.load import BadAnswer
from bench.options import BadOption, bench_options
from bench.rounds import Invalid


def _bench(report: Callable[[str], None]) -> int:
    options = bench_options(os.environ)
    _, tables = filter_bench.run(options, report)
    print(tables)
    if options.output is not None:
        options.output.write_text(tables)
    return 0


def main(arguments: list[str]) -> int:
    begin = time.monotonic()

    def report(text: str) -> None:
        print(f"[{time.monotonic() - begin:6.1f} s] {text}", file=sys.stderr, flush=True)

    try:
        return _bench(report)
    except BadOption as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except (Invalid, BadAnswer) as error:
        print(f"bench: this is no measurement: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
