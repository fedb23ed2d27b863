# SPDX-License-Identifier: Apache-2.0
"""What the user sees: on a terminal a live last line with the seconds, else now and then a line of its own."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_SECONDS = 0.5
SILENCE_MOST = 10.0
SILENCE_LATER = 30.0
"""Where lines can't be written over, a waiting reader hears this often that all is well; after a minute less."""
BOLD, DIM, GREEN, RED = "1", "2", "32", "31"


class Screen:
    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = self.terminal and not os.environ.get("NO_COLOR")
        self._lock = threading.RLock()
        self._live = ""
        self._since = self._last = time.monotonic()

    def heading(self, text: str) -> None:
        self.line("")
        self.line(text, BOLD)

    def line(self, text: str, style: str = "") -> None:
        with self._lock:
            erase = "\r\x1b[K" if self._live and self.terminal else ""
            sys.stdout.write(f"{erase}{self.styled(text, style)}\n")
            self._last = time.monotonic()
            self._draw()

    def good(self, text: str) -> None:
        self.line(f"  {self.styled('ok', GREEN)}  {text}")

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if style and self._colour else text

    @contextmanager
    def working(self, text: str) -> Iterator[None]:
        """While the block runs, `text` and for how long; `says` changes it."""
        self._since = self._last = time.monotonic()
        ended = threading.Event()
        thread = threading.Thread(target=self._tick, args=(ended,), daemon=True)
        self.says(text)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            with self._lock:
                if self.terminal:
                    sys.stdout.write("\r\x1b[K")
                    sys.stdout.flush()
                self._live = ""

    def says(self, text: str) -> None:
        with self._lock:
            self._live = text
            self._draw()

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(TICK_SECONDS):
            with self._lock:
                self._draw()
                now = time.monotonic()
                silence = SILENCE_MOST if now - self._since < 60 else SILENCE_LATER
                if not self.terminal and now - self._last >= silence:
                    self.line(f"  {self._status()}")

    def _draw(self) -> None:
        if self._live and self.terminal:
            columns = shutil.get_terminal_size().columns
            sys.stdout.write("\r\x1b[K" + self.styled(f"  {self._status()}"[: columns - 1], DIM))
        sys.stdout.flush()

    def _status(self) -> str:
        seconds = int(time.monotonic() - self._since)
        took = f"{seconds} s" if seconds < 60 else f"{seconds // 60}:{seconds % 60:02d} min"
        return f"{self._live} .. {took}"
