# SPDX-License-Identifier: Apache-2.0
"""Between the machines and the executor: tokens, requests under way, timers, and what is to be done. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from .commands import Command, Request, Send, SetTimer, Tell
from .events import Answered, Failed
from .requests import READS, Handler, Requests, changes, namespace_of

# May this request, which changes the cluster, still be sent?
Guard = Callable[[Request, float], bool]


class Bus:
    """Commands collect in `out`. `stopping`: nothing that changes the cluster is sent any more.

    `guard`: asked before a request that changes the cluster is sent again.
    """

    def __init__(self, total: int) -> None:
        self.out: list[Command] = []
        self.stopping = False
        self.guard: Guard = lambda _request, _now: True
        # For lines of progress: namespaces with nothing under way, of how many, and workloads whose pods are replaced.
        self.done, self.total, self.rolling = 0, total, 0
        self._done_before = 0
        self.tokens = itertools.count(1).__next__
        self._requests = Requests(self.tokens)
        self._timers: dict[int, Callable[[float], None]] = {}

    def send(self, send: Send, handler: Handler, ends: bool = False) -> bool:
        """False: it would change the cluster, and the run is being stopped.

        :param ends: it is part of an orderly end.
        """
        if self.stopping and not ends and send.request.verb not in READS:
            return False
        self.out += self._requests.send(send, handler)
        return True

    def wake(self, at: float, handler: Callable[[float], None]) -> None:
        """Call the handler at that time, with the time that it is then."""
        token = self.tokens()
        self._timers[token] = handler
        self.out.append(SetTimer(token, at))

    def begin_wave(self) -> None:
        """What is counted from now on is of the next wave."""
        self._done_before = self.done

    def count(self, done: int, rolling: int) -> None:
        """How far the wave is, for the lines of progress that follow."""
        self.done, self.rolling = self._done_before + done, rolling

    def tell(self, namespace: str, text: str, step: bool = False) -> None:
        """A line of progress."""
        self.out.append(Tell(namespace, text, step, self.done, self.total, self.rolling))

    def answered(self, event: Answered | Failed, now: float) -> None:
        self.out += self._requests.answered(event, now, again=not self.stopping)

    def fired(self, token: int, now: float) -> bool:
        """False for a timer that is not of here."""
        handler = self._timers.pop(token, None)
        if handler is not None:
            handler(now)
            return True
        sent = self._requests.fired(token, now, lambda request, then: not changes(request) or self.guard(request, then))
        self.out += sent
        return bool(sent)

    def give_up(self, now: float, namespace: str = "") -> None:
        """Nothing, or nothing of a namespace, is sent again."""
        self._requests.give_up(now, lambda request: not namespace or namespace_of(request) == namespace)

    def writes_under_way(self, namespace: str = "") -> int:
        """Requests that change the cluster, or a namespace of it, and have not been answered."""
        writes = self._requests.writes
        return writes[namespace] if namespace else writes.total()

    def taken(self) -> list[Command]:
        """What has collected."""
        out, self.out = self.out, []
        return out
