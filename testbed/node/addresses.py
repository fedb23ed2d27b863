# SPDX-License-Identifier: Apache-2.0
"""Which pod addresses are taken. The lowest free ones are given out last-freed last: an address that is used again at
once would meet connections and caches of the pod that had it before."""

from __future__ import annotations

import threading
from collections import deque

from .. import network


class Addresses:
    def __init__(self) -> None:
        hosts = network.POD_NETWORK.hosts()
        self._fresh = (str(host) for host in hosts if str(host) != network.NODE_IP)
        self._freed: deque[str] = deque()
        self._lock = threading.Lock()

    def take(self) -> str:
        with self._lock:
            fresh = next(self._fresh, None)
            return fresh if fresh is not None else self._freed.popleft()

    def give_back(self, address: str) -> None:
        with self._lock:
            self._freed.append(address)
