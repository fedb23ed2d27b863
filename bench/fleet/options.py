# SPDX-License-Identifier: Apache-2.0
"""What the user of `make bench-fleet` can choose: environment variables, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.options import BadOption, choice, number, output

Size = tuple[int, int]
"""Namespaces, and workloads in each."""

SIZES: tuple[Size, ...] = ((20, 10), (50, 10), (200, 10))
SIZES_SHORT: tuple[Size, ...] = ((2, 2),)


@dataclass(frozen=True)
class Options:
    sizes: tuple[Size, ...]
    rounds: int
    again: int
    """How often there is nothing to do, in each round."""
    output: Path | None


def fleet_options(environment: Mapping[str, str]) -> Options:
    """Raises BadOption."""
    short = choice(environment, "SHORT")
    return Options(
        sizes=_sizes(environment, "SIZES") or (SIZES_SHORT if short else SIZES),
        rounds=number(environment, "ROUNDS", 1, 1),
        again=1 if short else 2,
        output=output(environment, "OUTPUT"),
    )


def _sizes(environment: Mapping[str, str], name: str) -> tuple[Size, ...]:
    value = environment.get(name, "")
    sizes = [re.fullmatch(r"([1-9]\d{0,2})x([1-9]\d{0,2})", part) for part in value.split(",")] if value else []
    if not all(sizes):
        raise BadOption(f"{name}={value}: give namespaces x workloads, such as 20x10,50x10")
    return tuple((int(size[1]), int(size[2])) for size in sizes if size)
