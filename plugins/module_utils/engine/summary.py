"""What has become of a namespace, as one sentence from the verdicts on its workloads. Pure."""

from __future__ import annotations

from ..domain.outcome import NONE, Outcome, WorkloadVerdict

NAMES_MAX = 5
# (kind, name)
Key = tuple[str, str]


def summary(done: Outcome, what: str, workloads: list[WorkloadVerdict], patched: set[Key]) -> str:
    """How many workloads are what; those that are not as was asked for are named.

    :param done: the namespace's outcome.
    :param what: what was to be done, such as `revision 3f2a91c0de (configmap)` or `filter removed`.
    :param patched: the workloads that this run has changed, or would have in check mode.
    """
    if done == Outcome.FAILED:
        return _failure(workloads, patched)
    named = [
        *_named(workloads, Outcome.SKIPPED, "skipped"),
        *_named(workloads, Outcome.HELD, "held back"),
        *_named(workloads, Outcome.NOT_STARTED, "not started"),
    ]
    if done == Outcome.UNCHANGED:
        return "; ".join([f"nothing to do, {what}", *named])
    counted = "nothing here takes it" if done == Outcome.SKIPPED and workloads else _counts(done, workloads, patched)
    return f"{what}: {'; '.join([counted, *named])}"


def _counts(done: Outcome, workloads: list[WorkloadVerdict], patched: set[Key]) -> str:
    """How many were patched, and what the others have instead."""
    if not workloads:
        return "no workloads"
    changed = [one for one in workloads if _key(one) in patched]
    left = [one for one in workloads if _key(one) not in patched and one.outcome == Outcome.UNCHANGED]
    if changed:
        rest = "had no filter" if done == Outcome.REMOVED else "already on it"
        return _count(changed, "patched") + (f", {len(left)} {rest}" if left else "")
    if not left:
        return "no workloads to patch"
    if any(one.to_revision != NONE for one in left):
        return _count(left, "already on it")
    # Delivery inline, whose filter comes and goes without the pods.
    return "no pod restarts"


def _failure(workloads: list[WorkloadVerdict], patched: set[Key]) -> str:
    """What went wrong comes first; of many only the first names, and the same sentence once."""
    failed = [one for one in workloads if one.outcome == Outcome.FAILED]
    sentences: dict[str, list[WorkloadVerdict]] = {}
    for one in failed:
        # The API server's sentence names the path of the object, which differs where nothing else does.
        sentences.setdefault(one.message.replace(f"/{one.name}:", "/NAME:"), []).append(one)
    said = []
    for text, same in sentences.items():
        shown = same[0].message if len(same) == 1 else text
        said.append(f"{_names(same)}: {shown}")
    others = sum(1 for one in workloads if one.outcome != Outcome.FAILED and _key(one) in patched)
    if others:
        said.append(f"{others} {'other' if others == 1 else 'others'} done")
    return "; ".join([*said, *_named(workloads, Outcome.NOT_STARTED, "not started")])


def _named(workloads: list[WorkloadVerdict], outcome: Outcome, word: str) -> list[str]:
    """`2 skipped (host_network: DaemonSet/a, DaemonSet/b)` for each reason."""
    reasons: dict[str, list[WorkloadVerdict]] = {}
    for one in workloads:
        if one.outcome == outcome:
            reasons.setdefault(str(one.reason), []).append(one)
    return [f"{len(same)} {word} ({reason}: {_names(same)})" for reason, same in reasons.items()]


def _names(workloads: list[WorkloadVerdict]) -> str:
    more = f" and {len(workloads) - NAMES_MAX} more" if len(workloads) > NAMES_MAX else ""
    return ", ".join(f"{one.kind}/{one.name}" for one in workloads[:NAMES_MAX]) + more


def _count(workloads: list[WorkloadVerdict], what: str) -> str:
    return f"{len(workloads)} {'workload' if len(workloads) == 1 else 'workloads'} {what}"


def _key(one: WorkloadVerdict) -> Key:
    return one.kind, one.name
