# SPDX-License-Identifier: Apache-2.0
"""Taking back what a run did: each workload to what it had, and the objects as they were. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..domain.names import FilterNames
from ..domain.outcome import NONE, Outcome
from ..kinds.base import Object, WorkloadKind
from . import workload_change
from .base import NamespaceObjects, ObjectStep, Operation, StepAction, WorkloadChange
from .sidecar_volumes import USER_VOLUME, USER_VOLUME_MOUNT

# What the API server sets by itself, and refuses or ignores in an object that is created.
_SET_BY_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


class GoingBack(Operation):
    """A workload to the revision that it had; or to none.

    :param back_from: what it had been rolled back from by hand when it had that revision.
    :param dropped: the workload as a policy has altered it, and the texts of the volumes' annotations before that; they
        are given back unless somebody has changed them since.
    """

    done = Outcome.ROLLED_BACK
    restarts_pods = False

    def __init__(
        self,
        names: FilterNames,
        revision: str,
        dropped: tuple[Object, Mapping[str, str]] | None = None,
        back_from: str = "",
    ) -> None:
        super().__init__(names)
        self.revision, self._dropped, self._back_from = revision, dropped, back_from
        self.description = f"back on revision {revision}" if revision != NONE else "back without the filter"

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        if self.revision == NONE:
            change = workload_change.remove(kind, workload, self.names)
        else:
            change = workload_change.deploy(
                kind, workload, self.names, self.revision, back=True, back_from=self._back_from
            )
        if change.body is None:
            return change
        body = copy.deepcopy(change.body)
        if self._dropped and _texts(kind, self._dropped[0]) == _texts(kind, workload):
            kind.template(body)["metadata"]["annotations"].update(
                {key: text for key, text in self._dropped[1].items() if key in (USER_VOLUME, USER_VOLUME_MOUNT)}
            )
        return replace(change, body=body, outcome=Outcome.ROLLED_BACK)

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        if self.revision == NONE:
            return workload_change.left(kind, workload, self.names)
        return workload_change.missing(kind, workload, self.names, self.revision)

    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        return []


def _texts(kind: WorkloadKind, workload: Object) -> dict[str, str]:
    annotations = (kind.template(workload).get("metadata") or {}).get("annotations") or {}
    return {key: annotations[key] for key in (USER_VOLUME, USER_VOLUME_MOUNT) if key in annotations}


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
