# SPDX-License-Identifier: Apache-2.0
"""The locks of a wave's namespaces: their requests and timers, and who is told what becomes of them. Pure."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from ..domain.names import FilterNames
from ..domain.outcome import Reason
from . import lock
from .bus import Bus
from .commands import Request, Send, WakeAt
from .lease import Terms, held_by
from .lock import LockState, Phase
from .messages import Refusal, Reply, Woken
from .requests import namespace_of


class Owner(Protocol):
    """Who is told."""

    def locked(self, name: str, note: str, now: float) -> None:
        """The namespace is ours. `note`: in check mode, who has it."""

    def waits(self, name: str, holder: str) -> None:
        """Somebody else has it."""

    def not_locked(self, name: str, reason: Reason, message: str, now: float) -> None:
        """It is not to be had, or is ours no more."""


class Locks:
    """`asking`: namespaces of which nobody knows yet whether they can be had at once. `open`: all that is not over."""

    def __init__(self, bus: Bus, names: FilterNames, terms: Terms, owner: Owner) -> None:
        self._bus, self._names, self._terms, self._owner = bus, names, terms, owner
        self._locks: dict[str, LockState] = {}
        self.asking: set[str] = set()
        self.open: set[str] = set()

    def take(self, name: str, now: float) -> None:
        """Ask for the lock of a namespace."""
        state, sends = lock.begin(self._names, name, self._terms, now)
        self._put(name, state, sends, now)

    def held(self, name: str, now: float) -> bool:
        """Whether nobody else can have it. Where it could not be renewed in time, it is lost from here on."""
        state = self._locks.get(name)
        if state is None or state.phase != Phase.HELD:
            return False
        if not lock.held(state, now):
            self._told(name, Woken(), now)
        return lock.held(state, now)

    def since(self, name: str) -> str:
        """When the Lease was created, by the API server's clock, as Kubernetes writes times; empty: it is not ours."""
        state = self._locks.get(name)
        return str(((state.found or {}).get("metadata") or {}).get("creationTimestamp") or "") if state else ""

    def may_be_sent(self, request: Request, now: float) -> bool:
        """Whether the namespace of a request is ours."""
        return self.held(namespace_of(request), now)

    def release(self, name: str, now: float) -> None:
        """All is done, and has been answered."""
        if name in self.open:
            self._put(name, *lock.release(self._locks[name], now), now)

    def abandon(self, name: str) -> None:
        """Something may still be under way: nobody else is to begin before it expires."""
        if name in self.open:
            self._put(name, lock.abandon(self._locks[name]), [], 0.0)

    def _told(self, name: str, message: Reply | Refusal | Woken, now: float) -> None:
        self._put(name, *lock.advance(self._locks[name], message, now), now)

    def _put(self, name: str, state: LockState, commands: list[Send | WakeAt], now: float) -> None:
        old = self._locks.get(name)
        self._locks[name] = state
        (self.asking.add if state.phase == Phase.ASKING else self.asking.discard)(name)
        (self.open.discard if state.phase == Phase.OVER else self.open.add)(name)
        kept = state.phase in (Phase.HELD, Phase.LEAVING)
        for command in commands:
            if isinstance(command, WakeAt):
                self._bus.wake(command.at, lambda then: self._told(name, Woken(), then))
            elif not self._bus.send(command, partial(self._told, name), ends=kept):
                # The run is being stopped: nothing is begun that would need the lock.
                self._put(name, lock.abandon(state), [], now)
                return
        self._tell(name, old, state, now)

    def _tell(self, name: str, old: LockState | None, state: LockState, now: float) -> None:
        if state.phase == Phase.WAITING:
            if _holder(state) != _holder(old):
                self._owner.waits(name, _holder(state))
        elif old is None or old.phase == state.phase:
            return
        elif state.failure is not None:
            self._owner.not_locked(name, *state.failure, now)
        elif state.phase == Phase.HELD:
            self._owner.locked(name, state.note, now)


def _holder(state: LockState | None) -> str:
    """Who has what is waited for."""
    if state is None or state.found is None or state.phase != Phase.WAITING:
        return ""
    return held_by(state.found)
