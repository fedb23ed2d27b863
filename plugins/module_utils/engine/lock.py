# SPDX-License-Identifier: Apache-2.0
"""The lock of one namespace, a Lease: asked for, waited for, kept, given back. Pure.

Whether another's Lease has expired is told by our own clock, by how long it has not changed; clocks are never
compared. Each request is sent once here, and not again by the bus: how long a lock is held counts from the moment
at which the request that took it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..deliveries.base import LEASES, collection
from ..domain.errors import ApiError, Conflict
from ..domain.names import MANAGED_BY, MANAGED_BY_LABEL, FilterNames
from ..domain.outcome import Reason
from ..kinds.base import Object
from . import lease
from .commands import Request, Send, Verb, WakeAt
from .lease import Terms, held_by
from .messages import Refusal, Reply, Woken
from .requests import SENT_AGAIN

LOOK_SECONDS = 2.0
REFUSED_SECONDS = 60.0
LEAVE_SECONDS = 5.0
NOT_FOUND = 404


class Phase(str, Enum):
    """Where a lock is on its way."""

    __str__ = str.__str__

    ASKING = "asking"
    # Somebody else has it.
    WAITING = "waiting"
    HELD = "held"
    LEAVING = "leaving"
    OVER = "over"


@dataclass(frozen=True)
class LockState:
    """`found`: the Lease as last seen, unchanged since `seen_at`. `failure`: (reason, message) of why it is not held.

    `sent_at`: when the last write was sent. `busy`: a request is under way. `leaving`: it goes when that is answered.
    """

    names: FilterNames
    namespace: str
    terms: Terms
    give_up_at: float
    phase: Phase = Phase.ASKING
    found: Object | None = None
    seen_at: float = 0.0
    sent_at: float = 0.0
    held_until: float = 0.0
    wake_at: float = 0.0
    refused_since: float | None = None
    busy: bool = True
    leaving: bool = False
    failure: tuple[Reason, str] | None = None
    # In check mode: who holds it.
    note: str = ""

    @property
    def path(self) -> str:
        return lease.path(self.names, self.namespace)


Step = tuple[LockState, "list[Send | WakeAt]"]


def begin(names: FilterNames, namespace: str, terms: Terms, now: float) -> Step:
    """Ask for it: most often nobody has it."""
    return _create(LockState(names, namespace, terms, give_up_at=now + terms.wait_seconds), now)


def held(state: LockState, now: float) -> bool:
    """Whether nobody else can have it."""
    return state.phase == Phase.HELD and now < state.held_until


def advance(state: LockState, message: Reply | Refusal | Woken, now: float) -> Step:
    """What becomes of it by what it is told."""
    if isinstance(message, Woken):
        return _woken(state, now)
    state = replace(state, busy=False)
    if state.phase == Phase.OVER:
        return state, []
    if isinstance(message, Refusal):
        return _refused(state, message, now)
    if message.request.verb == Verb.GET:
        return _looked(state, message.answer, now)
    if message.request.verb == Verb.DELETE:
        return _over(state), []
    state = replace(state, found=message.answer)
    if state.leaving:
        return _delete(state, now)
    return _kept(state)


def release(state: LockState, now: float) -> Step:
    """It is not needed any more."""
    if state.phase in (Phase.OVER, Phase.LEAVING):
        return state, []
    if state.terms.dry_run or (state.phase != Phase.HELD and not state.busy):
        return _over(state), []
    return (replace(state, leaving=True), []) if state.busy else _delete(state, now)


def abandon(state: LockState) -> LockState:
    """It is neither kept nor given back: it expires by itself."""
    return _over(state)


def lose(state: LockState, why: str) -> LockState:
    """Nothing may be written under it any more."""
    return _over(state, Reason.LOCK_LOST, f"the lock of the namespace was lost: {why}")


def _kept(state: LockState) -> Step:
    seconds = state.terms.lease_seconds
    if state.terms.dry_run:
        return replace(state, phase=Phase.HELD, held_until=float("inf")), []
    state = replace(state, phase=Phase.HELD, held_until=state.sent_at + seconds, wake_at=state.sent_at + seconds / 3)
    return state, [WakeAt(state.wake_at), WakeAt(state.held_until)]


def _woken(state: LockState, now: float) -> Step:
    if state.phase == Phase.HELD and now >= state.held_until:
        return lose(state, f"its Lease could not be renewed within {state.terms.lease_seconds} s"), []
    if state.busy or state.leaving or now < state.wake_at or state.phase in (Phase.LEAVING, Phase.OVER):
        return state, []
    return _renew(state, now) if state.phase == Phase.HELD else _look(state, now)


def _refused(state: LockState, refusal: Refusal, now: float) -> Step:
    error, verb = refusal.error, refusal.request.verb
    stale = isinstance(error, Conflict) or (error.status == NOT_FOUND and verb == Verb.REPLACE)
    if state.phase == Phase.LEAVING:
        # One more look: a renewal whose answer was lost may have changed it.
        again = stale and not state.leaving
        return _look(replace(state, leaving=True), now) if again else (_over(state), [])
    if state.leaving:
        return _look(replace(state, phase=Phase.LEAVING), now)
    if stale:
        return _look(state, now)
    if state.phase == Phase.HELD:
        return _wake(state, now + max(LOOK_SECONDS, error.retry_after))
    return _turned_away(state, error, now)


def _turned_away(state: LockState, error: ApiError, now: float) -> Step:
    since = now if state.refused_since is None else state.refused_since
    if error.status not in SENT_AGAIN or now - since >= REFUSED_SECONDS:
        return _over(state, Reason.API_REFUSED, str(error)), []
    return _wake(replace(state, refused_since=since), now + max(LOOK_SECONDS, error.retry_after))


def _looked(state: LockState, found: Object | None, now: float) -> Step:
    mine = found is not None and lease.holder(found) == state.terms.holder
    if state.leaving:
        return _delete(replace(state, found=found), now) if mine else (_over(state), [])
    if state.phase == Phase.HELD:
        if found is None:
            return lose(state, "somebody has deleted its Lease"), []
        return _renew(replace(state, found=found), now) if mine else (lose(state, f"taken by {held_by(found)}"), [])
    if found is None:
        return _create(state, now)
    if not lease.is_ours(found, state.names):
        text = f"Lease/{state.names.lease} exists and is not ours (no label {MANAGED_BY_LABEL}={MANAGED_BY})"
        return _over(state, Reason.FOREIGN_OBJECT, text), []
    if state.terms.dry_run:
        return _kept(replace(state, note=held_by(found)))
    return _of_another(state, found, mine, now)


def _of_another(state: LockState, found: Object, mine: bool, now: float) -> Step:
    if state.found is None or lease.version(found) != lease.version(state.found):
        state = replace(state, found=found, seen_at=now)
    expired = now - state.seen_at >= lease.seconds(found, state.terms)
    # It is ours where the answer to our own request was lost.
    if mine or expired or not lease.holder(found):
        return _write(state, Verb.REPLACE, state.path, lease.taken_over(found, state.terms, now), now)
    if now >= state.give_up_at:
        text = f"locked by {held_by(found)}, and still after {state.terms.wait_seconds:g} s (wasm_filter_lock_seconds)"
        return _over(state, Reason.LOCKED, text), []
    waiting = replace(state, phase=Phase.WAITING, refused_since=None)
    return _wake(waiting, min(now + LOOK_SECONDS, state.give_up_at))


def _create(state: LockState, now: float) -> Step:
    body = lease.new(state.names, state.namespace, state.terms, now)
    return _write(state, Verb.CREATE, collection(LEASES, state.namespace), body, now)


def _renew(state: LockState, now: float) -> Step:
    return _write(state, Verb.REPLACE, state.path, lease.renewed(state.found or {}, state.terms, now), now)


def _write(state: LockState, verb: Verb, path: str, body: Object, now: float) -> Step:
    request = Request(verb, path, body, state.names.field_manager)
    return replace(state, busy=True, sent_at=now), [Send(request, now)]


def _look(state: LockState, now: float) -> Step:
    return replace(state, busy=True), [Send(Request(Verb.GET, state.path), now)]


def _delete(state: LockState, now: float) -> Step:
    body = {"preconditions": lease.preconditions(state.found or {})}
    request = Request(Verb.DELETE, state.path, body)
    return replace(state, busy=True, phase=Phase.LEAVING), [Send(request, now + LEAVE_SECONDS)]


def _wake(state: LockState, at: float) -> Step:
    return replace(state, wake_at=at), [WakeAt(at)]


def _over(state: LockState, reason: Reason | None = None, text: str = "") -> LockState:
    return replace(state, phase=Phase.OVER, failure=(reason, text) if reason else state.failure)
