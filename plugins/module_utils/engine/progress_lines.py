"""Lines of progress, as people read them while a run goes on. Pure."""

from __future__ import annotations

from ..kinds.base import RolloutState
from .workload_state import WorkloadState


def of_workload(old: WorkloadState, new: WorkloadState, dry_run: bool) -> list[tuple[str, bool]]:
    """(line, whether it is a mere step) for what has changed of it."""
    lines = []
    if new.patched and not old.patched:
        note = f": {new.change.message}" if new.change.message else ""
        lines.append((f"{new.label} {'would be patched' if dry_run else 'patched'}{note}", not note))
    rollout = new.rollout
    if rollout is not None and rollout != old.rollout:
        pods = f"{rollout.total} {'pod' if rollout.total == 1 else 'pods'}"
        text = rollout.message or f"rolled, {pods}"
        lines.append((f"{new.label} {text}", rollout.state == RolloutState.ROLLING))
    if new.trouble is not None and old.trouble is None:
        lines.append((f"{new.label} does not go on: {new.trouble.text}", False))
    return lines


def of_objects(labels: tuple[str, ...], done: str, dry_run: bool) -> str:
    """Such as "ConfigMap/a and EnvoyFilter/b set"."""
    return f"{' and '.join(labels)} {'would be ' if dry_run else ''}{done}"
