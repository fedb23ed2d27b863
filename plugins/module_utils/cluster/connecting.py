# SPDX-License-Identifier: Apache-2.0
"""The client is set up: it asks for the API server's version and groups, before any loop of ours sends again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .api import RETRIED, ApiException, retry_after

ATTEMPTS = 7
FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 5.0

Client = TypeVar("Client")


def connected(make: Callable[[], Client], sleep: Callable[[float], object] = time.sleep) -> Client:
    """What `make` gives; again and again while the API server, or a proxy before it, turns it away.

    Not where there is no answer at all: that is mostly a wrong address, and is to be told at once.
    """
    pause = FIRST_PAUSE_SECONDS
    for _attempt in range(ATTEMPTS - 1):
        try:
            return make()
        except ApiException as error:
            if error.status not in RETRIED:
                raise
            sleep(max(pause, retry_after(error.headers)))
        pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
    return make()
