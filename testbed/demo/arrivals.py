# SPDX-License-Identifier: Apache-2.0
"""Traces as they come in at the backend: each is shown, until every workload has sent enough of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from .cluster import Cluster
from .screen import DIM, Screen
from .trace import HEAD, Trace, line
from .waiting import until

EACH = 2
"""From every workload: one could be a remainder."""
SHOWN_MOST = 4
"""Of one workload; a busy one would push the others off the screen."""
ARRIVE_SECONDS = 90.0


class Arrivals:
    def __init__(self, screen: Screen, cluster: Cluster, wanted: set[str], fits: Callable[[Trace], bool]) -> None:
        self._screen, self._cluster, self._wanted, self._fits = screen, cluster, wanted, fits
        self._names: dict[str, str] = {}
        self._fitting: Counter[str] = Counter()
        self._next = 0
        self.left_out = 0
        self.unreadable = 0
        self.traces: list[Trace] = []

    def watch(self) -> None:
        """Only what comes from now on counts."""
        self._names = self._cluster.names()
        with self._screen.working("waiting for traces"):
            self._cluster.backend("DELETE", "/traces")
            self._next = self._cluster.backend("GET", "/traces?limit=0")["next"]
            self._screen.line(f"  {HEAD}", DIM)
            until(self._take, ARRIVE_SECONDS, lambda: f"No traces of the expected kind came from {self._missing()}")

    def name(self, address: str) -> str:
        host = address.rpartition(":")[0].strip("[]") or address
        return self._names.get(host, host)

    def _take(self) -> bool:
        answer = self._cluster.backend("GET", f"/traces?since={self._next}")
        self._next = answer["next"]
        for entry in answer["traces"]:
            if isinstance(entry.get("document"), dict):
                self._add(Trace(entry["received"], entry["document"]))
            else:
                self.unreadable += 1
        missing = self._missing()
        self._screen.says(f"waiting for traces of {missing}" if missing else "every workload has sent traces")
        return not missing

    def _add(self, trace: Trace) -> None:
        workload = self.name(trace.source)
        if not self._fits(trace):
            self.left_out += 1
            self._fitting[workload] = 0
            return
        self.traces.append(trace)
        self._fitting[workload] += 1
        if self._fitting[workload] <= SHOWN_MOST:
            self._screen.line(f"  {line(trace, self.name)}")

    def _missing(self) -> str:
        return ", ".join(sorted(name for name in self._wanted if self._fitting[name] < EACH))
