# SPDX-License-Identifier: Apache-2.0
"""Looks at the pods and events of namespaces where a rollout does not go on: few, however many workloads ask. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..deliveries.base import collection
from ..domain.errors import Forbidden
from ..kinds.base import Object
from .bus import Bus
from .commands import Request, Send, Verb
from .members import Members
from .messages import Looked, Message, Refusal, Reply
from .reading import PODS
from .requests import REQUEST_SECONDS
from .workload_state import Key, Phase

EVENTS = ("/api/v1", "events")
LOOK_SECONDS = 10.0


@dataclass
class _Look:
    """The newest of a namespace. `asked_again`: somebody wants another one when its time has come."""

    began: float
    open: int = 0
    pods: list[Object] | None = None
    warnings: tuple[Object, ...] = ()
    asked_again: bool = False


class Looking:
    """One LIST of pods and one of events per namespace and ten seconds, for all of its workloads.

    :param tell: told what was seen, for each workload whose pods are being replaced.
    """

    def __init__(self, bus: Bus, members: Members, tell: Callable[[Key, Message, float], None]) -> None:
        self._bus, self._members, self._tell = bus, members, tell
        self._looks: dict[str, _Look] = {}
        # Where events may not be read.
        self._forbidden: set[str] = set()

    def want(self, namespace: str, now: float) -> None:
        """Now, or when the last look is old enough."""
        last = self._looks.get(namespace)
        if last is None or (not last.open and now >= last.began + LOOK_SECONDS):
            self._begin(namespace, now)
        elif not last.open and not last.asked_again:
            last.asked_again = True
            self._bus.wake(last.began + LOOK_SECONDS, lambda then: self._again(namespace, then))

    def _again(self, namespace: str, now: float) -> None:
        if any(one.phase == Phase.ROLLING for one in self._members.of(namespace)):
            self._looks[namespace].asked_again = False
            self.want(namespace, now)

    def _begin(self, namespace: str, now: float) -> None:
        look = self._looks[namespace] = _Look(now)
        requests = [Request(Verb.LIST, collection(PODS, namespace))]
        if namespace not in self._forbidden:
            requests.append(Request(Verb.LIST, collection(EVENTS, namespace), field_selector="type=Warning"))
        for request in requests:
            look.open += self._bus.send(Send(request, now + REQUEST_SECONDS), self._taking(namespace, look))

    def _taking(self, namespace: str, look: _Look) -> Callable[[Reply | Refusal, float], None]:
        def take(message: Reply | Refusal, now: float) -> None:
            look.open -= 1
            of_pods = message.request.path == collection(PODS, namespace)
            if isinstance(message, Refusal):
                # Without events less can be told, and what can be is told the same.
                if not of_pods and isinstance(message.error, Forbidden):
                    self._forbidden.add(namespace)
            elif of_pods:
                look.pods = message.answer[0]
            else:
                look.warnings = tuple(message.answer[0])
            if not look.open:
                self._told(namespace, Looked(look.pods, list(look.warnings)), now)

        return take

    def _told(self, namespace: str, looked: Looked, now: float) -> None:
        for one in self._members.of(namespace):
            if one.phase == Phase.ROLLING:
                self._tell(one.key, looked, now)
