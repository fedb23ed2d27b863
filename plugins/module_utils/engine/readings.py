# SPDX-License-Identifier: Apache-2.0
"""The LISTs of a wave: its namespaces, those that were locked once more, and what was set there at the end. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..kinds.base import WorkloadKind
from . import ill_before
from .bus import Bus
from .commands import Request, Send
from .messages import Refusal, Reply
from .reading import NamespaceRead, Reading, Scope
from .requests import REQUEST_SECONDS
from .workload_state import Context

Read = Callable[[dict[str, NamespaceRead], float], None]


class Readings:
    """:param read: told of the namespaces of each, when all of them are read."""

    def __init__(self, bus: Bus, context: Context, read: Read) -> None:
        self._bus, self._operation, self._read = bus, context.operation, read
        self._doubtful = partial(ill_before.in_doubt, context)
        self._first: Reading | None = None
        self._last: dict[str, Reading] = {}

    def begin(self, namespaces: list[str], now: float) -> None:
        """Read these; pods that are handled by nobody only once, as nothing depends on them."""
        pods = self._operation.restarts_pods and self._first is None
        reading = Reading(self._operation.names, namespaces, pods, self._doubtful, known=self._first)
        self._first = self._first or reading
        self._ask(reading, reading.begin(), now, self._noted(reading))

    def objects(self, namespaces: list[str], read: Read, now: float) -> None:
        """Read the filter's own objects of these once more. `read`: told of them when all are read."""
        reading = Reading(self._operation.names, namespaces, False, known=self._first, kinds=())
        self._ask(reading, reading.begin(), now, read)

    def scope(self, kind: WorkloadKind, namespace: str) -> Scope:
        """What a watch or a LIST of that kind can be about, for this namespace: all, or it alone."""
        return None if (kind.kind, None) in self._last[namespace].versions else namespace

    def version(self, kind: WorkloadKind, namespace: str) -> str:
        """Where a watch goes on from."""
        return self._last[namespace].versions[kind.kind, self.scope(kind, namespace)]

    def _noted(self, reading: Reading) -> Read:
        def noted(found: dict[str, NamespaceRead], now: float) -> None:
            self._last.update(dict.fromkeys(found, reading))
            self._read(found, now)

        return noted

    def _ask(self, reading: Reading, requests: list[Request], now: float, read: Read) -> None:
        for request in requests:
            self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._answered, reading, read))
        if reading.finished:
            read(reading.taken_out(), now)

    def _answered(self, reading: Reading, read: Read, message: Reply | Refusal, now: float) -> None:
        self._ask(reading, reading.take(message), now, read)
