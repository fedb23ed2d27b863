"""Lines that tell, while a module runs, what it is doing.

A module can't print: the action plugin of the same name gives it a file and shows what is
appended to it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

# (namespace, what happened); "" as namespace: the wave as a whole
Report = Callable[[str, str], None]


def silent(_namespace: str, _text: str) -> None:
    """Where nobody listens."""


def to_file(path: str | None) -> Report:
    """A reporter that appends JSON lines to a file; safe to share between threads."""
    if not path:
        return silent
    lock = threading.Lock()

    def report(namespace: str, text: str) -> None:
        line = json.dumps({"at": round(time.time(), 1), "namespace": namespace, "text": text})
        with lock, Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    return report
