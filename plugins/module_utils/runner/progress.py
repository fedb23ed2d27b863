"""Lines that tell, while a module runs, what it is doing.

A module can't print: the action plugin of the same name gives it a file and shows what is
appended to it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# (namespace, what happened, whether it is a mere step on the way to something that is told too)
Report = Callable[[str, str, bool], None]


def silent(_namespace: str, _text: str, _step: bool) -> None:
    """Where nobody listens."""


def to_file(path: str | None) -> Report:
    """A reporter that appends JSON lines to a file; safe to share between threads."""
    if not path:
        return silent
    lock = threading.Lock()

    def report(namespace: str, text: str, step: bool) -> None:
        line = json.dumps({"at": round(time.time(), 1), "namespace": namespace, "text": text, "step": step})
        # A full disk must not end a rollout.
        with suppress(OSError), lock, Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    return report
