# SPDX-License-Identifier: Apache-2.0
"""A namespace's objects, one step after the other: created, made as they should be, tried, deleted. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..deliveries.base import ObjectStep, StepAction, revision_label
from ..deliveries.delivery import is_as_wanted
from ..deliveries.previous import gone, previous_of
from ..deliveries.release import envoy_filter_in
from ..domain.errors import Conflict
from ..domain.names import FILTER_LABEL, MANAGED_BY, MANAGED_BY_LABEL, FilterNames
from ..domain.outcome import Reason
from ..kinds.base import Object
from .commands import Request, Send, Verb
from .messages import Refusal, Reply
from .requests import REQUEST_SECONDS

CONFLICTS_MAX = 5


@dataclass(frozen=True)
class StepsState:
    """`at`: the step that is under way; `before` and `after`: what was changed so far, for a diff.

    `failure`: (reason, message) of the step that could not be done; those after it are not.
    """

    names: FilterNames
    steps: tuple[ObjectStep, ...]
    at: int = 0
    conflicts: int = 0
    maybe_done: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    # Labels of what was written, and of what was deleted.
    written: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    failure: tuple[Reason, str] | None = None
    # Those that changed something, each with what was there before it; and what is there under the name of this one.
    done: tuple[ObjectStep, ...] = ()
    found: Object | None = None

    @property
    def finished(self) -> bool:
        return self.failure is not None or self.at >= len(self.steps)

    @property
    def step(self) -> ObjectStep:
        return self.steps[self.at]


Step = tuple[StepsState, list[Send]]


def begin(names: FilterNames, steps: list[ObjectStep], now: float) -> Step:
    """The first step."""
    return _next(StepsState(names, tuple(steps)), now)


def advance(state: StepsState, message: Reply | Refusal, now: float) -> Step:
    """What becomes of them by an answer."""
    step = state.step
    if isinstance(message, Refusal):
        return _refused(state, message, now)
    if step.action == StepAction.FETCH:
        return _fetched(state, message.answer, now)
    if message.request.verb == Verb.GET:
        return _read(state, message.answer, now)
    gone_before = step.action == StepAction.DELETE and message.answer is False and not message.resent
    if step.action == StepAction.REHEARSE or gone_before:
        return _next(replace(state, at=state.at + 1), now)
    return _done(state, now)


def _next(state: StepsState, now: float) -> Step:
    if state.finished:
        return state, []
    step = state.step
    if step.action == StepAction.FETCH:
        return state, [_send(state, Verb.GET, step.path, None, now)]
    if step.action == StepAction.DELETE:
        return state, [_send(state, Verb.DELETE, step.path, None, now)]
    if step.action == StepAction.ENSURE and step.found is not None:
        return _replaced(replace(state, found=step.found), step.found, now)
    rehearsal = step.action == StepAction.REHEARSE
    return state, [_send(state, Verb.CREATE, step.collection, step.body, now, rehearsal)]


def _fetched(state: StepsState, config_map: Object | None, now: float) -> Step:
    """The step after it makes the EnvoyFilter what a revision was."""
    following = state.steps[state.at + 1]
    revision = state.step.name.rpartition("-")[2]
    body = envoy_filter_in(config_map, following.name) if config_map else None
    if body is None:
        return replace(state, failure=(Reason.NO_REVISION, gone(revision))), []
    before = previous_of(following.found or {"metadata": {}}, state.names)
    rest = before[before.index(revision) + 1 :] if revision in before else before
    body["metadata"]["annotations"] = {
        state.names.previous_annotation: ",".join(rest or ["none"]),
        state.names.back_from_annotation: revision_label(following.found or {"metadata": {}}),
    }
    steps = (*state.steps[: state.at + 1], replace(following, body=body), *state.steps[state.at + 2 :])
    return _next(replace(state, steps=steps, at=state.at + 1), now)


def _done(state: StepsState, now: float) -> Step:
    step = state.step
    deleted = step.action == StepAction.DELETE
    before = step.found if deleted else state.found
    return _next(
        replace(
            state,
            at=state.at + 1,
            written=state.written if deleted else (*state.written, step.label),
            gone=(*state.gone, step.label) if deleted else state.gone,
            conflicts=0,
            maybe_done=False,
            before={**state.before, **step.before},
            after={**state.after, **step.after},
            done=(*state.done, replace(step, found=before)),
            found=None,
        ),
        now,
    )


def _refused(state: StepsState, refusal: Refusal, now: float) -> Step:
    step, error = state.step, refusal.error
    stale = isinstance(error, Conflict) or (error.status == 404 and refusal.request.verb == Verb.REPLACE)
    if stale and state.conflicts < CONFLICTS_MAX:
        state = replace(state, conflicts=state.conflicts + 1, maybe_done=state.maybe_done or refusal.resent)
        return state, [_send(state, Verb.GET, step.path, None, now)]
    return replace(state, failure=(Reason.API_REFUSED, str(error))), []


def _read(state: StepsState, found: Object | None, now: float) -> Step:
    """What is there under the name of an object that was to be created or replaced."""
    step = state.step
    if found is None:
        # Created and deleted by somebody else meanwhile.
        rehearsal = step.action == StepAction.REHEARSE
        state = replace(state, found=None)
        return state, [_send(state, Verb.CREATE, step.collection, step.body, now, rehearsal)]
    if not _is_ours(found, state.names):
        name = f"{step.kind}/{found['metadata']['name']}"
        text = (
            f"{name} exists and is not ours (no label {MANAGED_BY_LABEL}={MANAGED_BY}): rename or delete it, "
            "or choose another wasm_filter_name or wasm_filter_config_map_name"
        )
        return replace(state, failure=(Reason.FOREIGN_OBJECT, text)), []
    if step.action == StepAction.REHEARSE:
        return _next(replace(state, at=state.at + 1, conflicts=0), now)
    if is_as_wanted(step, found):
        # Ours, its answer lost; or another run of the same release was faster.
        if state.maybe_done:
            return _done(state, now)
        # Whoever made it: beside what was deleted for it, once that comes back, it would be a second slot.
        beside = any(one.action == StepAction.DELETE for one in state.done)
        done = (*state.done, step) if beside else state.done
        return _next(replace(state, at=state.at + 1, conflicts=0, done=done), now)
    # What another run wrote with an answer of ours lost is ours already: before it was what was read first.
    before = step.found if state.maybe_done else found
    return _replaced(replace(state, found=before), found, now)


def _replaced(state: StepsState, found: Object, now: float) -> Step:
    step = state.step
    body = step.body or {}
    both = {
        key: {**(found["metadata"].get(key) or {}), **(body["metadata"].get(key) or {})}
        for key in ("labels", "annotations")
    }
    if state.names.back_from_annotation not in (body["metadata"].get("annotations") or {}):
        both["annotations"].pop(state.names.back_from_annotation, None)
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    wanted = {**body, "metadata": {**metadata, **{key: values for key, values in both.items() if values}}}
    return state, [_send(state, Verb.REPLACE, step.path, wanted, now)]


def _send(state: StepsState, verb: Verb, path: str, body: Object | None, now: float, rehearsal: bool = False) -> Send:
    request = Request(verb, path, body, state.names.field_manager, rehearsal=rehearsal)
    return Send(request, now + REQUEST_SECONDS)


def _is_ours(found: Object, names: FilterNames) -> bool:
    labels = found["metadata"].get("labels") or {}
    return bool(labels.get(MANAGED_BY_LABEL) == MANAGED_BY and labels.get(FILTER_LABEL) == names.name)
