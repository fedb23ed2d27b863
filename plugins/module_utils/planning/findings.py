"""What checks find wrong: collected, so that all of it is told at once. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..domain.errors import InputError

T = TypeVar("T")


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
