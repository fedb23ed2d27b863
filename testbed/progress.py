# SPDX-License-Identifier: Apache-2.0
"""How the leader tells the `up` that started it how far it is: one JSON object a line over an inherited pipe."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from typing import TextIO

from .errors import TestbedError


class Reporter:
    def __init__(self, fd: int) -> None:
        self._pipe = os.fdopen(fd, "w", buffering=1)

    def step(self, text: str) -> None:
        self._send({"step": text})

    def fail(self, text: str) -> None:
        self._send({"error": text})

    def done(self) -> None:
        self._send({"done": True})
        with contextlib.suppress(OSError):
            self._pipe.close()

    def _send(self, message: dict[str, object]) -> None:
        # `up` may have been interrupted; the mesh decides by its own errors, not by who still listens.
        with contextlib.suppress(OSError, ValueError):
            self._pipe.write(json.dumps(message) + "\n")


def follow(pipe: TextIO, report: Callable[[str], None]) -> None:
    """Returns when the leader is done; raises what it failed with."""
    for line in pipe:
        message = json.loads(line)
        if "error" in message:
            raise TestbedError(message["error"])
        if "done" in message:
            return
        report(message["step"])
    raise TestbedError("the mesh's leader ended before it was ready")
