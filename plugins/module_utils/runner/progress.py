# SPDX-License-Identifier: Apache-2.0
"""Lines that tell, while a module runs, what it is doing.

A module can't print: the action plugin of the same name gives it a file and shows what is
appended to it.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..engine.commands import Tell
from ..engine.events import Stop
from . import signals

Report = Callable[[Tell], None]


def silent(_tell: Tell) -> None:
    """Where nobody listens."""


def to_file(path: str | None) -> Report:
    """A reporter that appends JSON lines to a file; safe to share between threads."""
    if not path:
        return silent
    lock = threading.Lock()

    def report(tell: Tell) -> None:
        with lock:
            _append(path, {"at": round(time.time(), 1), **asdict(tell)})

    return report


def stoppable(path: str | None) -> Callable[[Callable[[Stop], None]], AbstractContextManager[None]]:
    """For a module: `signals.stops`, with a line that says which process handles signals from now on."""

    @contextmanager
    def stops(put: Callable[[Stop], None]) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            # For afterwards: who asks then must not keep the module from writing down what it has done.
            signal.signal(number, signal.SIG_IGN)
        with signals.stops(put, answer=signals.STANDARD_OUTPUT):
            if path:
                _append(path, {"process": os.getpid()})
            yield

    return stops


def _append(path: str, content: dict[str, Any]) -> None:
    # A full disk must not end a rollout.
    with suppress(OSError), Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")
