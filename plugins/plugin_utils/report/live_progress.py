# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what a module appends to its progress file, while it runs."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .interruption import Interruption
from .screen import LOG_COLUMNS, Screen, shortened

INTERVAL_SECONDS = 0.2
# A log is never silent for longer, and neither is a build that is stopped where it says nothing.
HEARTBEAT_SECONDS = 5.0


class LiveProgress:
    """While the block runs: where somebody watches one line that changes, else whole lines on standard error.

    `told`: the last that each namespace has told of each of its objects, for when the module ends without an answer.
    """

    def __init__(self, path: str, namespaces: int, screen: Screen, interruption: Interruption | None) -> None:
        self.told: dict[str, dict[str, str]] = defaultdict(dict)
        # Held open: ansible-playbook takes its temporary directory along when it ends before this worker.
        self._file = Path(path).open(encoding="utf-8")  # noqa: SIM115
        self._screen = screen
        self._interruption = interruption
        self._done, self._total, self._rolling = 0, namespaces, 0
        self._offset = 0
        self._shown = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> LiveProgress:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()
        self._file.close()
        self._screen.clear()

    def _follow(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(INTERVAL_SECONDS)
            for event in self._new():
                self._take(event)
            if self._interruption:
                self._interruption.hand_on()
            self._beat()

    def _new(self) -> Iterator[dict[str, Any]]:
        self._file.seek(self._offset)
        while (line := self._file.readline()).endswith("\n"):
            self._offset = self._file.tell()
            # A full disk leaves half a line, and the next one glued to it.
            with contextlib.suppress(ValueError):
                yield json.loads(line)

    def _take(self, event: dict[str, Any]) -> None:
        if "process" in event:
            if self._interruption:
                self._interruption.module(event["process"])
            return
        self._done, self._total, self._rolling = event["done"], event["total"], event["rolling"]
        self.told[event["namespace"]][event["text"].partition(" ")[0]] = event["text"]
        text = f"{event['namespace']}: {event['text']}"
        if self._screen.live:
            self._screen.change(f"  {self._counts()}; {text}")
        elif not event["step"]:
            self._say(f"  {text}")

    def _beat(self) -> None:
        if self._screen.live or time.monotonic() - self._shown < HEARTBEAT_SECONDS:
            return
        self._say(f"  still waiting: {self._counts()}")

    def _counts(self) -> str:
        more = f", {self._rolling} rolling" if self._rolling else ""
        return f"{self._done} of {self._total} namespaces done{more}"

    def _say(self, text: str) -> None:
        self._screen.line(shortened(text, LOG_COLUMNS), stderr=True)
        self._shown = time.monotonic()
