"""Taking back what a run did: each workload to what it had, and the objects as they were. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..domain.names import FilterNames
from ..domain.outcome import NONE, Outcome
from ..kinds.base import Object, WorkloadKind
from . import workload_change
from .base import NamespaceObjects, ObjectStep, Operation, StepAction, WorkloadChange

# What the API server sets by itself, and refuses or ignores in an object that is created.
_SET_BY_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


class GoingBack(Operation):
    """A workload to the revision that it had; or to none."""

    done = Outcome.ROLLED_BACK
    restarts_pods = False

    def __init__(self, names: FilterNames, revision: str) -> None:
        super().__init__(names)
        self.revision = revision
        self.description = f"back on revision {revision}" if revision != NONE else "back without the filter"

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        if self.revision == NONE:
            change = workload_change.remove(kind, workload, self.names)
        else:
            change = workload_change.deploy(kind, workload, self.names, self.revision, back=True)
        return replace(change, outcome=Outcome.ROLLED_BACK) if change.body is not None else change

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        if self.revision == NONE:
            return workload_change.left(kind, workload, self.names)
        return workload_change.missing(kind, workload, self.names, self.revision)

    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        return []


def undone(steps: Iterable[ObjectStep]) -> list[ObjectStep]:
    """What gives a namespace the objects that it had before these steps, in their reverse order.

    :param steps: those that were done, `found` as it was before each.
    """
    return [_undone(step) for step in reversed(list(steps))]


def _undone(step: ObjectStep) -> ObjectStep:
    if step.found is None:
        return replace(step, action=StepAction.DELETE, body=None, before={}, after={})
    metadata = {key: value for key, value in step.found["metadata"].items() if key not in _SET_BY_SERVER}
    body = {"apiVersion": _API_VERSIONS[step.kind], "kind": step.kind, **step.found, "metadata": metadata}
    there = None if step.action == StepAction.DELETE else step.found
    return replace(step, action=StepAction.ENSURE, body=body, found=there, replaceable=True, before={}, after={})


# Items of a LIST come without their type. A ConfigMap is never replaced, and goes only where all is well.
_API_VERSIONS = {"EnvoyFilter": "networking.istio.io/v1alpha3"}
