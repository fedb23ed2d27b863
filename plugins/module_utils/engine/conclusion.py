# SPDX-License-Identifier: Apache-2.0
"""What is said of a namespace when it is done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..deliveries.base import Operation
from ..deliveries.redacted import entries_of
from ..domain.errors import ApiError, WasmFilterError
from ..domain.names import FilterNames
from ..domain.outcome import NamespaceVerdict, Outcome, Reason, WorkloadVerdict
from ..kinds.base import Object
from ..probes.proof import PodProof, Proof
from .messages import Stopped
from .namespace import NamespaceState
from .pod_diagnosis import explain, is_ready, own_pods
from .proof_summary import proof_note, proof_sentence
from .summary import failure_sentence, summary
from .workload_state import Cause, WorkloadState

# What leaves its pods on what they had.
NOT_CHANGED = (Outcome.SKIPPED, Outcome.NOT_STARTED)


@dataclass
class Conclusion:
    """A namespace with all that was seen of it. `others`: what was left alone, as its kind is not handled."""

    state: NamespaceState
    workloads: list[WorkloadState]
    others: list[WorkloadVerdict]

    def verdict(self) -> NamespaceVerdict:
        """The namespace's verdict from its own way and those of its workloads."""
        state = self.state
        proofs = list(state.proofs)
        verdicts = [_of_workload(state, one, _taken(proofs, one)) for one in self.workloads] + self.others
        before, after = dict(state.before), dict(state.after)
        for one in self.workloads:
            # What was taken back is as it was.
            change = one.change if one.back is None else one.forward
            if change is not None and one.patched == (one.back is None):
                names = state.operation.names
                before[one.label], after[one.label] = _shown(change.before, names), _shown(change.after, names)
        found = NamespaceVerdict(
            state.name,
            Outcome.UNCHANGED,
            bool(before or after) or any(one.former_patched for one in self.workloads),
            workloads=verdicts,
            pods=[one.as_dict() for one in proofs],
            diff={"before": before, "after": after},
        )
        self._judge(found, [one for one in proofs if one.fails])
        return found

    def _judge(self, found: NamespaceVerdict, unproved: list[PodProof]) -> None:
        state = self.state
        failed = [one for one in found.workloads if one.outcome in (Outcome.FAILED, Outcome.ROLLBACK_FAILED)]
        back = [one for one in found.workloads if one.outcome == Outcome.ROLLED_BACK]
        cut_off = [one for one in found.workloads if one.outcome == Outcome.NOT_STARTED]
        done = self._sentence(found)
        if state.set_aside is not None:
            found.outcome, found.reason = Outcome.SKIPPED, str(state.set_aside[0])
            found.message = done if not state.set_aside[1] else f"{state.set_aside[1]}; {done}"
        elif state.failure is not None:
            self._end(found, state.failure, done)
        elif failed:
            lost = any(one.outcome == Outcome.ROLLBACK_FAILED for one in failed)
            found.outcome = Outcome.ROLLBACK_FAILED if lost else Outcome.FAILED
            # What could not be taken back comes first: it needs somebody most.
            failed.sort(key=lambda one: one.outcome != Outcome.ROLLBACK_FAILED)
            found.reason = failed[0].reason
            found.message = failure_sentence([*failed, *back]) + (f"; {done}" if found.changed else "")
        elif back or state.cause is not None:
            self._say_taken_back(found, back, done)
        elif state.reverted or unproved:
            found.outcome = Outcome.FAILED
            found.reason = Reason.REVERTED.value if state.reverted else unproved[0].reason
            said = [state.reverted, proof_sentence(unproved) if unproved else "", done if found.changed else ""]
            found.message = "; ".join(filter(None, said))
        elif cut_off:
            self._end(found, (cut_off[0].reason or str(Reason.STOPPED), cut_off[0].message), done)
        else:
            found.outcome = state.operation.done if found.changed else Outcome.UNCHANGED
            found.message = done

    def _say_taken_back(self, found: NamespaceVerdict, back: list[WorkloadVerdict], done: str) -> None:
        found.outcome = Outcome.ROLLED_BACK
        found.reason = back[0].reason if back else str(self.state.cause.reason if self.state.cause else "")
        said = [failure_sentence(back)] if back else [self.state.cause.message if self.state.cause else ""]
        if self.state.cause is not None:
            said.append("its objects are as they were before the run")
        if any(one.patched and one.back is None for one in self.workloads):
            said.append(done)
        found.message = "; ".join(said)

    def _end(self, found: NamespaceVerdict, failure: tuple[str, str], done: str) -> None:
        found.reason, found.message = failure
        unsure = self.state.unsure or any(one.maybe_patched for one in self.workloads)
        untouched = failure[0] in (Reason.STOPPED, Reason.WAVE_FAILED) and not found.changed and not unsure
        found.outcome = Outcome.NOT_STARTED if untouched else Outcome.FAILED
        if found.changed:
            found.message = f"{failure[1]}; what was done before: {done}"
        if self.state.cause is not None:
            found.outcome, found.reason = Outcome.ROLLBACK_FAILED, str(self.state.cause.reason)
            found.message = f"{self.state.cause.message}; its objects could not be taken back: {failure[1]}"

    def _sentence(self, found: NamespaceVerdict) -> str:
        patched = {(one.kind.kind, one.name) for one in self.workloads if one.patched and one.back is None}
        operation = self.state.operation
        text = summary(operation.done, operation.description, found.workloads, patched)
        unreadable = ", ".join(self.state.unreadable)
        text += f"; {unreadable} may not be read, and were left alone" if unreadable else ""
        text += proof_note(self.state.proofs) if found.changed else ""
        text += f"; it would have to wait: locked by {self.state.note}" if self.state.note else ""
        return text if found.changed else f"nothing to do, {text}"


def _taken(proofs: list[PodProof], one: WorkloadState) -> list[PodProof]:
    """Those of a workload's pods, which are of no other one then."""
    labels = one.kind.pod_labels(one.object)
    taken = [proof for proof in proofs if labels and labels.items() <= proof.labels.items()]
    for proof in taken:
        proofs.remove(proof)
    return taken


def _of_workload(state: NamespaceState, one: WorkloadState, proofs: list[PodProof]) -> WorkloadVerdict:
    message = one.message
    if one.unexplained:
        message += explain(list(state.pods), one.kind.pod_labels(one.object))
    outcome, reason = one.outcome, one.reason
    begun = one.patched or outcome in (Outcome.UNCHANGED, Outcome.SKIPPED, Outcome.HELD, Outcome.FAILED)
    if not begun and outcome not in NOT_CHANGED:
        # Its namespace ended before its turn.
        outcome, reason = Outcome.NOT_STARTED, reason or ""
    unproved = [proof for proof in proofs if proof.fails]
    if one.back is not None and one.cause is not None and reason != Reason.WORKLOAD_DELETED:
        outcome, reason, message = _taken_back(one, one.back, one.cause)
        if outcome == Outcome.ROLLBACK_FAILED and one.kind.pods_in_order and not one.without_sidecar:
            message += _stuck(own_pods(list(state.pods), one.kind.pod_labels(one.object)))
    elif unproved and state.cause is not None and not state.operation.restarts_pods:
        # It was not changed itself: the objects of its namespace were.
        outcome = Outcome.ROLLED_BACK if state.failure is None else Outcome.ROLLBACK_FAILED
        wrong = [proof for proof in unproved if proof.proof == Proof.DISPROVED]
        reason, message = str(state.cause.reason), state.cause.message
        if wrong:
            reason, message = wrong[0].reason, proof_sentence(wrong)
    elif unproved and outcome != Outcome.FAILED and reason != Reason.WORKLOAD_DELETED:
        outcome, reason, message = Outcome.FAILED, unproved[0].reason, proof_sentence(unproved)
    kept = not one.patched and one.change.body is not None
    return WorkloadVerdict(
        one.kind.kind,
        one.name,
        outcome,
        (one.forward or one.change).from_revision,
        one.change.from_revision if kept else one.change.to_revision,
        reason,
        message,
        one.kind.rollout(one.object, None).total if one.patched else 0,
        [proof.as_dict() for proof in proofs],
    )


def _taken_back(one: WorkloadState, back: Operation, cause: Cause) -> tuple[Outcome, str, str]:
    """What is said of a workload that was to go back."""
    if not one.went_back:
        said = f"{cause.message}; it could not be taken back: {one.message}"
        return Outcome.ROLLBACK_FAILED, str(cause.reason), said
    said = f"{cause.message}; it is {back.description}"
    if one.without_sidecar:
        said += f", but nobody has injected a sidecar into {one.without_sidecar}: its pods have to be created anew"
        return Outcome.ROLLBACK_FAILED, str(cause.reason), f"{said} once somebody does"
    wrong = [proof for proof in one.proofs_back if proof.proof == Proof.DISPROVED]
    if wrong:
        return Outcome.ROLLBACK_FAILED, str(cause.reason), f"{said}, but {proof_sentence(wrong)}"
    said += proof_note(one.proofs_back) + (f" ({one.message})" if one.message else "")
    return Outcome.ROLLED_BACK, str(cause.reason), said


def _stuck(pods: list[Object]) -> str:
    """What a StatefulSet needs to go back: https://github.com/kubernetes/kubernetes/issues/67250"""
    names = [pod["metadata"]["name"] for pod in pods if not is_ready(pod)]
    which = f"pod {', '.join(names)}" if names else "it"
    return f"; a StatefulSet does not replace a pod that has not got ready: delete {which}"


def of_ineligible(name: str, reason: str, message: str) -> NamespaceVerdict:
    """Of a namespace that preflight found not eligible: it fails and is not touched."""
    return NamespaceVerdict(name, Outcome.FAILED, reason=reason, message=message)


def not_begun(
    name: str, broken: Stopped | None, error: ApiError | None, refusal: tuple[Reason, str] | None
) -> NamespaceVerdict | None:
    """Of a namespace that was read and is not to be begun; None: it is.

    :param broken: why its wave is broken off.
    """
    if broken is not None:
        return not_started(name, broken.reason, broken.message)
    if error is not None:
        return of_ineligible(name, Reason.API_REFUSED, str(error))
    return of_ineligible(name, *refusal) if refusal is not None else None


def not_started(name: str, reason: Reason, message: str) -> NamespaceVerdict:
    """Of a namespace whose wave was not begun."""
    return NamespaceVerdict(name, Outcome.NOT_STARTED, reason=str(reason), message=message)


def crash_text(error: Exception) -> str:
    """Of what nobody foresaw."""
    text = str(error) if isinstance(error, WasmFilterError) else f"{type(error).__name__}: {error}"
    return f"{text} (a fault of the collection: please report it)"


def _shown(fields: Mapping[str, Any], names: FilterNames) -> dict[str, Any]:
    """What of a workload's label and volumes is shown; the application's own volumes may hold credentials."""
    return {
        key: value if key == names.pod_label else entries_of(value, {names.volume}) for key, value in fields.items()
    }
