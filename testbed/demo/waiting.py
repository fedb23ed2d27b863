# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to come true, with a deadline, and through what passes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from .api import Unreachable
from .errors import DemoError

POLL_SECONDS = 0.25


def until(true: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Asks until it is true; at the deadline fails with what `otherwise` says, and the last error if there was one."""
    deadline = time.monotonic() + seconds
    trouble = ""
    while True:
        try:
            if true():
                return
            trouble = ""
        except Unreachable as error:
            trouble = f"\nThe last answer was: {error}"
        if time.monotonic() > deadline:
            raise DemoError(f"{otherwise()} within {seconds:g} s.{trouble}")
        time.sleep(POLL_SECONDS)
