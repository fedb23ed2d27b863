# SPDX-License-Identifier: Apache-2.0
"""A rollout that does not move: when to look at its pods, and when to give it up before its time is over. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..kinds.base import Object, Rollout, observed
from . import health
from .commands import Look, WakeAt
from .looking import LOOK_SECONDS
from .messages import Looked
from .pod_diagnosis import Trouble
from .workload_state import Context, WorkloadState


def moved(state: WorkloadState, rollout: Rollout, now: float) -> WorkloadState:
    """Its rollout as it was seen now. Pods that came, went or changed make it one that moves."""
    counts = _counts(state.object)
    stands = counts == state.counts and bool(rollout.trouble) == bool(state.rollout and state.rollout.trouble)
    state = replace(state, rollout=rollout, counts=counts)
    return state if stands else replace(state, moved_at=now, trouble=None, looks=0)


def sleep(state: WorkloadState, now: float) -> tuple[WorkloadState, list[Look | WakeAt]]:
    """One timer at a time, however often it is seen: to look at its pods, or because its time is over."""
    if state.wake_at > now:
        return state, []
    stalls = _stalls(state, now)
    at = min(state.deadline, (now if stalls else state.moved_at) + LOOK_SECONDS)
    # Before its controller has seen the patch, its pods have nothing to tell.
    look: list[Look | WakeAt] = [Look()] if stalls and observed(state.object) else []
    return replace(state, wake_at=at), [*look, WakeAt(at)]


def looked(state: WorkloadState, looked_at: Looked, now: float, context: Context) -> WorkloadState:
    """What a look at its namespace tells of one that does not move."""
    if not _stalls(state, now) or state.rollout is None:
        return state
    found = health.trouble_of(state.kind, state.object, state.rollout, looked_at, context.operation.names)
    return replace(state, trouble=found, looks=state.looks + 1 if found else 0)


def given_up(state: WorkloadState) -> Trouble | None:
    """What has kept it from moving for too long."""
    return state.trouble if state.trouble and state.looks >= state.trouble.looks else None


def _stalls(state: WorkloadState, now: float) -> bool:
    return now >= state.moved_at + LOOK_SECONDS


def _counts(workload: Object) -> tuple[tuple[str, int], ...]:
    status = workload.get("status") or {}
    return tuple(sorted((key, value) for key, value in status.items() if isinstance(value, int)))
