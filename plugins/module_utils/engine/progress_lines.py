# SPDX-License-Identifier: Apache-2.0
"""Lines of progress, as people read them while a run goes on. Pure."""

from __future__ import annotations

from ..kinds.base import RolloutState
from .namespace import NamespaceState
from .workload_state import WorkloadState


def of_workload(old: WorkloadState, new: WorkloadState, dry_run: bool) -> list[tuple[str, bool]]:
    """(line, whether it is a mere step) for what has changed of it."""
    lines = []
    if new.patched and not old.patched:
        note = f": {new.change.message}" if new.change.message else ""
        lines.append((f"{new.label} {'would be patched' if dry_run else 'patched'}{note}", not note))
    rollout = new.rollout
    if rollout is not None and rollout != old.rollout:
        text = rollout.message or f"rolled, {_pods(rollout.total)}"
        lines.append((f"{new.label} {text}", rollout.state == RolloutState.ROLLING))
    if new.trouble is not None and old.trouble is None:
        lines.append((f"{new.label} does not go on: {new.trouble.text}", False))
    return lines


def of_objects(labels: tuple[str, ...], done: str, dry_run: bool) -> str:
    """Such as "ConfigMap/a and EnvoyFilter/b set"."""
    return f"{' and '.join(labels)} {'would be ' if dry_run else ''}{done}"


def of_end(state: NamespaceState, dry_run: bool) -> str:
    """What became of the objects last; empty: nothing."""
    if state.cause is not None and state.failure is None:
        return of_objects(tuple(step.label for step in state.done), "as before the run", dry_run) if state.done else ""
    return of_objects(state.gone, "deleted", dry_run) if state.gone else ""


def proving(pods: int) -> str:
    """Pods are asked."""
    return f"asks the {'sidecar' if pods == 1 else 'sidecars'} of {_pods(pods)} whether the filter runs"


def _pods(number: int) -> str:
    return f"{number} {'pod' if number == 1 else 'pods'}"
