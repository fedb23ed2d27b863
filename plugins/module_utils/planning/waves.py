"""How many namespaces each wave of a run has: Ansible's `serial`, with the meaning it has there. Pure."""

from __future__ import annotations


def wave_sizes(serial: object, count: int) -> list[int]:
    """The sizes, which add up to `count`; the last of `serial` is repeated.

    :param serial: a number, a share such as "10%" (rounded down, at least 1), or a list of these; 0 means all.
    """
    given = serial if isinstance(serial, list) and serial else [serial or 0]
    sizes: list[int] = []
    while (left := count - sum(sizes)) > 0:
        size = _size(given[min(len(sizes), len(given) - 1)], count)
        sizes.append(min(size, left) if size > 0 else left)
    return sizes


def _size(entry: object, count: int) -> int:
    text = str(entry)
    return int(float(text[:-1]) / 100 * count) or 1 if text.endswith("%") else int(text)
