# SPDX-License-Identifier: Apache-2.0
"""What of a wave is taken back, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..deliveries.going_back import GoingBack
from ..domain.outcome import Outcome, Reason
from ..domain.plan import OnFailure
from ..kinds.base import Object
from ..probes.proof import PodProof, Proof
from .namespace import NamespaceState
from .proof_summary import proof_sentence
from .workload_state import SETTLED, Cause, Context, Key, Phase, WorkloadState

# What the cluster has against one workload: nothing is wrong with the others because of it.
BY_CLUSTER = frozenset({Reason.ROLLOUT_FAILED, Reason.ROLLOUT_TIMEOUT, Reason.CHANGED_BY_ADMISSION})


@dataclass(frozen=True)
class Candidate:
    """A namespace with its workloads."""

    state: NamespaceState
    workloads: list[WorkloadState]


@dataclass
class Decision:
    """`workloads`: those that go back. `namespaces`: those whose objects do, whatever their workloads do.

    `wave`: why all of the wave does; None: only what is named.
    """

    workloads: dict[Key, Cause] = field(default_factory=dict)
    namespaces: dict[str, Cause] = field(default_factory=dict)
    wave: Cause | None = None


def decide(on_failure: OnFailure, candidates: Iterable[Candidate]) -> Decision:
    """A pod of which nothing is known takes nothing back: an outage of `pods/proxy` must not restart a fleet."""
    found = Decision()
    if on_failure == OnFailure.STOP:
        return found
    of_filter: list[Cause] = []
    candidates = list(candidates)
    for one in candidates:
        of_filter += _of_namespace(one, found)
    ill = _ill_before(candidates)
    causes = [*(cause for key, cause in found.workloads.items() if key not in ill), *of_filter]
    whole = on_failure == OnFailure.ROLLBACK_WAVE or (on_failure == OnFailure.AUTO and of_filter)
    if whole and causes:
        # What the filter itself does wrong tells more than what a cluster has against one workload.
        reason, message = (of_filter or causes)[0]
        found.wave = Cause(Reason.WAVE_FAILED, f"its wave is taken back, by {reason}: {message}")
        _take_all(candidates, found.wave, found)
    return found


def _of_namespace(one: Candidate, found: Decision) -> list[Cause]:
    """What is wrong in it goes back; the causes among that which are the filter's."""
    wrong = [proof for proof in one.state.proofs if proof.proof == Proof.DISPROVED]
    causes = []
    for workload in filter(_can_go_back, one.workloads):
        own = [proof for proof in wrong if is_of(proof, workload)]
        if own:
            causes.append(Cause(Reason(own[0].reason), proof_sentence(own)))
            found.workloads[workload.key] = causes[-1]
        elif workload.outcome == Outcome.FAILED and workload.reason in BY_CLUSTER:
            found.workloads[workload.key] = Cause(Reason(workload.reason), workload.message)
    if wrong and one.state.done and not one.state.operation.restarts_pods:
        causes.append(Cause(Reason(wrong[0].reason), proof_sentence(wrong)))
        found.namespaces[one.state.name] = causes[-1]
    return causes


def _ill_before(candidates: Iterable[Candidate]) -> set[Key]:
    """What the cluster has against these says nothing of what this run did."""
    return {workload.key for one in candidates for workload in one.workloads if workload.ill}


def _take_all(candidates: list[Candidate], cause: Cause, found: Decision) -> None:
    for one in candidates:
        for workload in filter(_can_go_back, one.workloads):
            if workload.outcome not in (Outcome.FAILED, Outcome.SKIPPED):
                found.workloads.setdefault(workload.key, cause)
        if one.state.done and not one.state.operation.restarts_pods:
            found.namespaces.setdefault(one.state.name, cause)


def taken_back(state: WorkloadState, cause: Cause, context: Context) -> WorkloadState:
    """It is to be as it was before this run patched it."""
    # What dropped our entries may have dropped the application's with them.
    dropped = (state.object, state.change.before) if state.reason == Reason.CHANGED_BY_ADMISSION else None
    back = GoingBack(context.operation.names, state.change.from_revision, dropped, state.change.back_from)
    change = back.change(state.kind, state.object)
    phase = Phase.PENDING if change.body is not None else Phase.DONE
    fresh = WorkloadState(
        state.kind, state.object, change, phase, change.outcome, str(change.reason), change.message, ill=state.ill
    )
    fresh = replace(fresh, operation=state.operation)
    return replace(fresh, former_patched=True, back=back, cause=cause, forward=state.change)


def _can_go_back(one: WorkloadState) -> bool:
    """A revision that was only mended is what it had."""
    other = one.change.from_revision != one.change.to_revision
    return one.patched and other and one.back is None and one.phase in SETTLED


def is_of(proof: PodProof, one: WorkloadState) -> bool:
    """Is the pod one of the workload's?"""
    return _owns(one, proof.labels)


def has_labels(pod: Object, one: WorkloadState) -> bool:
    """The same of a pod as it was read."""
    return _owns(one, pod["metadata"].get("labels") or {})


def _owns(one: WorkloadState, pod_labels: Mapping[str, str]) -> bool:
    labels: Mapping[str, str] = one.kind.pod_labels(one.object)
    return bool(labels) and labels.items() <= pod_labels.items()
