# SPDX-License-Identifier: Apache-2.0
"""The LISTs of a wave: first of all its namespaces, then again of those that were locked. Pure."""

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


class Readings:
    """:param read: told of the namespaces of each, when all of them are read."""

    def __init__(self, bus: Bus, context: Context, read: Callable[[dict[str, NamespaceRead], float], None]) -> None:
        self._bus, self._operation, self._read = bus, context.operation, read
        self._doubtful = partial(ill_before.in_doubt, context)
        self._first: Reading | None = None
        self._last: dict[str, Reading] = {}

    def begin(self, namespaces: list[str], now: float) -> None:
        """Read these; pods that are handled by nobody only once, as nothing depends on them."""
        pods = self._operation.restarts_pods and self._first is None
        reading = Reading(self._operation.names, namespaces, pods, self._doubtful, known=self._first)
        self._first = self._first or reading
        self._ask(reading, reading.begin(), now)

    def scope(self, kind: WorkloadKind, namespace: str) -> Scope:
        """What a watch or a LIST of that kind can be about, for this namespace: all, or it alone."""
        return None if (kind.kind, None) in self._last[namespace].versions else namespace

    def version(self, kind: WorkloadKind, namespace: str) -> str:
        """Where a watch goes on from."""
        return self._last[namespace].versions[kind.kind, self.scope(kind, namespace)]

    def _ask(self, reading: Reading, requests: list[Request], now: float) -> None:
        for request in requests:
            self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._answered, reading))
        if reading.finished:
            self._last.update(dict.fromkeys(reading.namespaces, reading))
            self._read(reading.namespaces, now)

    def _answered(self, reading: Reading, message: Reply | Refusal, now: float) -> None:
        self._ask(reading, reading.take(message), now)
