# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what a module appends to its progress file, while it runs; and the recap at its end."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.utils.display import Display
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import outcome

# Asked at import: a forked worker's standard output is no terminal any more.
ON_TERMINAL = sys.stdout.isatty()
INTERVAL_SECONDS = 0.2
COLUMNS = 110
COLORS = {
    outcome.UNCHANGED: C.COLOR_OK,
    outcome.DEPLOYED: C.COLOR_CHANGED,
    outcome.REMOVED: C.COLOR_CHANGED,
    outcome.SKIPPED: C.COLOR_SKIP,
    outcome.FAILED: C.COLOR_ERROR,
}

display = Display()


class LiveProgress:
    """While the block runs: on a terminal one line that changes, else lines on standard error, without mere steps."""

    def __init__(self, path: str, namespaces: int) -> None:
        self._path = Path(path)
        self._namespaces = namespaces
        self._seen: set[str] = set()
        self._offset = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> LiveProgress:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()
        if ON_TERMINAL and self._offset:
            display.display("\r\x1b[K", newline=False, screen_only=True)

    def _follow(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(INTERVAL_SECONDS)
            for event in self._new():
                self._show(event)

    def _new(self) -> Iterator[dict[str, Any]]:
        with self._path.open(encoding="utf-8") as file:
            file.seek(self._offset)
            while (line := file.readline()).endswith("\n"):
                self._offset = file.tell()
                # A full disk leaves half a line, and the next one glued to it.
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def _show(self, event: dict[str, Any]) -> None:
        text = f"{event['namespace']}: {event['text']}"
        if ON_TERMINAL:
            self._seen.add(event["namespace"])
            line = f"  {len(self._seen)} of {self._namespaces} namespaces  {text}"
            display.display(f"\r\x1b[K{line[:COLUMNS]}", newline=False, screen_only=True)
        elif not event["step"]:
            display.display(f"  {text}", stderr=True)


def recap(verdicts: list[dict[str, Any]], not_started: list[str], check_mode: bool) -> None:
    """One line per namespace, what went wrong last, where the eye ends."""
    width = max((len(entry["name"]) for entry in verdicts), default=0)
    for entry in sorted(verdicts, key=lambda one: one["verdict"] == outcome.FAILED):
        word = f"would be {entry['verdict']}" if check_mode and entry["changed"] else entry["verdict"]
        display.display(
            f"  {entry['name']:<{width}}  {word:<10}  {entry['message']}", color=COLORS.get(entry["verdict"])
        )
    if not_started and any(entry["verdict"] == outcome.FAILED for entry in verdicts):
        shown = ", ".join(not_started[:10]) + (f" and {len(not_started) - 10} more" if len(not_started) > 10 else "")
        display.display(f"  not started unless the next wave is allowed to begin: {shown}", color=C.COLOR_WARN)
