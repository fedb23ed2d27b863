# SPDX-License-Identifier: Apache-2.0
"""What keeps a filter from running in pods, or from being seen to: each is one fault, of a workload or a namespace."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

from tests.simulation import steps
from tests.simulation.meddler import Meddler
from tests.simulation.resources import RESOURCES, Place, page_of, place_of_object
from tests.simulation.sidecars import TIMEOUT_SECONDS
from tests.simulation.store import Change
from tests.simulation.truth import DOMAIN
from tests.simulation.values import Object, at


class _OfPages(Meddler):
    """Acts as a page of its namespace is asked for."""

    def begin(self) -> None:
        self.simulation.server.gates.append(self._gate)

    def _gate(self, verb: str, path: str, _manager: str) -> None:
        page = page_of(path) if verb == "GET_TEXT" and self.active else None
        if page is not None and page[0] == self.namespace:
            self.asked(page[1])

    def asked(self, pod: str) -> None:
        raise NotImplementedError

    def pod(self, name: str) -> Object | None:
        return self.simulation.store.get(Place(RESOURCES["Pod"], self.namespace, name))

    def is_its(self, pod: Object | None) -> bool:
        """Is the pod of the workload that this is about?"""
        return pod is not None and self.simulation.owner_key(pod) == self.key


class PagesSilent(_OfPages):
    """No pod of the namespace answers: at once, or after a while."""

    name = "pages silent"

    def begin(self) -> None:
        super().begin()
        self._silent = self.simulation.sidecars.silent
        self._silent[self.namespace] = self.rng.choice((0.0, TIMEOUT_SECONDS))
        if self.rng.random() < 0.3:
            # Only for a while.
            self.simulation.clock.after(self.rng.uniform(5.0, 40.0), self.end)

    def asked(self, pod: str) -> None:
        self.met(steps.PAGE)

    def end(self) -> None:
        super().end()
        self._silent.pop(self.namespace, None)
        self._silent.update(self.simulation.scenario.silent)


class PagesForbidden(_OfPages):
    name = "pages forbidden"

    def asked(self, pod: str) -> None:
        self.met(steps.PAGE)
        raise api_error("get page", 403, f'pods "{pod}:15090" is forbidden: cannot get resource "pods/proxy"')


class PodEvicted(_OfPages):
    """A pod goes as it is asked; another one takes its place."""

    name = "pod evicted"

    def begin(self) -> None:
        super().begin()
        self._times = self.rng.choice((1, 1, 3))

    def asked(self, pod: str) -> None:
        found = self.pod(pod)
        if self._times and found is not None and self.simulation.owner_key(found):
            self._times -= 1
            self.met(steps.PAGE)
            self.simulation.store.remove(place_of_object(found), "evicted")


class EnvoyFilterDeleted(_OfPages):
    """Somebody deletes what the run has put there, while its pods are asked."""

    name = "EnvoyFilter deleted"

    def begin(self) -> None:
        super().begin()
        self._fired, self._delay = False, self.rng.choice((0.0, 0.0, 3.0))

    def asked(self, pod: str) -> None:
        if not self._fired:
            self._fired = True
            self.simulation.clock.after(self._delay, self._delete)

    def _delete(self) -> None:
        for entry in list(self.simulation.store.collection(RESOURCES["EnvoyFilter"], self.namespace)):
            if self.active and at(entry, "metadata", "labels", f"{DOMAIN}/filter") == "trace":
                self.met(steps.PAGE)
                self.simulation.store.remove(place_of_object(entry), "kubectl")


class FilterTraps(_OfPages):
    """The filter traps in the pods of a workload: at its first tick, or when it has run for a while."""

    name = "filter traps"

    def begin(self) -> None:
        super().begin()
        self._fired, self._later = False, self.rng.random() < 0.5
        if not self._later:
            self.simulation.sidecars.traps.append(self.is_its)

    def asked(self, pod: str) -> None:
        if not self.is_its(self.pod(pod)):
            return
        if not self._fired:
            self._fired = True
            if self._later:
                self.simulation.clock.after(self.rng.uniform(0.0, 10.0), self._trap)
        self.met(steps.PAGE)

    def _trap(self) -> None:
        if self.active:
            self.simulation.sidecars.trap(self.is_its)

    def end(self) -> None:
        super().end()
        if not self._later:
            self.simulation.sidecars.traps.remove(self.is_its)
        self.simulation.sidecars.recover()


class SidecarRejects(_OfPages):
    """Envoy refuses what would give the pods of a workload another configuration."""

    name = "sidecar rejects"

    def begin(self) -> None:
        super().begin()
        self.simulation.sidecars.rejects.append(self.is_its)

    def asked(self, pod: str) -> None:
        if self.is_its(self.pod(pod)):
            self.met(steps.PAGE)

    def end(self) -> None:
        super().end()
        self.simulation.sidecars.rejects.remove(self.is_its)
        self.simulation.sidecars.recover()


class NoInjection(Meddler):
    """The injector's webhook is passed over, all the time or for a while."""

    name = "no injection"

    def begin(self) -> None:
        self._from = self.simulation.clock.now + self.rng.choice((0.0, 0.0, 3.0))
        self._until = self._from + self.rng.choice((2.0, 10.0, 300.0))
        self.simulation.sidecars.off.append(self._is_off)
        self.simulation.store.listeners.append(self._see)

    def _is_off(self, namespace: str) -> bool:
        return namespace == self.namespace and self._from <= self.simulation.clock.now <= self._until

    def _see(self, change: Change) -> None:
        if change.place.resource.kind == "Pod" and change.type == "ADDED" and self._is_off(change.place.namespace):
            labels = change.after["metadata"].get("labels") or {}
            if any(label.startswith(DOMAIN) for label in labels):
                self.met(steps.ROLLING)

    def end(self) -> None:
        super().end()
        self.simulation.sidecars.off.remove(self._is_off)
        self.simulation.store.listeners.remove(self._see)


PROOF_FAULTS: tuple[type[Meddler], ...] = (
    PagesSilent,
    PagesForbidden,
    PodEvicted,
    EnvoyFilterDeleted,
    FilterTraps,
    SidecarRejects,
    NoInjection,
)
