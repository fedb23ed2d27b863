# SPDX-License-Identifier: Apache-2.0
"""One namespace on its way: its objects, then its workloads, then what goes when those are done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ..deliveries.base import NamespaceObjects, ObjectStep, Operation, StepAction, collection
from ..deliveries.going_back import undone
from ..domain.names import FilterNames
from ..domain.outcome import Reason
from ..kinds.registry import KINDS
from ..probes.proof import PodProof
from . import object_steps
from .commands import Request, Send, Verb
from .messages import Refusal, Reply
from .object_steps import StepsState
from .reading import PODS, NamespaceRead
from .requests import REQUEST_SECONDS
from .workload_state import Cause

WAS_STOPPED = "the run was stopped"


class Phase(str, Enum):
    """Where a namespace is on its way."""

    __str__ = str.__str__

    READ = "read"
    # There is something to be done, and it waits for its lock; and then for being read again.
    LOCKING = "locking"
    OBJECTS = "objects"
    # Its workloads go their own ways, and those of the other namespaces of the wave.
    WORKLOADS = "workloads"
    # Why do pods not get ready?
    DIAGNOSIS = "diagnosis"
    # Which revisions does something refer to?
    HISTORY = "history"
    CLEANUP = "cleanup"
    # Its objects are made as they were before the run.
    BACK = "back"
    DONE = "done"


@dataclass(frozen=True)
class NamespaceState:
    """`open`: how many of its workloads are not settled yet. `failure`: (reason, message) of what ended its way.

    `pods`: what was read to say why workloads are late. `used`: revisions that something refers to.
    """

    name: str
    operation: Operation
    objects: NamespaceObjects
    phase: Phase = Phase.READ
    # Nobody else changes it. `note`: in check mode, who would.
    locked: bool = False
    note: str = ""
    steps: StepsState | None = None
    open: int = 0
    all_well: bool = True
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    pods: tuple[dict[str, Any], ...] = ()
    history: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    failure: tuple[str, str] | None = None
    # What its pods show of the filter.
    proofs: tuple[PodProof, ...] = ()
    # What others have made of its objects since they were set.
    reverted: str = ""
    # It ended with a change under way, which may have been made.
    unsure: bool = False
    # Labels of objects that were written, and that were deleted.
    written: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    # The steps before its workloads, as they were done; why they are undone, and whether they were.
    done: tuple[ObjectStep, ...] = ()
    cause: Cause | None = None
    # What it is where nothing of it was begun, in place of what its workloads say.
    set_aside: tuple[Reason, str] | None = None
    # Paths that could not be read, by name, and what was left alone.
    unreadable: tuple[str, ...] = ()

    @property
    def names(self) -> FilterNames:
        return self.operation.names


Step = tuple[NamespaceState, list[Send]]


def as_read(operation: Operation, read: NamespaceRead, known: NamespaceState | None) -> NamespaceState:
    """:param known: what it was when it was read before it was locked; None: it is read for the first time."""
    unreadable = dict.fromkeys((*(known.unreadable if known else ()), *read.unreadable))
    bound = operation.bound(read.objects, read.workloads)
    return NamespaceState(read.name, bound, read.objects, locked=known is not None, unreadable=tuple(unreadable))


def begin(state: NamespaceState, workloads_too: bool, now: float) -> Step:
    """Its objects first: no pod is to look for what is not there. Before all else its lock, if anything is to be done.

    :param workloads_too: some of its workloads are to be changed.
    """
    operation = state.operation
    steps = operation.steps_before(state.name, state.objects)
    last = operation.objects_go_last and operation.steps_after(state.name, state.objects, set(), True)
    if not state.locked and (workloads_too or steps or last):
        return locking(state), []
    return _stepping(replace(state, phase=Phase.OBJECTS), steps, Phase.WORKLOADS, now)


def locking(state: NamespaceState) -> NamespaceState:
    """Something is to be done after all: nothing was so far, so that all of it can be begun again."""
    return replace(state, phase=Phase.LOCKING)


def set_aside(state: NamespaceState) -> NamespaceState:
    """No pod would take the filter: nothing is put there for it."""
    reason = None if not state.operation.steps_before(state.name, state.objects) else (Reason.NO_WORKLOADS, "")
    return replace(state, phase=Phase.DONE, set_aside=reason)


def workloads_done(
    state: NamespaceState, unexplained: bool, all_well: bool, now: float, cause: Cause | None = None
) -> Step:
    """Its workloads have their verdicts.

    :param unexplained: some don't roll, and their pods may tell why.
    :param cause: why its objects are to be as they were before.
    """
    state = replace(state, all_well=all_well, cause=cause)
    if unexplained:
        request = Request(Verb.LIST, collection(PODS, state.name))
        return replace(state, phase=Phase.DIAGNOSIS), [Send(request, now + REQUEST_SECONDS)]
    return _history(state, now)


def advance(state: NamespaceState, message: Reply | Refusal, now: float) -> Step:
    """What becomes of it by an answer."""
    if state.phase == Phase.DIAGNOSIS:
        # Without the reason the verdict is the same.
        pods = tuple(message.answer[0]) if isinstance(message, Reply) else ()
        return _history(replace(state, pods=pods), now)
    if state.phase == Phase.HISTORY:
        return _history_read(state, message, now)
    if state.steps is None:
        return state, []
    following = Phase.WORKLOADS if state.phase == Phase.OBJECTS else Phase.DONE
    steps, sends = object_steps.advance(state.steps, message, now)
    return _stepped(state, steps, sends, following)


def compared(state: NamespaceState, found: NamespaceObjects) -> NamespaceState:
    """Its objects as they are now: what was set has to be there still."""
    steps = state.operation.steps_before(state.name, found)
    gone = [step.label for step in steps if step.action == StepAction.ENSURE]
    if not gone:
        return state
    verb = "was" if len(gone) == 1 else "were"
    return replace(state, reverted=f"{' and '.join(gone)} {verb} deleted or changed by somebody else during the run")


def ended(state: NamespaceState, reason: str, message: str) -> NamespaceState:
    """It ends here."""
    return replace(state, phase=Phase.DONE, failure=state.failure or (str(reason), message))


def stopped(state: NamespaceState, unanswered: bool, unproved: bool = False) -> NamespaceState:
    """The run ends, whatever there is left to do.

    :param unanswered: a change of it is under way.
    :param unproved: it was changed, and is not done before it is known that the filter runs.
    """
    on_objects = state.phase in (Phase.LOCKING, Phase.OBJECTS, Phase.CLEANUP, Phase.BACK)
    if on_objects and unanswered:
        state = ended(state, Reason.STOPPED, f"{WAS_STOPPED}; whether its last change was made is not known")
        return replace(state, unsure=True)
    operation = state.operation
    left = operation.objects_go_last and operation.steps_after(state.name, state.objects, set(), True)
    if on_objects or left:
        return ended(state, Reason.STOPPED, WAS_STOPPED)
    if unproved and state.phase == Phase.WORKLOADS:
        return ended(state, Reason.STOPPED, f"{WAS_STOPPED} before it was known whether the filter runs in its pods")
    return replace(state, phase=Phase.DONE)


def _stepping(state: NamespaceState, steps: list[Any], following: Phase, now: float) -> Step:
    begun, sends = object_steps.begin(state.names, steps, now)
    return _stepped(state, begun, sends, following)


def _stepped(state: NamespaceState, steps: StepsState, sends: list[Send], following: Phase) -> Step:
    # What was changed before a failure was changed.
    state = replace(
        state,
        steps=steps,
        before={**state.before, **steps.before},
        after={**state.after, **steps.after},
        written=steps.written or state.written,
        gone=steps.gone,
        done=steps.done if state.phase == Phase.OBJECTS else state.done,
    )
    if steps.failure is not None:
        return ended(state, *steps.failure), []
    return (replace(state, phase=following, steps=None) if steps.finished else state), sends


def _history(state: NamespaceState, now: float) -> Step:
    superseded = state.all_well and state.operation.superseded(state.objects)
    if not superseded:
        return _cleanup(state, now)
    label = state.names.pod_label
    histories = {kind.history_collection(state.name) for kind in KINDS} - {""}
    paths = [collection(PODS, state.name), *sorted(histories)]
    sends = [
        Send(Request(Verb.LIST, path, label_selector=label, metadata_only=True), now + REQUEST_SECONDS)
        for path in paths
    ]
    return replace(state, phase=Phase.HISTORY, history=frozenset(paths)), sends


def _history_read(state: NamespaceState, message: Reply | Refusal, now: float) -> Step:
    """Pods, ReplicaSets and ControllerRevisions carry the labels of their pod template."""
    if isinstance(message, Refusal):
        return ended(state, Reason.API_REFUSED, str(message.error)), []
    items, _version = message.answer
    used = {item["metadata"]["labels"][state.names.pod_label] for item in items}
    open_ones = state.history - {message.request.path}
    state = replace(state, used=state.used | used, history=open_ones)
    return (state, []) if open_ones else _cleanup(state, now)


def _cleanup(state: NamespaceState, now: float) -> Step:
    if state.cause is not None:
        return _stepping(replace(state, phase=Phase.BACK), undone(state.done), Phase.DONE, now)
    steps = state.operation.steps_after(state.name, state.objects, set(state.used), state.all_well)
    if steps and not state.locked:
        return locking(state), []
    return _stepping(replace(state, phase=Phase.CLEANUP), steps, Phase.DONE, now)
