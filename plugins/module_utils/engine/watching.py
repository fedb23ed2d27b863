# SPDX-License-Identifier: Apache-2.0
"""Watches of workloads: kept alive over lost connections and expired versions. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from ..domain.errors import Expired
from ..kinds.base import Object, WorkloadKind
from .bus import Bus
from .commands import EndWatch, Request, Send, StartWatch, Verb
from .events import WatchClosed, WatchEvent
from .messages import Refusal, Reply

PAUSE_SECONDS = 1.0
RELIST_SECONDS = 60.0

Scope: TypeAlias = "str | None"


@dataclass(frozen=True)
class Watch:
    """One kind, in one namespace or in all; `version`: where it goes on from."""

    kind: WorkloadKind
    scope: Scope
    version: str


class Watching:
    """The watches of a wave, by token.

    :param seen: told of each event: (kind, scope of the watch, its type, the object, now).
    :param listed: told of a whole LIST: (kind, scope, objects by namespace and name, now).
    """

    def __init__(
        self,
        bus: Bus,
        seen: Callable[[WorkloadKind, Scope, str, Object, float], None],
        listed: Callable[[WorkloadKind, Scope, dict[tuple[str, str], Object], float], None],
    ) -> None:
        self._bus, self._seen, self._listed = bus, seen, listed
        self._watches: dict[int, Watch] = {}
        self._wanted: set[tuple[str, Scope]] = set()

    def want(self, kind: WorkloadKind, scope: Scope, version: str) -> None:
        """From now on, if not yet."""
        if (kind.kind, scope) not in self._wanted:
            self._wanted.add((kind.kind, scope))
            self._start(Watch(kind, scope, version))

    def end(self) -> None:
        """Of no use any more."""
        for token in self._watches:
            self._bus.out.append(EndWatch(token))
        self._watches.clear()
        self._wanted.clear()

    def event(self, event: WatchEvent, now: float) -> None:
        """Something has changed."""
        watch = self._watches.get(event.token)
        if watch is None:
            return
        version = event.object["metadata"]["resourceVersion"]
        self._watches[event.token] = replace(watch, version=version)
        if event.type != "BOOKMARK":
            self._seen(watch.kind, watch.scope, event.type, event.object, now)

    def closed(self, event: WatchClosed, now: float) -> None:
        """What was missed shows in the next LIST; a watch whose time was over has missed nothing."""
        watch = self._watches.pop(event.token, None)
        if watch is None:
            return
        if event.error is None:
            # It goes on from where it was. Not at once: a proxy may end every watch as soon as it is open.
            self._bus.wake(now + PAUSE_SECONDS, lambda _then: self._resume(watch))
        elif isinstance(event.error, Expired):
            self._list(watch, now)
        else:
            self._pause(watch, now)

    def _resume(self, watch: Watch) -> None:
        if self._is_wanted(watch):
            self._start(watch)

    def _start(self, watch: Watch) -> None:
        token = self._bus.tokens()
        self._watches[token] = watch
        self._bus.out.append(StartWatch(token, watch.kind.collection(watch.scope), watch.version))

    def _pause(self, watch: Watch, now: float) -> None:
        self._bus.wake(now + PAUSE_SECONDS, partial(self._list, watch))

    def _list(self, watch: Watch, now: float) -> None:
        if not self._is_wanted(watch):
            return

        def take(message: Reply | Refusal, then: float) -> None:
            if not self._is_wanted(watch):
                return
            if isinstance(message, Refusal):
                self._pause(watch, then)
                return
            items, version = message.answer
            found = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in items}
            self._start(replace(watch, version=version))
            self._listed(watch.kind, watch.scope, found, then)

        self._bus.send(
            Send(Request(Verb.LIST, watch.kind.collection(watch.scope), slim=True), now + RELIST_SECONDS), take
        )

    def _is_wanted(self, watch: Watch) -> bool:
        return (watch.kind.kind, watch.scope) in self._wanted
