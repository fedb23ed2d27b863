# SPDX-License-Identifier: Apache-2.0
"""What is said of a workload that a run stopped on. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..domain.outcome import Outcome, Reason
from .messages import Stopped
from .workload_state import Phase, WorkloadState, failed


def stopped(state: WorkloadState, by: Stopped) -> WorkloadState:
    """Nothing of it is waited for any more."""
    if state.phase == Phase.PENDING:
        return replace(state, phase=Phase.DONE, outcome=Outcome.NOT_STARTED, reason=by.reason, message=by.message)
    if state.phase in (Phase.PATCHING, Phase.READING):
        return failed(replace(state, maybe_patched=True), by.reason, f"{by.what}; whether it was patched is not known")
    done = "patched by this run" if state.patched else "patched by an earlier run"
    if state.phase == Phase.ROLLING:
        waiting = state.rollout.message if state.rollout else "its pods are being replaced"
        return failed(state, by.reason, f"{done}; {waiting} when {by.what}")
    if state.phase in (Phase.RELEASING, Phase.ROLLED) and state.patched and by.reason == Reason.LOCK_LOST:
        # Somebody else may have changed it by now.
        return failed(state, by.reason, f"{done}, its pods were replaced when {by.what}")
    return replace(state, phase=Phase.DONE)
