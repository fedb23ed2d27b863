# SPDX-License-Identifier: Apache-2.0
"""One workload on its way: planned, patched, rolled, compared once more. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Union

from ..deliveries.field_managers import blamed, is_known
from ..deliveries.workload_change import release_fields
from ..domain.errors import Conflict
from ..domain.outcome import NONE, Outcome, Reason
from ..domain.slim import slim
from ..kinds.base import Object, RolloutState, WorkloadKind
from . import ill_before, stalls
from .commands import Look, Request, Send, Verb, WakeAt
from .messages import Compared, Granted, Looked, Message, Refusal, Reply, Seen, Stopped, Woken
from .requests import MAYBE_DONE, REQUEST_SECONDS
from .workload_state import Context, Phase, WorkloadState, failed, is_newer, same_object
from .workload_stopped import stopped

NOT_FOUND = 404
CONFLICTS_MAX = 5
RECREATED_MAX = 3


Commands = list[Union[Send, WakeAt, Look]]  # noqa: UP007 - pylint of ansible-test knows no other
Step = tuple[WorkloadState, Commands]


def planned(
    kind: WorkloadKind,
    workload: Object,
    context: Context,
    now: float,
    recreated: int = 0,
    pods: list[Object] | None = None,
) -> WorkloadState:
    """A workload as it was read, with what is to be done to it. `pods`: its namespace's, if they were read."""
    change = context.operation.change(kind, workload)
    change, ill = ill_before.judged(context, kind, workload, change, pods or [])
    state = WorkloadState(
        kind, workload, change, Phase.DONE, change.outcome, str(change.reason), change.message, recreated=recreated
    )
    state = replace(state, ill=ill, operation=context.operation)
    if change.body is not None:
        return replace(state, phase=Phase.PENDING)
    # One that is on our revision already is waited for too: an earlier run may have been killed.
    if change.outcome == Outcome.UNCHANGED and change.to_revision != NONE and not context.dry_run:
        state = replace(state, phase=Phase.ROLLING, deadline=now + context.timeout_seconds)
        return _rolled_on(state, context, now)[0]
    return state


def advance(state: WorkloadState, message: Message, now: float, context: Context) -> Step:
    """What becomes of a workload by what it is told."""
    context = replace(context, operation=state.back or state.operation or context.operation)
    if isinstance(message, Granted):
        return _sent(state, context, now) if state.phase == Phase.PENDING else (state, [])
    if isinstance(message, Reply):
        return _answered(state, message, now, context)
    if isinstance(message, Refusal):
        return _refused(state, message, now)
    if isinstance(message, Seen):
        return _seen(state, message.object, now, context)
    if isinstance(message, Compared):
        return _compared(state, message.object, now, context)
    if isinstance(message, Stopped):
        return stopped(state, message), []
    if state.phase == Phase.ROLLING and isinstance(message, Looked):
        return _looked(state, message, now, context)
    if state.phase == Phase.ROLLING and isinstance(message, Woken):
        return _late(state, context, now) if now >= state.deadline else _sleeping(state, now)
    return state, []


def _sent(state: WorkloadState, context: Context, now: float) -> Step:
    body = state.change.body or {}
    # An apply body names its type, a merge patch does not.
    verb = Verb.APPLY if "apiVersion" in body else Verb.MERGE_PATCH
    request = Request(verb, _path(state), body, context.operation.names.field_manager, slim=True)
    return replace(state, phase=Phase.PATCHING), [Send(request, now + REQUEST_SECONDS)]


def _answered(state: WorkloadState, reply: Reply, now: float, context: Context) -> Step:
    if state.phase == Phase.PATCHING:
        return _patched(state, reply.answer, now, context)
    if state.phase == Phase.READING:
        step = _planned_again(state, reply.answer, now, context)
        return _caught_up(step, _unread(state, reply.answer), now, context)
    if state.phase == Phase.RELEASING:
        if reply.request.verb == Verb.GET:
            return _released(state, reply.answer, context, now)
        return replace(_with_object(state, reply.answer), phase=Phase.ROLLED), []
    return state, []


def _patched(state: WorkloadState, answer: Object, now: float, context: Context) -> Step:
    unread = state.unread
    state = replace(_with_object(state, answer), patched=True, patched_at=now, unread=None)
    missing = context.operation.missing(state.kind, state.change, state.object)
    if missing:
        verb = "would come back" if context.dry_run else "came back"
        text = f"an admission webhook or policy changes it: the patch {verb} without {' and '.join(missing)}"
        return failed(state, Reason.CHANGED_BY_ADMISSION, text), []
    if context.dry_run:
        return replace(state, phase=Phase.DONE), []
    deadline = now + context.timeout_seconds
    state = replace(state, phase=Phase.ROLLING, before=state.object, deadline=deadline, counts=(), wake_at=0.0)
    return _caught_up(_rolled_on(state, context, now), unread, now, context)


def _caught_up(step: Step, unread: Seen | None, now: float, context: Context) -> Step:
    """A watch was faster than the answer, and may have nothing more to tell."""
    if unread is None:
        return step
    state, commands = step
    state, more = _seen(state, unread.object, now, context)
    return state, commands + more


def _unread(state: WorkloadState, found: Object | None) -> Seen | None:
    """What a watch told while it was read; not of an object that is no more by the answer."""
    told = state.unread.object if state.unread else None
    if told is None or not same_object(state, told):
        return state.unread
    return state.unread if found is not None and same_object(state, found) else None


def _planned_again(state: WorkloadState, found: Object | None, now: float, context: Context) -> Step:
    """Somebody else was faster: what was planned is about an object that is no more."""
    if found is None:
        return _gone(state)
    made_anew = found["metadata"]["uid"] != state.object["metadata"]["uid"]
    fresh = planned(state.kind, _typed(state, found), context, now, state.recreated + made_anew)
    fresh = _following(state, fresh)
    fresh = replace(fresh, conflicts=state.conflicts, maybe_patched=state.maybe_patched and not made_anew)
    if made_anew and fresh.recreated > RECREATED_MAX:
        return failed(fresh, Reason.RECREATED, f"it was deleted and made anew {fresh.recreated} times meanwhile"), []
    if fresh.change.body is not None:
        if fresh.maybe_patched and fresh.change.from_revision == state.change.to_revision:
            # Ours, whose answer was lost, is in it but for what somebody dropped.
            fresh = replace(fresh, change=state.change.sent_again_as(fresh.change))
        return _sent(fresh, context, now)
    if fresh.outcome == Outcome.UNCHANGED and state.maybe_patched and not made_anew:
        # The change is there already: the answer to ours was lost on the way.
        mine = replace(fresh, change=state.change, outcome=state.change.outcome, object=state.object)
        return _patched(mine, fresh.object, now, context)
    return fresh, _wake(fresh)


def _refused(state: WorkloadState, refusal: Refusal, now: float) -> Step:
    error = refusal.error
    stale = isinstance(error, Conflict) or error.status == NOT_FOUND
    if stale and state.conflicts < CONFLICTS_MAX and refusal.request.verb != Verb.GET:
        phase = Phase.READING if state.phase == Phase.PATCHING else state.phase
        read = Send(Request(Verb.GET, _path(state)), now + REQUEST_SECONDS)
        lost = state.maybe_patched or refusal.resent
        return replace(state, phase=phase, conflicts=state.conflicts + 1, maybe_patched=lost), [read]
    if state.phase == Phase.RELEASING:
        # The pods are as they should be; only the next server-side apply of an owner may conflict.
        note = f"fields of it are still owned by our field manager: {error}"
        return replace(state, phase=Phase.ROLLED, message=note), []
    maybe = state.maybe_patched or refusal.resent or error.status in MAYBE_DONE
    unknown = "; it may have been done all the same" if error.status in MAYBE_DONE else ""
    return failed(replace(state, maybe_patched=maybe), Reason.API_REFUSED, f"{error}{unknown}"), []


def _seen(state: WorkloadState, found: Object | None, now: float, context: Context) -> Step:
    if state.phase in (Phase.PATCHING, Phase.READING):
        return replace(state, unread=Seen(found)), []
    deleted = state.phase == Phase.DONE and state.reason == Reason.WORKLOAD_DELETED
    if state.phase not in (Phase.PENDING, Phase.ROLLING, Phase.RELEASING, Phase.ROLLED) and not deleted:
        return state, []
    if found is None:
        return (state, []) if deleted else _gone(state)
    if deleted or not same_object(state, found):
        return _made_anew(state, found, now, context)
    if state.phase == Phase.PENDING or not is_newer(found, state.object):
        return state, []
    state = _with_object(state, found)
    if _reverted(state, context):
        return _revert(state, context), []
    return _rolled_on(state, context, now) if state.phase == Phase.ROLLING else (state, [])


def _compared(state: WorkloadState, found: Object | None, now: float, context: Context) -> Step:
    if state.phase != Phase.ROLLED:
        return state, []
    state, commands = _seen(state, found, now, context)
    return (replace(state, phase=Phase.DONE), commands) if state.phase == Phase.ROLLED else (state, commands)


def _made_anew(state: WorkloadState, found: Object, now: float, context: Context) -> Step:
    fresh = planned(state.kind, _typed(state, found), context, now, state.recreated + 1)
    fresh = _following(state, fresh)
    if fresh.recreated > RECREATED_MAX:
        return failed(fresh, Reason.RECREATED, f"it was deleted and made anew {fresh.recreated} times meanwhile"), []
    return fresh, _wake(fresh)


def _following(state: WorkloadState, fresh: WorkloadState) -> WorkloadState:
    """What was planned anew goes the way, forward or back, that the one before it was on."""
    fresh = replace(fresh, former_patched=state.former_patched or state.patched, operation=state.operation)
    return replace(fresh, back=state.back, cause=state.cause, forward=state.forward)


def _gone(state: WorkloadState) -> Step:
    return replace(
        state,
        phase=Phase.DONE,
        outcome=Outcome.SKIPPED,
        reason=Reason.WORKLOAD_DELETED,
        message="it was deleted meanwhile",
    ), []


def _rolled_on(state: WorkloadState, context: Context, now: float) -> Step:
    """Where its pods are now."""
    rollout = state.kind.rollout(state.object, state.before)
    state = stalls.moved(state, rollout, now)
    if rollout.state == RolloutState.HELD and state.patched:
        return _held(state, Reason.ROLLOUT_HELD, rollout.message, context, now)
    if rollout.state in (RolloutState.ROLLED, RolloutState.HELD):
        return _releasing(state, context, now)
    # One that this run did not change may be ill for reasons of its own: it is enough that all pods are updated.
    if not state.patched and rollout.all_updated:
        return replace(state, phase=Phase.ROLLED, message=f"{rollout.message}, not changed by this run"), []
    if rollout.state == RolloutState.FAILED:
        text = ": ".join(filter(None, (rollout.message, rollout.trouble)))
        return _gave_up(replace(state, unexplained=True), Reason.ROLLOUT_FAILED, text, context, now)
    return _sleeping(state, now)


def _sleeping(state: WorkloadState, now: float) -> Step:
    state, commands = stalls.sleep(state, now)
    return state, [*commands]


def _looked(state: WorkloadState, message: Looked, now: float, context: Context) -> Step:
    """What its pods say of a rollout that does not move."""
    state = stalls.looked(state, message, now, context)
    found = stalls.given_up(state)
    if found is None or state.rollout is None:
        return state, []
    text = f"{state.rollout.message}: {found.text}"
    if found.node:
        return _held(state, Reason.NODE_DOWN, text, context, now)
    return _gave_up(state, Reason.ROLLOUT_FAILED, text, context, now)


def _held(state: WorkloadState, reason: Reason, message: str, context: Context, now: float) -> Step:
    return _releasing(replace(state, outcome=Outcome.HELD, reason=reason, message=message), context, now)


def _gave_up(state: WorkloadState, reason: Reason, message: str, context: Context, now: float) -> Step:
    if state.ill and state.patched and context.operation.done == Outcome.REMOVED:
        # Taken out it is all the same; what keeps its pods is not of this run.
        return _held(state, Reason.ILL_BEFORE, f"{message}; it was ill before: {state.ill}", context, now)
    before = f"; it was ill before: {state.ill}" if state.ill else ""
    return failed(state, reason, message + before), []


def _releasing(state: WorkloadState, context: Context, now: float) -> Step:
    manager = context.operation.names.field_manager
    if not (state.patched and state.change.to_revision == NONE and is_known(state.object, manager)):
        return replace(state, phase=Phase.ROLLED), []
    # Whole, as the entries of the others have to be sent back as they are.
    return replace(state, phase=Phase.RELEASING), [Send(Request(Verb.GET, _path(state)), now + REQUEST_SECONDS)]


def _released(state: WorkloadState, found: Object | None, context: Context, now: float) -> Step:
    if found is None:
        return _gone(state)
    names = context.operation.names
    state, body = _with_object(state, slim(found)), release_fields(found, names)
    if body is None:
        return replace(state, phase=Phase.ROLLED), []
    request = Request(Verb.MERGE_PATCH, _path(state), body, names.field_manager, slim=True)
    return state, [Send(request, now + REQUEST_SECONDS)]


def _late(state: WorkloadState, context: Context, now: float) -> Step:
    waiting = state.rollout.message if state.rollout else "not seen by its controller"
    text = f"{waiting} after {context.timeout_seconds:g} s"
    return _gave_up(replace(state, unexplained=True), Reason.ROLLOUT_TIMEOUT, text, context, now)


def _reverted(state: WorkloadState, context: Context) -> bool:
    return bool(
        state.change.outcome != Outcome.SKIPPED
        and not state.object["metadata"].get("deletionTimestamp")
        and context.operation.missing(state.kind, state.change, state.object)
    )


def _revert(state: WorkloadState, context: Context) -> WorkloadState:
    missing = context.operation.missing(state.kind, state.change, state.object)
    by = blamed(state.kind, state.before, state.object, context.operation.names)
    gone = "put back" if context.operation.done == Outcome.REMOVED else "taken out"
    text = f"{' and '.join(missing)} {'was' if len(missing) == 1 else 'were'} {gone} after the patch, by {by}"
    return failed(state, Reason.REVERTED, text)


def _wake(state: WorkloadState) -> Commands:
    return [WakeAt(state.wake_at)] if state.phase == Phase.ROLLING else []


def _path(state: WorkloadState) -> str:
    return state.kind.path(state.namespace, state.name)


def _with_object(state: WorkloadState, found: Object) -> WorkloadState:
    return replace(state, object=_typed(state, found))


def _typed(state: WorkloadState, found: Object) -> Object:
    """Items of a LIST come without their type."""
    return {"apiVersion": state.kind.api_version, "kind": state.kind.kind, **found}
