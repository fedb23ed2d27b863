# SPDX-License-Identifier: Apache-2.0
"""All controllers of a cluster, and its kubelets: what happens by itself after a write."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.simulation import writes
from tests.simulation.api_server import ApiServer
from tests.simulation.controllers.base import MANAGER, Controller, Owned, owners, ready
from tests.simulation.controllers.daemon_sets import DaemonSets
from tests.simulation.controllers.deployments import Deployments, ReplicaSets
from tests.simulation.controllers.stateful_sets import StatefulSets
from tests.simulation.resources import RESOURCES, Place, place_of_object
from tests.simulation.store import Change
from tests.simulation.values import Object, at

KUBELET = "kubelet"
# More than an application that waits for another one.
CRASHES = 4


def always(_pod: Object) -> bool:
    return True


class Cluster:
    """Controllers act a moment after what they act on; pods get ready some time after they are made.

    `healthy`: does a pod get ready? `crashes`: how often one that does not has been started again.
    `seconds`: (least, most) of a controller's step, and of a pod's start.
    """

    def __init__(
        self,
        server: ApiServer,
        rng: random.Random,
        healthy: Callable[[Object], bool] = always,
        step_seconds: tuple[float, float] = (0.02, 0.3),
        start_seconds: tuple[float, float] = (0.2, 3.0),
    ) -> None:
        self.server, self.store, self.clock = server, server.store, server.clock
        self.healthy, self.crashes, self._rng = healthy, CRASHES, rng
        self._step_seconds, self._start_seconds = step_seconds, start_seconds
        self.owned = Owned(self.store)
        self._controllers: dict[str, Controller] = {
            "Deployment": Deployments(self.store, self.owned),
            "ReplicaSet": ReplicaSets(self.store, self.owned),
            "StatefulSet": StatefulSets(self.store, self.owned),
            "DaemonSet": DaemonSets(self.store, self.owned),
        }
        self._queued: dict[Place, float] = {}
        self.store.listeners.append(self._changed)
        for entry in list(self.store.everything()):
            if entry["kind"] in self._controllers:
                self._enqueue(place_of_object(entry))

    def recheck_pods(self) -> None:
        """Health may have changed: those that are not ready get another start."""
        for pod in list(self.store.collection(RESOURCES["Pod"])):
            if not ready(pod):
                self._start(place_of_object(pod))

    def take_down(self, node: str) -> None:
        """Its kubelet is silent from now on; the node controller says of its pods that they are not ready."""
        self.owned.down.add(node)
        for pod in list(self.store.collection(RESOURCES["Pod"])):
            if at(pod, "spec", "nodeName") == node and pod.get("status"):
                conditions = [{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "True"}]
                self.store.put({**pod, "status": {**pod["status"], "ready": False, "conditions": conditions}}, MANAGER)

    def _changed(self, change: Change) -> None:
        kind = change.place.resource.kind
        if change.type != "DELETED" and (kind == "ReplicaSet" or (kind in self._controllers and change.by != MANAGER)):
            self._enqueue(change.place)
        if kind == "Pod":
            if change.type == "ADDED":
                self._start(change.place)
            self._enqueue_owners(change.after)
        if change.type == "DELETED" and kind in self._controllers:
            self.clock.after(self._rng.uniform(*self._step_seconds), lambda: self._collect(change.after))
        if kind == "Namespace" and change.after["metadata"].get("deletionTimestamp") and change.type != "DELETED":
            self.clock.after(self._rng.uniform(0.5, 3.0), lambda: self._empty(change.place))

    def _enqueue_owners(self, entry: Object) -> None:
        for owner in entry["metadata"].get("ownerReferences") or ():
            if owner["kind"] in self._controllers:
                place = Place(RESOURCES[owner["kind"]], entry["metadata"]["namespace"], owner["name"])
                self._enqueue(place)
                if (found := self.store.get(place)) is not None:
                    self._enqueue_owners(found)

    def _enqueue(self, place: Place, after: float = 0.0) -> None:
        due = self.clock.now + after + self._rng.uniform(*self._step_seconds)
        if self._queued.get(place, float("inf")) > due:
            self._queued[place] = due
            self.clock.at(due, lambda: self._sync(place, due))

    def _sync(self, place: Place, due: float) -> None:
        if self._queued.get(place) != due:
            return  # an earlier one has taken its place
        del self._queued[place]
        workload = self.store.get(place)
        if workload is None or workload["metadata"].get("deletionTimestamp"):
            return
        again = self._controllers[place.resource.kind].sync(workload)
        if again is not None:
            self._enqueue(place, again)

    def _start(self, place: Place) -> None:
        self.clock.after(self._rng.uniform(*self._start_seconds), lambda: self._started(place))

    def _started(self, place: Place) -> None:
        pod = self.store.get(place)
        if pod is None or ready(pod) or at(pod, "spec", "nodeName") in self.owned.down:
            return
        good = self.healthy(pod)
        waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
        state = {"running": {}} if good else waiting
        status = {
            "phase": "Running",
            "startTime": at(pod, "status", "startTime") or self.clock.rfc3339,
            "ready": good,
            "conditions": [{"type": "Ready", "status": str(good)}],
            "containerStatuses": [
                {"name": "app", "ready": good, "state": state, "restartCount": 0 if good else self.crashes}
            ],
        }
        if pod.get("status") != status:
            self.store.put({**pod, "status": status}, KUBELET)

    def _collect(self, gone: Object) -> None:
        """What belonged to nobody else goes too."""
        for place in self.owned.places(gone["metadata"]["uid"]):
            entry = self.store.get(place)
            if entry is not None and owners(entry) == [gone["metadata"]["uid"]]:
                self.store.remove(place, MANAGER)

    def _empty(self, place: Place) -> None:
        """A namespace on its way out: first what is in it, then itself."""
        for kind, resource in RESOURCES.items():
            if kind != "Namespace":
                for entry in list(self.store.collection(resource, place.name)):
                    writes.delete(self.store, place_of_object(entry), "namespace-controller")
        self.store.remove(place, "namespace-controller")
