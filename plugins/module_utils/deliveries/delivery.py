# SPDX-License-Identifier: Apache-2.0
"""What both deliveries of a revision have in common. Pure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from ..domain.errors import InputError
from ..domain.names import SHA256_ANNOTATION
from ..domain.outcome import NONE, Outcome
from ..domain.plan import Exclusion
from ..domain.revision import counted
from ..kinds.base import Object, WorkloadKind
from .base import (
    CONFIG_MAPS,
    ENVOY_FILTERS,
    NamespaceObjects,
    ObjectStep,
    Operation,
    StepAction,
    WorkloadChange,
    collection,
    delete_step,
    revision_label,
)
from .expectations import Expectations, of_release
from .previous import previous_of
from .redacted import redacted_for_diff
from .release import Release
from .workload_change import PREVIOUS_KEPT

REVISIONS_KEPT = 3
BINARY_PATH = "wasm_filter_binary_path"


class Delivery(Operation):
    """A way to get a revision to the proxies.

    `name`: the choice of wasm_filter_delivery. `bytes_max`: the largest wasm file it takes, and `limit` why.
    `contexts`: what of wasm_filter_context it can serve.
    """

    done = Outcome.DEPLOYED
    goes_back = shows = True
    name: str
    bytes_max: int
    limit: str
    contexts: tuple[str, ...]

    def __init__(self, release: Release, exclusions: Iterable[Exclusion] = ()) -> None:
        super().__init__(release.names)
        self.release = release
        self._exclusions = {(one.namespace, one.kind, one.name): one for one in exclusions}
        self.description = f"revision {release.revision} ({self.name})"

    @classmethod
    def check_size(cls, size: int, path: str) -> None:
        """:raises InputError: the wasm file is too large for it."""
        if size > cls.bytes_max:
            raise InputError(BINARY_PATH, path, f"has {size} bytes; {cls.limit.format(bytes_max=cls.bytes_max)}")

    @property
    def to_revision(self) -> str:
        return self.release.revision

    def expected(self, done: Iterable[ObjectStep] = ()) -> Expectations:
        """Of this release."""
        return of_release(self.names, self.release.revision, self.release.spec, self.restarts_pods)

    def unless_excluded(self, kind: WorkloadKind, workload: Object, change: WorkloadChange) -> WorkloadChange:
        """The change; nothing for a workload that is to be left alone, though one that is as wanted is just that."""
        metadata = workload["metadata"]
        found = self._exclusions.get((metadata["namespace"], kind.kind, metadata["name"]))
        if found is None or change.body is None:
            return change
        current = change.from_revision
        return WorkloadChange(current, current, outcome=Outcome.SKIPPED, reason=found.reason, message=found.message)

    @property
    @abstractmethod
    def envoy_filter_name(self) -> str:
        """Of this release's EnvoyFilter."""

    @abstractmethod
    def conflicts_with(self, envoy_filter: Object) -> bool:
        """Whether an EnvoyFilter of this filter would give a proxy a second slot beside ours."""

    def steps_before(self, namespace: str, objects: NamespaceObjects) -> list[ObjectStep]:
        """The release's objects.

        The order keeps the invariant that no proxy ever has two slots of one filter: what the other
        delivery left goes before ours comes. istiod sees EnvoyFilters in the order of their changes.
        """
        steps = [] if self._has_config_map(objects) else [self._config_map_step(namespace)]
        found = next((one for one in objects.envoy_filters if one["metadata"]["name"] == self.envoy_filter_name), None)
        others = [one for one in objects.envoy_filters if self.conflicts_with(one)]
        # The newest is what proxies have had: against it the diff shows what really changes for them.
        newest = sorted(objects.envoy_filters, key=lambda one: one["metadata"].get("creationTimestamp", ""))[-1:]
        had = {"EnvoyFilter": {one["metadata"]["name"]: redacted_for_diff(one["spec"]) for one in newest}}
        before = had if newest else {}
        after = {"EnvoyFilter": {self.envoy_filter_name: self.release.shown}}
        ensure = self._envoy_filter_step(namespace, StepAction.ENSURE, found, before, after)
        if others and found is None:
            steps.append(self._envoy_filter_step(namespace, StepAction.REHEARSE, None, {}, {}))
        for other in others:
            gone = delete_step(ENVOY_FILTERS, "EnvoyFilter", namespace, other, before)
            steps.append(
                ObjectStep(gone.action, gone.kind, gone.collection, gone.name, None, other, False, before, after)
            )
        if not (found and is_as_wanted(ensure, found)):
            steps.append(ensure)
        return steps

    def _has_config_map(self, objects: NamespaceObjects) -> bool:
        return any(one["metadata"]["name"] == self.release.config_map_name for one in objects.config_maps)

    def _config_map_step(self, namespace: str) -> ObjectStep:
        name = self.release.config_map_name
        binary = self.release.binary
        shown = {f"ConfigMap/{name}": f"filter.wasm: {binary.size} bytes, {SHA256_ANNOTATION}: {binary.sha256}"}
        body = self.release.config_map(namespace, self.envoy_filter_name)
        path = collection(CONFIG_MAPS, namespace)
        return ObjectStep(StepAction.ENSURE, "ConfigMap", path, name, body, after=shown)

    def _envoy_filter_step(
        self,
        namespace: str,
        action: StepAction,
        found: Object | None,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> ObjectStep:
        name = self.envoy_filter_name
        body = self.release.envoy_filter(namespace, name)
        if not self.restarts_pods:
            # It is one for all revisions, so that it says itself what was there before.
            body["metadata"]["annotations"] = {self.names.previous_annotation: ",".join(self._before(found))}
        path = collection(ENVOY_FILTERS, namespace)
        return ObjectStep(action, "EnvoyFilter", path, name, body, found, True, before, after)

    def _before(self, found: Object | None) -> list[str]:
        if found is None:
            return [NONE]
        known, current = previous_of(found, self.names), revision_label(found)
        return known if current == self.release.revision else [current, *known][:PREVIOUS_KEPT]

    def superseded(self, objects: NamespaceObjects) -> list[Object]:
        """All but the newest three, ours among them."""
        return beyond_kept(objects.config_maps, self.release.config_map_name)

    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        """Revisions that nothing refers to any more.

        `kubectl rollout undo` goes back to a ReplicaSet or ControllerRevision: what these name stays. So does
        all where a workload failed: it may have to go back.
        """
        steps = []
        for found in self.superseded(objects) if all_well else []:
            revision = revision_label(found)
            if revision in used:
                continue
            step = {f"revision {revision}": "kept"}, {f"revision {revision}": "deleted: no longer used"}
            filter_name = self.names.envoy_filter(revision)
            gone = [one for one in objects.envoy_filters if one["metadata"]["name"] == filter_name]
            for of, kind, one in [(ENVOY_FILTERS, "EnvoyFilter", one) for one in gone] + [
                (CONFIG_MAPS, "ConfigMap", found)
            ]:
                path, name = collection(of, namespace), one["metadata"]["name"]
                steps.append(ObjectStep(StepAction.DELETE, kind, path, name, None, one, False, *step))
        return steps


def beyond_kept(config_maps: list[Object], current: str) -> list[Object]:
    """All but the newest three; the current one, by its name, is among these."""
    older = [one for one in config_maps if one["metadata"]["name"] != current]
    older.sort(key=lambda one: one["metadata"].get("creationTimestamp", ""), reverse=True)
    return older[REVISIONS_KEPT - 1 :]


def is_as_wanted(step: ObjectStep, found: Object) -> bool:
    """Whether an object that is ours needs no change."""
    body = step.body or {}
    labels = found["metadata"].get("labels") or {}
    return not step.replaceable or (
        counted(found.get("spec")) == counted(body.get("spec")) and body["metadata"]["labels"].items() <= labels.items()
    )
