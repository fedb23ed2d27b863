# SPDX-License-Identifier: Apache-2.0
"""What a run does to a namespace and to its workloads, as values. Pure.

An operation is a delivery of a revision (config_map.py, inline.py) or the removal of a filter (removal.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ..domain.names import REVISION_LABEL, FilterNames
from ..domain.outcome import Outcome, Reason
from ..kinds.base import Object, WorkloadKind
from .expectations import Expectations
from .redacted import redacted_for_diff

CONFIG_MAPS = ("/api/v1", "configmaps")
ENVOY_FILTERS = ("/apis/networking.istio.io/v1alpha3", "envoyfilters")
LEASES = ("/apis/coordination.k8s.io/v1", "leases")


def collection(of: tuple[str, str], namespace: str | None = None) -> str:
    """The API path of a collection (base, plural), in one namespace or in all."""
    base, plural = of
    return f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"


@dataclass
class NamespaceObjects:
    """This filter's objects in a namespace, as they were read. `config_maps` have only metadata."""

    config_maps: list[Object] = field(default_factory=list)
    envoy_filters: list[Object] = field(default_factory=list)


class StepAction(str, Enum):
    """What is done to one object of ours."""

    __str__ = str.__str__

    # Create it, or make what is there as it should be.
    ENSURE = "ensure"
    # Try whether it would be created, before what works is taken away for it.
    REHEARSE = "rehearse"
    DELETE = "delete"
    # Read the ConfigMap of a revision, which has the body of the next step.
    FETCH = "fetch"


@dataclass(frozen=True)
class ObjectStep:
    """One object. `found`: as it was read. `before` and `after`: what a diff shows once it is done.

    `replaceable`: what is there under its name may be replaced if it is ours; else it is as good as ours.
    """

    action: StepAction
    kind: str
    collection: str
    name: str
    body: Object | None = None
    found: Object | None = None
    replaceable: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.collection}/{self.name}"

    @property
    def label(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class WorkloadChange:
    """What is to be done to one workload.

    `body` is None where nothing is to be done; `outcome` and `reason` then say whether that is good news.
    `back_from`: the revision that it had been rolled back from by then; empty: it had not.
    """

    from_revision: str
    to_revision: str
    body: Object | None = None
    outcome: Outcome = Outcome.UNCHANGED
    reason: str = ""
    message: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    back_from: str = ""

    def sent_again_as(self, planned: WorkloadChange) -> WorkloadChange:
        """What is left to do where part of it is done: what there was before stays what this was planned from."""
        return replace(planned, from_revision=self.from_revision, before=self.before, back_from=self.back_from)


class Operation(ABC):
    """One way to change namespaces; the engine knows no other difference between them.

    `done`: what a namespace is that was changed. `description`: what it has come to, for people.
    `objects_go_last`: whether it is not done before its objects are, which are the last to be changed.
    `goes_back`: whether what fails of it is taken back. `shows`: whether pods show that it is done.
    `refusal`: (reason, message) of why it can't be done at all where it is bound to; None: it can.
    `restarts_pods`: whether pods get it by being replaced, so that a namespace without workloads gets nothing.
    """

    done: Outcome
    description: str
    restarts_pods: bool
    objects_go_last: bool = False
    goes_back: bool = False
    shows: bool = False
    refusal: tuple[Reason, str] | None = None

    def __init__(self, names: FilterNames) -> None:
        self.names = names

    def bound(self, objects: NamespaceObjects, workloads: Iterable[tuple[WorkloadKind, Object]]) -> Operation:
        """The same for one namespace, where what is to be done depends on what is there."""
        return self

    @property
    def to_revision(self) -> str:
        """What all of it is to have; empty: that depends on what is there."""
        return ""

    @abstractmethod
    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        """What is done to a workload as it was read."""

    @abstractmethod
    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        """What of the change is not in the workload, by name; empty: all of it is there."""

    def expected(self, done: Iterable[ObjectStep] = ()) -> Expectations | None:
        """What the pods of the namespace that it is bound to show; None where that is nothing.

        :param done: what was done of `steps_before`.
        """
        return None

    def steps_before(self, namespace: str, objects: NamespaceObjects) -> list[ObjectStep]:
        """What has to be there before the first workload is changed, in order."""
        return []

    def superseded(self, objects: NamespaceObjects) -> list[Object]:
        """ConfigMaps of revisions that go unless something refers to them."""
        return []

    @abstractmethod
    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        """What is done when the workloads are.

        :param used: revisions that something in the namespace refers to; asked for where `superseded` has any.
        :param all_well: no workload failed.
        """


def delete_step(of: tuple[str, str], kind: str, namespace: str, found: Object, before: dict[str, Any]) -> ObjectStep:
    """Delete an object that was read."""
    name = found["metadata"]["name"]
    return ObjectStep(StepAction.DELETE, kind, collection(of, namespace), name, found=found, before=before)


def delete_envoy_filter(namespace: str, found: Object) -> ObjectStep:
    """Delete an EnvoyFilter; the diff shows its spec."""
    shown = {f"EnvoyFilter/{found['metadata']['name']}": redacted_for_diff(found.get("spec") or {})}
    return delete_step(ENVOY_FILTERS, "EnvoyFilter", namespace, found, shown)


def revision_label(found: Object) -> str:
    """The revision that an object of ours is of; empty: it does not say."""
    return (found["metadata"].get("labels") or {}).get(REVISION_LABEL) or ""
