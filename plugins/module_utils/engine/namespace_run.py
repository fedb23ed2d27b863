"""One namespace and its workloads on their way through a wave, and what is said of them at its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..cluster import rollout_wait, snapshot
from ..deliveries.workload_change import NONE, WorkloadChange
from ..domain import outcome
from ..domain.outcome import NamespaceVerdict, WorkloadVerdict
from ..kinds.base import FAILED, WorkloadKind

# As many as fit on a line.
LABELS_MAX = 5


@dataclass
class WorkloadRun:
    """One workload on its way through a wave."""

    kind: WorkloadKind
    workload: dict[str, Any]
    change: WorkloadChange
    verdict: WorkloadVerdict
    awaited: rollout_wait.Awaited | None = None

    @property
    def label(self) -> str:
        return f"{self.kind.kind}/{self.verdict.name}"

    @property
    def rolled(self) -> bool:
        """All that this run has to see of it was seen."""
        awaited = self.awaited
        return awaited is None or (awaited.settled and (awaited.rollout.state != FAILED or awaited.ill_before))


@dataclass
class NamespaceRun:
    """One namespace on its way through a wave."""

    state: snapshot.NamespaceState
    verdict: NamespaceVerdict
    workloads: list[WorkloadRun] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.verdict.verdict == outcome.FAILED

    def fail(self, reason: str, message: str) -> None:
        self.verdict.verdict, self.verdict.reason, self.verdict.message = outcome.FAILED, reason, message


def concluded(run: NamespaceRun, done: str, what: str) -> NamespaceVerdict:
    """The namespace's verdict from those of its workloads, and the sentence of the recap."""
    result = run.verdict
    result.workloads = [entry.verdict for entry in run.workloads]
    result.changed = bool(run.before or run.after)
    result.diff = {"before": run.before, "after": run.after}
    bad = [entry for entry in run.workloads if entry.verdict.verdict == outcome.FAILED]
    patched = sum(1 for entry in run.workloads if entry.change.body is not None and entry not in bad)
    skipped = [entry for entry in run.workloads if entry.verdict.verdict == outcome.SKIPPED]
    held = [entry for entry in run.workloads if entry.verdict.reason == outcome.ROLLOUT_HELD]
    restarts = any(entry.change.to_revision != NONE or entry.change.from_revision != NONE for entry in run.workloads)
    counts = [f"{patched} of {len(run.workloads)} workloads patched" if restarts else "no workload restarted"]
    counts += [f"{len(skipped)} skipped ({', '.join(_named(skipped))})"] if skipped else []
    counts += [f"{len(held)} held back ({', '.join(_named(held))})"] if held else []
    if bad and not run.failed:
        rest = f"; {patched} {'other' if patched == 1 else 'others'} done" if patched else ""
        run.fail(bad[0].verdict.reason, f"{_messages(bad)}{rest}")
    elif not run.failed:
        result.verdict = done if result.changed else outcome.UNCHANGED
        result.message = f"{what}, {', '.join(counts)}" if result.changed else f"nothing to do, {what}"
    return result


def _messages(entries: list[WorkloadRun]) -> str:
    """What each says, the same sentence once: a broken webhook has one sentence for all workloads."""
    labels: dict[str, list[str]] = {}
    for entry in entries:
        # The API server's sentence names the path of the object, which differs where nothing else does.
        text = entry.verdict.message.replace(f"/{entry.verdict.name}:", "/NAME:")
        labels.setdefault(text, []).append(entry.label)
    said = []
    for text, same in labels.items():
        more = f" and {len(same) - LABELS_MAX} more" if len(same) > LABELS_MAX else ""
        shown = text.replace("/NAME:", f"/{same[0].partition('/')[2]}:") if len(same) == 1 else text
        said.append(f"{', '.join(same[:LABELS_MAX])}{more}: {shown}")
    return "; ".join(said)


def _named(entries: list[WorkloadRun]) -> list[str]:
    return [f"{entry.label}: {entry.verdict.reason}" for entry in entries]
