# SPDX-License-Identifier: Apache-2.0
"""The figures as Markdown."""

from bench.figures import Row, Spread
from bench.goals import Goal
from bench.options import Options

HEAD = [
    "variant",
    "CPU, us/request",
    "to peer",
    "to fixed POST",
    "p50, us",
    "p99, us",
    "size, B",
    "ready later, ms",
    "two VMs, ms",
    "memory, MB",
    "after load, MB",
]


def render(rows: list[Row], goals: list[Goal], options: Options) -> str:
    """How it was measured, and both tables."""
    caption = (
        f"{options.rounds} rounds of {options.requests:,} requests, {options.starts} starts. Each figure is over an "
        "Envoy without a filter: the median (and what half of the rounds lie between); of the starts the fastest."
    )
    figures = markdown(HEAD, [_cells(row) for row in rows])
    judged = markdown(["goal", "figure", "met"], [[goal.goal, goal.figure, met(goal)] for goal in goals])
    return f"{caption}\n\n{figures}\n\n{judged}\n"


def markdown(head: list[str], lines: list[list[str]]) -> str:
    """A table."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _spread(row.cpu_us, 1),
        _spread(row.to_peer, 3),
        _spread(row.to_fixed_post, 2),
        _spread(row.p50_us, 0),
        _spread(row.p99_us, 0),
        f"{row.size:,}",
        f"{row.ready_ms:.0f}",
        f"{row.ready_two_ms:.0f}",
        f"{row.memory_started / 1e6:.1f}",
        f"{row.memory_loaded / 1e6:.1f}",
    ]


def _spread(value: Spread | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value.median:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def met(goal: Goal) -> str:
    """In a word."""
    return "-" if goal.met is None else "yes" if goal.met else "**no**"
