# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where lines for people go: a terminal that somebody watches, or a log."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from contextlib import suppress

from ansible import constants as C
from ansible.utils.color import stringc
from ansible.utils.display import Display

LOG_COLUMNS = 160
# ansible-runner (AWX, Automation Controller) and builds run in a pseudo-terminal that ends in a file.
UNWATCHED = ("AWX_ISOLATED_DATA_DIR", "CI", "JENKINS_URL", "TF_BUILD")

display = Display()


def _duplicate() -> int:
    try:
        return os.dup(1)
    except OSError:
        return -1


# At import, which is in ansible-playbook itself: a worker's own standard output leads nowhere.
DESCRIPTOR = _duplicate()


def columns() -> int:
    """The terminal's width as it is now; 0: there is no terminal, or one that nobody looks at."""
    try:
        return os.get_terminal_size(DESCRIPTOR).columns
    except OSError:
        return 0


def watched(environment: Mapping[str, str]) -> bool:
    """Whether a line may change before somebody's eyes."""
    plain = environment.get("TERM", "") in ("", "dumb", "unknown")
    return not plain and columns() > 0 and not any(environment.get(name) for name in UNWATCHED)


class Screen:
    """Lines through Ansible's display; past it from `past_display` on, when what it is given would be lost."""

    def __init__(self) -> None:
        self.live = watched(os.environ)
        self._direct = False
        self._changing = False

    def past_display(self) -> None:
        """ansible-playbook is about to end."""
        self._direct = True
        self.clear()

    def change(self, text: str) -> None:
        """Replace the one line that changes; it never wraps."""
        width = columns()
        self._raw(f"\r\x1b[K{shortened(text, width - 1) if width else text}")
        self._changing = True

    def clear(self) -> None:
        """Take the line that changes away."""
        if self._changing:
            self._raw("\r\x1b[K")
        self._changing = False

    def line(self, text: str, color: str | None = None, stderr: bool = False) -> None:
        """A line that stays."""
        self.clear()
        color = color if self.live or C.ANSIBLE_FORCE_COLOR else None
        if self._direct:
            self._write(f"{stringc(text, color) if color else text}\n")
        else:
            display.display(text, color=color, stderr=stderr)

    def _raw(self, text: str) -> None:
        if self._direct:
            self._write(text)
        else:
            display.display(text, newline=False, screen_only=True)

    def _write(self, text: str) -> None:
        # The terminal may be gone.
        with suppress(OSError):
            os.write(DESCRIPTOR, text.encode(errors="replace"))


def shortened(text: str, width: int) -> str:
    """At most `width` characters of one line: whole words, and nothing that a terminal would obey."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    indent = printable[: len(printable) - len(printable.lstrip())]
    whole = indent + " ".join(printable.split())
    if len(whole) <= width:
        return whole
    return indent + textwrap.shorten(whole, max(width - len(indent), 4), placeholder=" ...")
