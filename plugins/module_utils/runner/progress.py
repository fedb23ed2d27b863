"""Lines that tell, while a module runs, what it is doing.

A module can't print: the action plugin of the same name gives it a file and shows what is
appended to it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..engine.commands import Tell

Report = Callable[[Tell], None]


def silent(_tell: Tell) -> None:
    """Where nobody listens."""


def to_file(path: str | None) -> Report:
    """A reporter that appends JSON lines to a file; safe to share between threads.

    The first line is the id of this process, for who wants to end the run: signals have to be handled by then.
    """
    if not path:
        return silent
    lock = threading.Lock()

    def append(content: dict[str, Any]) -> None:
        line = json.dumps(content) + "\n"
        # A full disk must not end a rollout.
        with suppress(OSError), lock, Path(path).open("a", encoding="utf-8") as file:
            file.write(line)

    append({"process": os.getpid()})
    return lambda tell: append({"at": round(time.time(), 1), **asdict(tell)})
