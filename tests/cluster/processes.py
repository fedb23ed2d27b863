# SPDX-License-Identifier: Apache-2.0
"""Processes that a test has started, with all that these have started."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def kill(process: int) -> None:
    """By SIGKILL, all of them as of one moment. Not by process group: ansible's workers are sessions of their own."""
    stopped: set[int] = set()
    # One that is not stopped yet may have started another meanwhile.
    while found := set(descendants(process)) - stopped:
        for one in found:
            _send(one, signal.SIGSTOP)
        stopped |= found
    for one in stopped - {process}:
        _send(one, signal.SIGKILL)
    _send(process, signal.SIGKILL)


def descendants(process: int) -> list[int]:
    """It and all that it has started, in whatever session."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # After the program's name, which may hold anything: state, parent.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


def _send(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
