# SPDX-License-Identifier: Apache-2.0
"""The controllers of Deployments and of their ReplicaSets.

As in pkg/controller/deployment of Kubernetes: rolling.go, sync.go, progress.go.
"""

from __future__ import annotations

from tests.simulation.controllers.base import MANAGER, Controller, Owned, count_ready, ready, revision_hash, share
from tests.simulation.store import Store
from tests.simulation.values import Object, at, put

REVISION = "deployment.kubernetes.io/revision"
AVAILABLE, TIMED_OUT, PROGRESSING = "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "ReplicaSetUpdated"


class ReplicaSets(Controller):
    """Makes and deletes pods a moment after it is told how many: until then a Deployment counts the old ones."""

    def __init__(self, store: Store, owned: Owned) -> None:
        super().__init__(store, owned)
        self._made = 0

    def sync(self, workload: Object) -> float | None:
        pods, wanted = self.owned.of(workload, "Pod"), workload["spec"]["replicas"]
        for pod in sorted(pods, key=ready)[: max(0, len(pods) - wanted)]:
            self.remove(pod)
        for _number in range(len(pods), wanted):
            self._made += 1
            labels = {"pod-template-hash": workload["metadata"]["labels"]["pod-template-hash"]}
            self.create_pod(
                workload, f"{workload['metadata']['name']}-{self._made}", workload["spec"]["template"], **labels
            )
        return None


class Deployments(Controller):
    def __init__(self, store: Store, owned: Owned) -> None:
        super().__init__(store, owned)
        self._moved: dict[str, float] = {}

    def sync(self, workload: Object) -> float | None:
        sets = sorted(self.owned.of(workload, "ReplicaSet"), key=lambda one: int(one["metadata"]["uid"][4:]))
        new = next((one for one in sets if one["spec"]["template"] == workload["spec"]["template"]), None)
        if workload["spec"].get("paused"):
            return self._paused(workload, sets, new)
        made = new is None
        if new is None:
            new = self._new_set(workload, sets)
            sets = [*sets, new]
        olds = [one for one in sets if one is not new]
        scaled = made or self._scaled_up(workload, new, olds) or self._scaled_down(workload, new, olds)
        fresh = self.owned.of(workload, "ReplicaSet")
        wrote = self._status(workload, fresh, new, made)
        return 0.0 if scaled or wrote else self._patience(workload)

    def _paused(self, workload: Object, sets: list[Object], new: Object | None) -> float | None:
        status = self._counts(workload, sets, new)
        conditions = status["conditions"]
        if all(one["reason"] != "DeploymentPaused" for one in conditions):
            paused = self._condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
            status["conditions"] = [one for one in conditions if one["type"] != "Progressing"] + [paused]
        self.write_status(workload, status)
        return None

    def _new_set(self, workload: Object, sets: list[Object]) -> Object:
        template = workload["spec"]["template"]
        digest = revision_hash(workload, template)
        labels = {**(at(template, "metadata", "labels") or {}), "pod-template-hash": digest}
        name = f"{workload['metadata']['name']}-{digest}"
        replicas = self._room(workload, 0, sets)
        spec = {"replicas": 0, "template": template}
        new = self.create_owned(workload, "ReplicaSet", name, labels, spec=spec)
        return self._scale(new, replicas)

    def _room(self, workload: Object, has: int, sets: list[Object]) -> int:
        """How many replicas the new set may have now."""
        wanted: int = workload["spec"]["replicas"]
        surge = share(at(workload, "spec", "strategy", "rollingUpdate", "maxSurge"), wanted, up=True)
        total = sum(one["spec"]["replicas"] for one in sets)
        return has + max(0, min(wanted + surge - total, wanted - has))

    def _scaled_up(self, workload: Object, new: Object, olds: list[Object]) -> bool:
        has, wanted = new["spec"]["replicas"], workload["spec"]["replicas"]
        replicas = wanted if has > wanted else self._room(workload, has, [new, *olds])
        if replicas == has:
            return False
        self._scale(new, replicas)
        return True

    def _scaled_down(self, workload: Object, new: Object, olds: list[Object]) -> bool:
        olds = [one for one in olds if one["spec"]["replicas"]]
        wanted = workload["spec"]["replicas"]
        least = wanted - self._unavailable_max(workload)
        ready_of = {one["metadata"]["uid"]: count_ready(self.owned.of(one, "Pod")) for one in [new, *olds]}
        total = sum(one["spec"]["replicas"] for one in [new, *olds])
        room = total - least - (new["spec"]["replicas"] - ready_of[new["metadata"]["uid"]])
        acted = False
        if room > 0:
            for index, one in enumerate(olds):
                ill = min(room, one["spec"]["replicas"] - ready_of[one["metadata"]["uid"]])
                if ill > 0:
                    olds[index], acted, room = self._scale(one, one["spec"]["replicas"] - ill), True, room - ill
            spare = sum(ready_of.values()) - least
            for one in olds:
                less = min(spare, one["spec"]["replicas"])
                if less > 0:
                    self._scale(one, one["spec"]["replicas"] - less)
                    acted, spare = True, spare - less
        return acted

    def _unavailable_max(self, workload: Object) -> int:
        rolling = at(workload, "spec", "strategy", "rollingUpdate") or {}
        wanted = workload["spec"]["replicas"]
        most = share(rolling.get("maxUnavailable"), wanted, up=False)
        return most or (0 if share(rolling.get("maxSurge"), wanted, up=True) else 1)

    def _scale(self, one: Object, replicas: int) -> Object:
        if one["spec"]["replicas"] == replicas:
            return one
        return self.store.put(put(one, "spec", "replicas", replicas), MANAGER)

    def _counts(self, workload: Object, sets: list[Object], new: Object | None) -> Object:
        pods = {one["metadata"]["uid"]: self.owned.of(one, "Pod") for one in sets}
        everyone = [pod for some in pods.values() for pod in some]
        available = count_ready(everyone)
        enough = available >= workload["spec"]["replicas"] - self._unavailable_max(workload)
        reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
        condition = self._condition("Available", str(enough), reason, "")
        conditions = at(workload, "status", "conditions") or []
        return {
            "observedGeneration": workload["metadata"]["generation"],
            "replicas": len(everyone),
            "updatedReplicas": len(pods.get(new["metadata"]["uid"], [])) if new else 0,
            "readyReplicas": available,
            "availableReplicas": available,
            "conditions": _with_condition(conditions, condition),
        }

    def _status(self, workload: Object, sets: list[Object], new: Object, made: bool) -> bool:
        """The status after a step; the Progressing condition moves exactly when progress.go moves it."""
        was = workload.get("status") or {}
        if made:
            created = self._condition("Progressing", "True", "NewReplicaSetCreated", "Created new replica set")
            was = {**was, "conditions": _with_condition(was.get("conditions") or [], created)}
            self._moved[workload["metadata"]["uid"]] = self.store.clock.now
        status = self._counts({**workload, "status": was}, sets, new)
        current: Object = next((one for one in was.get("conditions") or [] if one["type"] == "Progressing"), {})
        complete = status["replicas"] == status["updatedReplicas"] and current.get("reason") == AVAILABLE
        if workload["spec"].get("progressDeadlineSeconds") and not complete:
            condition = self._progress(workload, was, status, current, new["metadata"]["name"])
            if condition:
                kept = status["conditions"]
                if condition["reason"] == PROGRESSING:
                    kept = [one for one in kept if one["type"] != "Progressing"]
                status["conditions"] = _with_condition(kept, condition)
        revision = sum(1 for one in sets if one["metadata"]["uid"] != new["metadata"]["uid"]) + 1
        return self.write_status(workload, status, **{REVISION: str(revision)})

    def _progress(self, workload: Object, was: Object, status: Object, current: Object, name: str) -> Object | None:
        uid, wanted = workload["metadata"]["uid"], workload["spec"]["replicas"]
        if status["updatedReplicas"] == status["replicas"] == status["availableReplicas"] == wanted:
            return self._condition(
                "Progressing", "True", AVAILABLE, f'ReplicaSet "{name}" has successfully progressed.'
            )
        olds_before = was.get("replicas", 0) - was.get("updatedReplicas", 0)
        if (
            status["updatedReplicas"] > was.get("updatedReplicas", 0)
            or status["replicas"] - status["updatedReplicas"] < olds_before
            or status["availableReplicas"] > was.get("availableReplicas", 0)
        ):
            self._moved[uid] = self.store.clock.now
            return self._condition("Progressing", "True", PROGRESSING, f'ReplicaSet "{name}" is progressing.')
        if current.get("reason") not in (None, AVAILABLE, TIMED_OUT) and self._late(workload) <= 0:
            return self._condition("Progressing", "False", TIMED_OUT, f'ReplicaSet "{name}" has timed out progressing.')
        return None

    def _late(self, workload: Object) -> float:
        deadline: float = workload["spec"]["progressDeadlineSeconds"]
        moved = self._moved.get(workload["metadata"]["uid"], 0.0)
        return moved + deadline - self.store.clock.now

    def _patience(self, workload: Object) -> float | None:
        """When it has to be asked whether it takes too long."""
        conditions = at(workload, "status", "conditions") or []
        reason = next((one["reason"] for one in conditions if one["type"] == "Progressing"), AVAILABLE)
        if reason in (AVAILABLE, TIMED_OUT) or not workload["spec"].get("progressDeadlineSeconds"):
            return None
        return max(0.0, self._late(workload)) + 1.0

    def _condition(self, kind: str, status: str, reason: str, message: str) -> Object:
        time = self.store.clock.rfc3339
        times = {"lastUpdateTime": time, "lastTransitionTime": time}
        return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def _with_condition(conditions: list[Object], one: Object) -> list[Object]:
    """As SetDeploymentCondition: what says the same already stays as it is, with its times."""
    for had in conditions:
        if had["type"] == one["type"] and (had["status"], had["reason"]) == (one["status"], one["reason"]):
            return conditions
    return [had for had in conditions if had["type"] != one["type"]] + [one]
