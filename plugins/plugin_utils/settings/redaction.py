# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a redaction list comes to, as the filter reads it: added to its default list, minus what it takes away. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Redaction:
    """Entries, in lower case where they are given so; `*` in one stands for any text."""

    # All whose values are hidden.
    hidden: tuple[str, ...]
    # What the default list hides and this list does not: names, and patterns of names.
    shown: tuple[str, ...]
    # Taken away though the default list has nothing like it.
    idle: tuple[str, ...]

    @property
    def hides_all(self) -> bool:
        """Whatever it is called."""
        return any(set(entry) == {"*"} for entry in self.hidden)

    @property
    def as_list(self) -> list[str]:
        """Such as token, and -code for what is not hidden though a pattern in the list has it."""
        return [*self.hidden, *(f"-{entry}" for entry in self.shown if any(covers(one, entry) for one in self.hidden))]


def of(given: Iterable[str], default: Iterable[str]) -> Redaction:
    """:param given: it fits the schema."""
    entries = list(given)
    added = [entry for entry in entries if not entry.startswith("-")]
    taken = [entry[1:] for entry in entries if entry.startswith("-")]
    kept = [entry for entry in default if not any(covers(away, entry) for away in taken)]
    known = list(default)
    shown = [away for away in taken if not any(covers(one, away) for one in added)]
    lower = {entry.lower() for entry in kept}
    return Redaction(
        hidden=(*kept, *(entry for entry in dict.fromkeys(added) if entry.lower() not in lower)),
        shown=tuple(away for away in shown if _touches(away, known)),
        idle=tuple(away for away in taken if not _touches(away, known)),
    )


def covers(pattern: str, text: str) -> bool:
    """Whether the text is one of what the pattern stands for; a text that is a pattern, whether all of it is."""
    # A pseudo header (:path) is one only where it is named.
    if pattern.startswith("*") and text.startswith(":"):
        return False
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), text, re.IGNORECASE | re.DOTALL) is not None


def _touches(away: str, known: Iterable[str]) -> bool:
    return any(covers(away, entry) or covers(entry, away) for entry in known)
