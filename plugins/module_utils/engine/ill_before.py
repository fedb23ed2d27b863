# SPDX-License-Identifier: Apache-2.0
"""Workloads that were ill before the run: seen before they are touched, and not blamed on it. Pure."""

from __future__ import annotations

from ..deliveries.base import WorkloadChange
from ..domain.outcome import NONE, Outcome, Reason
from ..domain.plan import IllBefore
from ..kinds.base import Object, WorkloadKind
from . import health
from .workload_state import Context


def in_doubt(context: Context, kind: WorkloadKind, workload: Object) -> bool:
    """Does it take a look at its pods to tell whether it is ill? Only of one that would be changed."""
    return health.is_doubtful(kind, workload) and context.operation.change(kind, workload).body is not None


def judged(
    context: Context, kind: WorkloadKind, workload: Object, change: WorkloadChange, pods: list[Object]
) -> tuple[WorkloadChange, str]:
    """What is to be done to it after all, and what was wrong with it before (empty: nothing).

    One that is on a revision already is changed: the next one may heal it. So is one from which the filter is taken.
    """
    if change.body is None:
        return change, ""
    wrong = health.illness(kind, workload, pods, context.operation.names)
    skips = context.ill_before == IllBefore.SKIP and context.operation.restarts_pods
    if not wrong or not skips or change.from_revision != NONE:
        return change, wrong
    message = f"it was ill before, and was left alone: {wrong}"
    left = WorkloadChange(NONE, NONE, outcome=Outcome.SKIPPED, reason=Reason.ILL_BEFORE, message=message)
    return left, wrong
