# SPDX-License-Identifier: Apache-2.0
"""What a namespace's workloads have come to, as one sentence. Pure."""

from __future__ import annotations

from ..domain.outcome import FAILURES, NONE, Outcome, WorkloadVerdict

# As many as fit on a line.
NAMES_MAX = 5
# (kind, name)
Key = tuple[str, str]


def summary(done: Outcome, what: str, workloads: list[WorkloadVerdict], patched: set[Key]) -> str:
    """Such as "filter removed: 5 workloads patched, 4 had no filter"; those left alone or held back are named.

    :param done: what the namespace is where it was changed.
    :param what: what was to be done, such as "revision 3f2a91c0de (configmap)".
    :param patched: the workloads that this run has changed, or would have in check mode.
    """
    groups = [
        *_named(workloads, Outcome.SKIPPED, "skipped"),
        *_named(workloads, Outcome.HELD, "held back"),
        *_named(workloads, Outcome.NOT_STARTED, "not started"),
    ]
    return f"{what}: {'; '.join([_counts(done, workloads, patched), *groups])}"


def _counts(done: Outcome, workloads: list[WorkloadVerdict], patched: set[Key]) -> str:
    """How many were patched, and what the others have instead."""
    if not workloads:
        return "no workloads"
    changed = [one for one in workloads if (one.kind, one.name) in patched and one.outcome not in FAILURES]
    left = [one for one in workloads if (one.kind, one.name) not in patched and one.outcome == Outcome.UNCHANGED]
    other = "other " if any(one.outcome in FAILURES for one in workloads) else ""
    if changed:
        rest = "had no filter" if done == Outcome.REMOVED else "already on it"
        return _count(changed, "patched", other) + (f", {len(left)} {rest}" if left else "")
    if any(one.to_revision != NONE for one in left):
        return _count(left, "already on it", other)
    if left and done != Outcome.REMOVED:
        # Delivery inline, whose filter comes without the pods.
        return "no pod restarts"
    return f"no {other}workload patched"


def failure_sentence(failed: list[WorkloadVerdict]) -> str:
    """What each says, the same sentence once: a broken webhook has one sentence for all workloads."""
    sentences: dict[str, list[WorkloadVerdict]] = {}
    for one in failed:
        # The API server's sentence names the path of the object, which differs where nothing else does.
        sentences.setdefault(one.message.replace(f"/{one.name}:", "/NAME:"), []).append(one)
    said = []
    for text, same in sentences.items():
        said.append(f"{_names(same)}: {same[0].message if len(same) == 1 else text}")
    return "; ".join(said)


def _named(workloads: list[WorkloadVerdict], outcome: Outcome, word: str) -> list[str]:
    """ "2 skipped (host_network: DaemonSet/a, DaemonSet/b)", one for each reason."""
    reasons: dict[str, list[WorkloadVerdict]] = {}
    for one in workloads:
        if one.outcome == outcome:
            reasons.setdefault(str(one.reason), []).append(one)
    return [f"{len(same)} {word} ({f'{reason}: ' if reason else ''}{_names(same)})" for reason, same in reasons.items()]


def _names(workloads: list[WorkloadVerdict]) -> str:
    more = f" and {len(workloads) - NAMES_MAX} more" if len(workloads) > NAMES_MAX else ""
    return ", ".join(f"{one.kind}/{one.name}" for one in workloads[:NAMES_MAX]) + more


def _count(workloads: list[WorkloadVerdict], what: str, other: str) -> str:
    return f"{len(workloads)} {other}{'workload' if len(workloads) == 1 else 'workloads'} {what}"
