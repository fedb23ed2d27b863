# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run in lines for people: one per namespace."""

from __future__ import annotations

import textwrap
from typing import Any

from ansible import constants as C
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import FAILURES, Outcome

from .screen import Screen, columns

NAMES_MAX = 10
COLORS = {
    Outcome.UNCHANGED: C.COLOR_OK,
    Outcome.DEPLOYED: C.COLOR_CHANGED,
    Outcome.REMOVED: C.COLOR_CHANGED,
    Outcome.SKIPPED: C.COLOR_SKIP,
    Outcome.HELD: C.COLOR_SKIP,
    Outcome.NOT_STARTED: C.COLOR_WARN,
    Outcome.FAILED: C.COLOR_ERROR,
    Outcome.ROLLBACK_FAILED: C.COLOR_ERROR,
    Outcome.ROLLED_BACK: C.COLOR_ERROR,
}


def recap(screen: Screen, verdicts: list[dict[str, Any]], later: list[str], check_mode: bool, whole: bool) -> None:
    """What went wrong comes last, where the eye ends.

    :param later: namespaces of batches that come after this one.
    :param whole: tell failures whole; else only their reason, as Ansible's own line of that host follows.
    """
    begun = [entry for entry in verdicts if entry["verdict"] != Outcome.NOT_STARTED.value]
    ordered = sorted(begun, key=_failed)
    words = [_word(entry, check_mode) for entry in ordered]
    names_width = max((len(entry["name"]) for entry in ordered), default=0)
    words_width = max((len(word) for word in words), default=0)
    for entry, word in zip(ordered, words, strict=True):
        said = entry["message"] if whole or not _failed(entry) else entry["reason"]
        head = f"  {entry['name']:<{names_width}}  {word:<{words_width}}  "
        for line in _wrapped(head, said, screen):
            screen.line(line, COLORS.get(entry["verdict"]))
    for reason, names in _not_started(verdicts).items():
        _names(screen, f"not started ({reason})" if reason else "not started", names)
    if any(map(_failed, begun)) and later:
        _names(screen, "not started unless the next batch is allowed to begin", later)


def _failed(entry: dict[str, Any]) -> bool:
    return entry["verdict"] in FAILURES


def _word(entry: dict[str, Any], check_mode: bool) -> str:
    return f"would be {entry['verdict']}" if check_mode and entry["changed"] else entry["verdict"]


def _not_started(verdicts: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Their names by reason."""
    found: dict[str, list[str]] = {}
    for entry in verdicts:
        if entry["verdict"] == Outcome.NOT_STARTED.value:
            found.setdefault(entry["reason"], []).append(entry["name"])
    return found


def _names(screen: Screen, what: str, names: list[str]) -> None:
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    for line in _wrapped(f"  {what}: ", f"{', '.join(names[:NAMES_MAX])}{more}", screen):
        screen.line(line, COLORS[Outcome.NOT_STARTED])


def _wrapped(head: str, text: str, screen: Screen) -> list[str]:
    """Under each other on a terminal; in a log a line stays one, for grep."""
    width = columns()
    if not screen.live or len(head) + len(text) <= width:
        return [head + " ".join(text.split())]
    indent = " " * (len(head) if len(head) <= width // 2 else 4)
    return textwrap.wrap(head + text, width, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False)
