"""What a namespace's workloads have come to, as one sentence. Pure."""

from __future__ import annotations

from ..domain.outcome import Outcome, WorkloadVerdict

# As many as fit on a line.
LABELS_MAX = 5


def summary(done: Outcome, what: str, workloads: list[WorkloadVerdict], patched: set[tuple[str, str]]) -> str:
    """Such as "revision 3f2a91c0de (configmap), 2 of 2 workloads patched"."""
    count = sum(1 for one in workloads if (one.kind, one.name) in patched and one.outcome != Outcome.FAILED)
    skipped = [one for one in workloads if one.outcome == Outcome.SKIPPED]
    held = [one for one in workloads if one.outcome == Outcome.HELD]
    counts = [f"{count} of {len(workloads)} workloads patched" if patched else "no workload restarted"]
    counts += [f"{len(skipped)} skipped ({_named(skipped)})"] if skipped else []
    counts += [f"{len(held)} held back ({_named(held)})"] if held else []
    return f"{what}, {', '.join(counts)}"


def failure_sentence(failed: list[WorkloadVerdict]) -> str:
    """What each says, the same sentence once: a broken webhook has one sentence for all workloads."""
    labels: dict[str, list[str]] = {}
    for one in failed:
        # The API server's sentence names the path of the object, which differs where nothing else does.
        text = one.message.replace(f"/{one.name}:", "/NAME:")
        labels.setdefault(text, []).append(f"{one.kind}/{one.name}")
    said = []
    for text, same in labels.items():
        more = f" and {len(same) - LABELS_MAX} more" if len(same) > LABELS_MAX else ""
        shown = text.replace("/NAME:", f"/{same[0].partition('/')[2]}:") if len(same) == 1 else text
        said.append(f"{', '.join(same[:LABELS_MAX])}{more}: {shown}")
    return "; ".join(said)


def _named(verdicts: list[WorkloadVerdict]) -> str:
    return ", ".join(f"{one.kind}/{one.name}: {one.reason}" for one in verdicts)
