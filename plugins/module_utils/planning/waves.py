# SPDX-License-Identifier: Apache-2.0
"""How many namespaces a wave has, with the meaning of Ansible's `serial`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

# A number of namespaces, or a percentage such as "10%".
Size: TypeAlias = "int | str"

RIGHT = (
    "numbers of namespaces from 1 on, or percentages from 1% to 100%, one or several, such as "
    "-e wasm_filter_serial=1,10%,100%"
)
# Numbers have a bound, as Python refuses to read one of thousands of digits.
_NUMBER = re.compile(r"[0-9]{1,9}")
_PERCENTAGE = re.compile(r"[0-9]{1,3}%")


def parse_serial(value: object) -> list[Size]:
    """The sizes as they are given: a number, a percentage, a list of these, or text with commas between them.

    :raises ValueError: anything else, also a size of nothing, which Ansible takes for all at once.
    """
    given = re.split(r"\s*,\s*", value.strip()) if isinstance(value, str) else value
    sizes = [_size(one) for one in (given if isinstance(given, list) else [given])]
    if not sizes:
        raise ValueError("no size at all")
    return sizes


def wave_sizes(serial: Sequence[Size], count: int) -> list[int]:
    """How many namespaces each wave has; the last size is repeated until all `count` of them have their wave.

    :param serial: as `parse_serial` gives it.
    """
    waves: list[int] = []
    left = count
    while left > 0:
        size = min(left, _resolved(serial[min(len(waves), len(serial) - 1)], count))
        waves.append(size)
        left -= size
    return waves


def _size(given: object) -> Size:
    text = "" if isinstance(given, bool) else str(given).strip()
    if isinstance(given, (int, str)):
        if _NUMBER.fullmatch(text) and int(text) > 0:
            return int(text)
        if _PERCENTAGE.fullmatch(text) and 0 < int(text[:-1]) <= 100:
            return f"{int(text[:-1])}%"
    raise ValueError("no size of a wave")


def _resolved(size: Size, count: int) -> int:
    """Of a percentage the whole part, and at least one; computed as Ansible does."""
    return size if isinstance(size, int) else int(int(size[:-1]) / 100.0 * count) or 1
