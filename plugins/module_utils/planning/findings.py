# SPDX-License-Identifier: Apache-2.0
"""What checks find wrong: collected, so that all of it is told at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ..domain.errors import InputError

T = TypeVar("T")
NAMES_MAX = 8


@dataclass
class Findings:
    """`errors` stop the run before anything is changed, `warnings` do not."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def attempt(self, check: Callable[[], T]) -> T | None:
        """The check's value; None, and an entry in `errors`, if it failed."""
        try:
            return check()
        except InputError as error:
            if str(error) not in self.errors:
                self.errors.append(str(error))
            return None

    def message(self) -> str:
        """All errors as one text."""
        if len(self.errors) == 1:
            return f"Nothing was changed. {self.errors[0]}"
        listed = "".join(f"\n  - {error}" for error in self.errors)
        return f"Nothing was changed. {len(self.errors)} things have to be put right first:{listed}"


def several(names: Iterable[str]) -> str:
    """Names as people can read them; the first ones where there are many."""
    given = list(dict.fromkeys(names))
    more = f" and {len(given) - NAMES_MAX} more" if len(given) > NAMES_MAX else ""
    return ", ".join(given[:NAMES_MAX]) + more


def in_namespaces(names: Iterable[str]) -> str:
    """What a sentence about namespaces begins with."""
    given = list(dict.fromkeys(names))
    return f"namespace{'s' if len(given) > 1 else ''} {several(given)}"


def grouped(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(what is said, of which namespaces) from (namespace, what is said)."""
    names: dict[str, list[str]] = {}
    for name, said in found:
        names.setdefault(said, []).append(name)
    return [(said, in_namespaces(those)) for said, those in names.items()]
