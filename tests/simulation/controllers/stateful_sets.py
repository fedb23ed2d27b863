# SPDX-License-Identifier: Apache-2.0
"""The controller of StatefulSets, as in pkg/controller/statefulset/stateful_set_control.go of Kubernetes."""

from __future__ import annotations

from tests.simulation.controllers.base import Controller, ready, revision_hash
from tests.simulation.resources import place_of_object
from tests.simulation.values import Object, at

HASH = "controller-revision-hash"


class Revisions(Controller):
    """The ControllerRevisions in which StatefulSets and DaemonSets keep their templates."""

    def newest(self, workload: Object) -> Object:
        """That of the template, made where it is missing, and the newest from now on."""
        found = sorted(self.owned.of(workload, "ControllerRevision"), key=lambda one: int(one["revision"]))
        template = workload["spec"]["template"]
        same = next((one for one in found if one["data"]["template"] == template), None)
        following = found[-1]["revision"] + 1 if found else 1
        if same is None:
            digest = revision_hash(workload, template)
            labels = {**(at(template, "metadata", "labels") or {}), HASH: digest}
            name = f"{workload['metadata']['name']}-{digest}"
            return self.create_owned(
                workload, "ControllerRevision", name, labels, revision=following, data={"template": template}
            )
        if same is not found[-1]:
            return self.store.put({**same, "revision": following}, "kube-controller-manager")
        return same


class StatefulSets(Revisions):
    def sync(self, workload: Object) -> float | None:
        update = self.newest(workload)
        names = {one["metadata"]["name"]: one for one in self.owned.of(workload, "ControllerRevision")}
        current = names.get((workload.get("status") or {}).get("currentRevision", ""), update)
        # What a step brings about is in the next status.
        status = self._status(workload, current, update)
        acted = self._step(workload, current, update)
        # Pods do not change this one: read it anew, as creating a revision is a write of its own.
        wrote = self.write_status(self.store.get(place_of_object(workload)) or workload, status)
        return 0.0 if acted or wrote else None

    def _step(self, workload: Object, current: Object, update: Object) -> bool:
        """One pod at a time, and none while another is not ready."""
        pods = self._pods(workload)
        wanted = workload["spec"]["replicas"]
        strategy = workload["spec"]["updateStrategy"]
        partition = at(strategy, "rollingUpdate", "partition") or 0
        for ordinal in range(wanted):
            if ordinal not in pods:
                return self._create(workload, ordinal, current if ordinal < partition else update)
            if not ready(pods[ordinal]):
                return False
        for ordinal in sorted(pods, reverse=True):
            if ordinal >= wanted:
                self.remove(pods[ordinal])
                return True
        if strategy.get("type") == "OnDelete":
            return False
        for ordinal in range(wanted - 1, partition - 1, -1):
            if _revision(pods[ordinal]) != update["metadata"]["name"]:
                self.remove(pods[ordinal])
                return True
        return False

    def _pods(self, workload: Object) -> dict[int, Object]:
        return {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in self.owned.of(workload, "Pod")}

    def _create(self, workload: Object, ordinal: int, revision: Object) -> bool:
        name = f"{workload['metadata']['name']}-{ordinal}"
        free = self.is_free(workload, "Pod", name)
        if free:
            self.create_pod(workload, name, revision["data"]["template"], **{HASH: revision["metadata"]["name"]})
        return free

    def _status(self, workload: Object, current: Object, update: Object) -> Object:
        pods = list(self._pods(workload).values())
        ready_ones = sum(1 for pod in pods if ready(pod))
        of_revision = [_revision(pod) for pod in pods]
        current_name, update_name = current["metadata"]["name"], update["metadata"]["name"]
        updated = of_revision.count(update_name)
        rolling = workload["spec"]["updateStrategy"].get("type") != "OnDelete"
        if rolling and updated == len(pods) == ready_ones == workload["spec"]["replicas"]:
            current_name = update_name
        return {
            "observedGeneration": workload["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": ready_ones,
            "availableReplicas": ready_ones,
            "currentReplicas": of_revision.count(current_name),
            "updatedReplicas": updated,
            "currentRevision": current_name,
            "updateRevision": update_name,
            "collisionCount": 0,
        }


def _revision(pod: Object) -> str:
    name: str = pod["metadata"]["labels"][HASH]
    return name
