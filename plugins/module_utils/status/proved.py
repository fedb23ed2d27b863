# SPDX-License-Identifier: Apache-2.0
"""What the proofs of pods mean for the workloads that they are of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..domain.outcome import Reason
from ..engine.proof_summary import proof_sentence
from ..probes.proof import PodProof, Proof
from .found import Found
from .states import Finding, State, WorkloadStatus

# What says more, or passes by itself, stays: in all other states the objects tell why it does not run.
_OVERRULED = (State.DEPLOYED, State.HELD)


def with_pods(
    found: Found, judged: Sequence[WorkloadStatus], proofs: Sequence[PodProof]
) -> tuple[list[WorkloadStatus], list[PodProof]]:
    """Each workload with the proofs of its pods, and the proofs that are of none.

    :param judged: `found.workloads` by their objects, in that order.
    """
    left, done = list(proofs), []
    for (kind, workload), one in zip(found.workloads, judged, strict=True):
        labels = kind.pod_labels(workload)
        own = [proof for proof in left if labels and labels.items() <= proof.labels.items()]
        left = [proof for proof in left if proof not in own]
        if one.state == State.SKIPPED:
            # It takes no filter, whatever label its pods still have.
            own = []
        done.append(_told(one, [_of_workload(found, one, proof) for proof in own]))
    return done, left


def findings(proofs: Sequence[PodProof]) -> Iterator[Finding]:
    """Of pods that are of no workload."""
    wrong = [one for one in proofs if one.proof == Proof.DISPROVED]
    if wrong:
        yield Finding(State.NOT_RUNNING, proof_sentence(wrong))


def _of_workload(found: Found, one: WorkloadStatus, proof: PodProof) -> PodProof:
    """A pod of a former template runs what that one names, which is not what the workload names."""
    revision = proof.labels.get(found.names.pod_label, "")
    if revision == one.revision:
        return proof
    return replace(proof, proof=Proof.DISPROVED, reason=Reason.WRONG_REVISION, message=f"is still of {revision}")


def _told(one: WorkloadStatus, proofs: list[PodProof]) -> WorkloadStatus:
    told = replace(one, proofs=tuple(proofs))
    wrong = [proof for proof in proofs if proof.proof == Proof.DISPROVED]
    if one.state == State.HELD:
        # Somebody has wanted pods of the former template to stay.
        wrong = [proof for proof in wrong if proof.reason != Reason.WRONG_REVISION]
    if not wrong or one.state not in _OVERRULED:
        return told
    return replace(told, state=State.NOT_RUNNING, reason=str(wrong[0].reason), message=proof_sentence(wrong))
