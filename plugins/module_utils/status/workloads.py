# SPDX-License-Identifier: Apache-2.0
"""The state of each workload of a filter, by its own object and by what its revision needs. Pure.

What a deploy would do to it is asked of the deploy itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..deliveries import workload_change
from ..domain.names import FilterNames
from ..domain.outcome import NONE, Outcome
from ..kinds.base import Object, RolloutState, WorkloadKind
from .found import Found
from .states import State, WorkloadStatus

STATES = {
    RolloutState.ROLLED: State.DEPLOYED,
    RolloutState.ROLLING: State.ROLLING,
    RolloutState.HELD: State.HELD,
    RolloutState.FAILED: State.STUCK,
}
# (state, reason, message)
Judgement = tuple[State, str, str]


def judged(found: Found) -> Iterator[WorkloadStatus]:
    """Of a filter that came by delivery configmap."""
    for kind, workload in found.workloads:
        revision = found.revision_of(kind, workload)
        if revision == NONE:
            state, reason, message = _without(kind, workload, found)
        else:
            state, reason, message = _on(kind, workload, revision, found)
        rollout = kind.rollout(workload, None)
        name = workload["metadata"]["name"]
        yield WorkloadStatus(kind.kind, name, state, revision, reason, message, rollout.done, rollout.total)


def _without(kind: WorkloadKind, workload: Object, found: Found) -> Judgement:
    names = found.names
    if names.original_annotation in (workload["metadata"].get("annotations") or {}):
        return State.DRIFTED, "", f"lost label {names.pod_label}: its owner has put its template back? Deploy again"
    change = workload_change.deploy(kind, workload, names, found.revision, found.selector)
    if change.outcome == Outcome.SKIPPED:
        return State.SKIPPED, change.reason, change.message
    if found.revision == NONE:
        return State.ABSENT, "", ""
    if change.outcome == Outcome.FAILED:
        return State.HALF_DONE, change.reason, change.message
    return State.HALF_DONE, "", "has no filter: created since, or a run has not ended; deploy again"


def _on(kind: WorkloadKind, workload: Object, revision: str, found: Found) -> Judgement:
    gone = _gone(revision, found)
    if gone:
        return State.BROKEN, "", f"{gone} of revision {revision}, which its pods name: deploy again"
    change = workload_change.deploy(kind, workload, found.names, revision, found.selector)
    if change.outcome == Outcome.SKIPPED:
        return State.SKIPPED, change.reason, change.message
    missing = _missing(kind, workload, revision, found)
    if missing:
        return State.DRIFTED, "", f"lacks {', '.join(missing)}: deploy again"
    if revision != found.revision:
        message = f"is on {revision}, {found.counts[found.revision]} others on {found.revision}: deploy again"
        return State.HALF_DONE, "", message
    rollout = kind.rollout(workload, None)
    return STATES[rollout.state], "", rollout.message if rollout.state != RolloutState.ROLLED else ""


def _gone(revision: str, found: Found) -> str:
    gone = []
    if not found.config_maps(revision):
        gone.append("ConfigMap")
    if found.envoy_filter(found.names.envoy_filter(revision)) is None:
        gone.append("EnvoyFilter")
    return f"gone: {' and '.join(gone)}" if gone else ""


def _missing(kind: WorkloadKind, workload: Object, revision: str, found: Found) -> list[str]:
    """By the ConfigMap, of those of the revision, that most of it is there of."""
    prefixes = [one["metadata"]["name"].removesuffix(f"-{revision}") for one in found.config_maps(revision)]
    missing = [
        workload_change.missing(kind, workload, FilterNames(found.names.name, prefix), revision) for prefix in prefixes
    ]
    return min(missing, key=len)
