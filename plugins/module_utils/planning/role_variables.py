"""Variables of the role that are no settings of the filter and need no cluster to be checked. Pure.

The filter's own settings are in filter/configuration.schema.json.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from ..domain.errors import InputError

# Python refuses to read a number of thousands of digits, by another error than ours.
DIGITS_MAX = 20


def _number(lowest: int, highest: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        text = str(value)
        return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and lowest <= int(text) <= highest

    return fits


def _labels(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


# name -> (does it fit?, what would be right)
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "wasm_filter_selector": (_labels, """a map of labels, such as -e '{"wasm_filter_selector": {"app": "web"}}'"""),
    "wasm_filter_timeout": (_number(1, 86_400), "a number of seconds from 1 to 86400"),
    "wasm_filter_max_in_flight": (_number(1, 10_000), "a number of workloads from 1 to 10000"),
    "wasm_filter_max_fail_percentage": (_number(0, 100), "a whole number from 0 to 100"),
}
# How to go about a run, whatever it is for; the others are of the filter.
OF_RUN = {
    "wasm_filter_timeout",
    "wasm_filter_max_in_flight",
    "wasm_filter_max_fail_percentage",
    "wasm_filter_serial",
}


def wrong_values(given: dict[str, Any]) -> list[InputError]:
    """One error for each variable that breaks its rule."""
    return [
        InputError(name, given[name], f"must be {right}")
        for name, (fits, right) in RULES.items()
        if name in given and not fits(given[name])
    ]


def unknown_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each name that means nothing: it would be ignored, and the default taken instead."""
    names = set(known)
    if not names:
        return []
    sentences = []
    for name in sorted(set(given) - names):
        nearest = difflib.get_close_matches(name, names, 1)
        meant = f"did you mean {nearest[0]}?" if nearest else "roles/wasm_filter/README.md lists them"
        sentences.append(f"{name}: there is no such variable; {meant}")
    return sentences
