# SPDX-License-Identifier: Apache-2.0
"""The figures as Markdown, and what they should be."""

from __future__ import annotations

from collections.abc import Callable

from bench.fleet.sequence import Figures
from bench.goals import Goal
from bench.table import markdown, met

MEMORY_BYTES = 150_000_000
MEMORY_WORKLOADS = 2000
Value = Callable[[Figures], "float | None"]


def render(found: list[Figures], rounds: int) -> str:
    """How it was measured, and both tables."""
    caption = (
        f"{rounds} round{'s' if rounds > 1 else ''}, seconds. The columns are namespaces x workloads, a KWOK pod each. "
        "The collection's seconds are those of `ansible-playbook`, from its start to its end."
    )
    head = ["", *(f"{size[0]} x {size[1]}" for size in (one.size for one in found))]
    lines = [[name, *(_cell(value(one), digits) for one in found)] for name, value, digits in _rows()]
    judged = [[goal.goal, goal.figure, met(goal)] for goal in goals(found)]
    return f"{caption}\n\n{markdown(head, lines)}\n\n{markdown(['goal', 'figure', 'met'], judged)}\n"


def _rows() -> list[tuple[str, Value, int]]:
    return [
        ("**rolled:** bare client (floor)", _of("floor"), 1),
        ("collection", _of("rolled"), 1),
        ("to the floor", _to("rolled", "floor"), 2),
        ("collection, all in flight at once", _of("all in flight"), 1),
        ("to the floor", _to("all in flight", "floor"), 2),
        ("collection, and proved", _of("proved"), 1),
        ("to the floor", _to("proved", "floor"), 2),
        ("old script", _of("script"), 1),
        ("**nothing to do:** the play with empty modules", _of("empty"), 1),
        ("collection", _of("nothing"), 1),
        ("to the empty play", _to("nothing", "empty"), 2),
        ("the same, CPU to CPU", _to("nothing, CPU", "empty, CPU"), 2),
        ("**rights in namespaces only:** rolled", _of("namespaced"), 1),
        ("to the floor", _to("namespaced", "floor"), 2),
        ("nothing to do", _of("namespaced, nothing"), 1),
        ("**controllers stopped:** bare client (floor)", _of("stopped, floor"), 2),
        ("collection's work", _of("stopped, work"), 2),
        ("to the floor", _to("stopped, work", "stopped, floor"), 2),
        ("old script", _of("stopped, script"), 1),
        ("script to the work", _to("stopped, script", "stopped, work"), 1),
        ("**CPU:** bare client, rolled", _of("floor, CPU"), 1),
        ("empty play", _of("empty, CPU"), 1),
        ("collection, nothing to do", _of("nothing, CPU"), 1),
        ("collection, rolled", _of("rolled, CPU"), 1),
        ("collection, rolled and proved", _of("proved, CPU"), 1),
        ("**memory, MB:** largest process of a run", _memory, 0),
    ]


def goals(found: list[Figures]) -> list[Goal]:
    """Each is judged by the worst of the sizes."""
    memory = max(((_memory(one) or 0) * 1e6 for one in found if _workloads(one) >= MEMORY_WORKLOADS), default=None)
    small = min((one.ratio("stopped, script", "stopped, work") or 0 for one in found[:1]), default=0)
    return [
        _at_most("rolled: at most 1.2 x the floor", 1.2, found, "rolled", "floor"),
        _at_most("rolled and proved: at most 1.3 x the floor", 1.3, found, "proved", "floor"),
        _at_most("nothing to do: at most 1.2 x the empty play", 1.2, found, "nothing", "empty"),
        Goal("controllers stopped: the script at least 20 x the work", f"{small:.0f}", small >= 20),
        Goal(
            f"at most 150 MB with {MEMORY_WORKLOADS:,} workloads",
            "needs the size" if memory is None else f"{memory / 1e6:.0f} MB",
            None if memory is None else memory <= MEMORY_BYTES,
        ),
    ]


def _at_most(text: str, limit: float, found: list[Figures], name: str, to: str) -> Goal:
    worst, size = max((one.ratio(name, to) or 0, one.size) for one in found)
    return Goal(text, f"{worst:.2f} ({size[0]} x {size[1]})", worst <= limit)


def _of(name: str) -> Value:
    return lambda one: one.get(name)


def _to(name: str, to: str) -> Value:
    return lambda one: one.ratio(name, to)


def _memory(one: Figures) -> float | None:
    found = [one.get(f"{name}, memory") for name in ("rolled", "proved", "nothing")]
    return max((value / 1e6 for value in found if value is not None), default=None)


def _workloads(one: Figures) -> int:
    return one.size[0] * one.size[1]


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
