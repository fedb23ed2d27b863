# SPDX-License-Identifier: Apache-2.0
"""An API server that refuses: webhooks and policies, rights that are missing, kinds that are not served."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb

from tests.simulation import steps
from tests.simulation.meddler import Meddler
from tests.simulation.resources import place_of
from tests.simulation.traits import MOUNT, TEMPLATE, VOLUME
from tests.simulation.truth import DOMAIN
from tests.simulation.values import Object, at, put

LISTED = (
    "deployments",
    "statefulsets",
    "daemonsets",
    "configmaps",
    "envoyfilters",
    "pods",
    "replicasets",
    "controllerrevisions",
)


class WebhookRefuses(Meddler):
    """A webhook that refuses whatever changes the workload, or creates our objects in its namespace."""

    name = "webhook refuses"

    def begin(self) -> None:
        self._status = self.rng.choice((400, 403, 422, 500))
        self._kind = self.rng.choice((self.key[0], self.key[0], "EnvoyFilter", "ConfigMap"))
        self._waits = self._kind == self.key[0] and self.waits_for_back()
        self.simulation.server.admission.append(self._admit)

    def _admit(self, operation: str, before: Object | None, after: Object) -> Object:
        kind, namespace, name = self.key
        metadata = after["metadata"]
        due = not self._waits or self.simulation.going_back.is_due(before)
        meant = due and after["kind"] == self._kind and metadata.get("namespace") == namespace
        if meant and (self._kind != kind or metadata["name"] == name):
            verb = "create" if operation == "CREATE" else "replace"
            self.met(self.step() if self._kind == kind else f"{verb} {self._kind}")
            raise api_error("write", self._status, 'admission webhook "policy.example.org" denied the request')
        return after

    def end(self) -> None:
        super().end()
        self.simulation.server.admission.remove(self._admit)


class WebhookDrops(Meddler):
    """A policy that takes some of ours out of every pod template."""

    name = "webhook drops"

    def begin(self) -> None:
        self._dropped = self.rng.choice(({VOLUME}, {MOUNT}, {VOLUME, MOUNT}, {"label"}))
        self.simulation.server.admission.append(self._admit)

    def _admit(self, _operation: str, _before: Object | None, after: Object) -> Object:
        kind, namespace, name = self.key
        metadata = after["metadata"]
        if (after["kind"], metadata.get("namespace"), metadata["name"]) != (kind, namespace, name):
            return after
        changed = after
        annotations = at(after, *TEMPLATE, "annotations") or {}
        kept = {key: text for key, text in annotations.items() if not (key in self._dropped and "wasm-filter" in text)}
        if kept != annotations:
            changed = put(changed, *TEMPLATE, "annotations", kept)
        if "label" in self._dropped:
            labels = at(after, *TEMPLATE, "labels") or {}
            changed = put(
                changed, *TEMPLATE, "labels", {key: value for key, value in labels.items() if DOMAIN not in key}
            )
        if changed != after:
            self.met()
        return changed

    def end(self) -> None:
        super().end()
        self.simulation.server.admission.remove(self._admit)


class _ListFails(Meddler):
    """LISTs of some kinds fail, cluster-wide, or in one namespace too."""

    status: int

    def begin(self) -> None:
        some = self.rng.sample(LISTED, self.rng.choice((1, 1, 2, len(LISTED))))
        self._plurals = {*some}
        self._also_in_namespace = self.rng.random() < 0.4
        if self.rng.random() < 0.25:
            # Asked for in a namespace only, and seldom.
            self._plurals, self._also_in_namespace = set(LISTED[-2:]), True
        self.simulation.server.gates.append(self._gate)

    def _gate(self, verb: str, path: str, _manager: str) -> None:
        place = place_of(path) if verb == "LIST" else None
        if not self.active or place is None or place.resource.plural not in self._plurals:
            return
        if not place.namespace or (self._also_in_namespace and place.namespace == self.namespace):
            step = steps.of_request(Request(Verb.LIST, path))
            self.simulation.meet(self.name, place.namespace, place.resource.kind, step=step)
            raise api_error(f"list {path}", self.status, f"{place.resource.plural} can't be listed")


class Forbidden(_ListFails):
    name = "LIST forbidden"
    status = 403


class ListFails(_ListFails):
    name = "LIST fails"
    status = 500


REFUSALS: tuple[type[Meddler], ...] = (WebhookRefuses, WebhookDrops, Forbidden, ListFails)
