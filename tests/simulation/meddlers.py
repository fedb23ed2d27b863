# SPDX-License-Identifier: Apache-2.0
"""Others at work in the cluster while a run goes on: each is one fault, of one workload or one namespace."""

from __future__ import annotations

from tests.simulation import writes
from tests.simulation.meddler import Meddler
from tests.simulation.resources import RESOURCES, Place, place_of
from tests.simulation.scenario import Key, workload
from tests.simulation.store import Change
from tests.simulation.traits import template_annotations
from tests.simulation.truth import WORKLOADS
from tests.simulation.values import Object, at, put


class Touched(Meddler):
    """An editor is faster than our write: a few times, or more often than anybody would try."""

    name = "409 by an editor"

    def begin(self) -> None:
        kind, namespace, name = self.key
        path, left = RESOURCES[kind].path(namespace, name), [self.rng.choice((1, 2, 5, 20))]
        waits = self.waits_for_back()

        def gate(verb: str, asked: str, _manager: str) -> None:
            due = self.active and (not waits or self.simulation.going_back.is_due(self.found))
            if due and left[0] and asked == path and verb in ("APPLY", "MERGE_PATCH"):
                left[0] -= 1
                found = self.found
                if found and self.write(put(found, "metadata", "labels", {"touched": str(left[0])}), "editor"):
                    self.met()

        self.simulation.server.gates.append(gate)


class Edited(Meddler):
    """The application's owner changes the volumes that it asks for itself."""

    name = "volumes edited"

    def begin(self) -> None:
        def act() -> bool:
            found = self.found
            if found is None:
                return False
            text = f'[{{"name": "newer{self.rng.randrange(9)}", "emptyDir": {{}}}}]'
            return self.write(template_annotations(found, volume=text), "gitops")

        self.once(act)


class PutBack(Meddler):
    """An operator puts the template back, a second after whatever we write; or only after what we take back."""

    name = "put back"

    def begin(self) -> None:
        self._waits, self._kept = self.waits_for_back(), (self.found or {}).get("spec", {}).get("template")
        self.simulation.store.listeners.append(self._see)

    def _see(self, change: Change) -> None:
        kind, namespace, name = self.key
        place = Place(RESOURCES[kind], namespace, name)
        if not self.active or change.place != place or not change.by.startswith("wasm-filters"):
            return
        if self._waits:
            is_due = self.simulation.going_back.is_due
            if change.before is None or not is_due(change.before) or is_due(change.after):
                return
            self._kept = change.before["spec"]["template"]
        self.simulation.clock.after(1.0, self._put_back)

    def _put_back(self) -> None:
        found, step = self.found, self.step()
        if self.active and found and self._kept and self.write(put(found, "spec", "template", self._kept), "operator"):
            self.met(step)

    def end(self) -> None:
        super().end()
        self.simulation.store.listeners.remove(self._see)


class Deleted(Meddler):
    name = "deleted"

    def begin(self) -> None:
        self.once(lambda: self.simulation.delete(self.key))


class MadeAnew(Meddler):
    """Deleted, and after a moment there again, as its owner wrote it."""

    name = "made anew"

    def begin(self) -> None:
        self._times = self.rng.choice((1, 1, 2, 5))
        self.once(self._act)

    def _act(self) -> bool:
        found = self.found
        self._times -= 1
        if found is None or not self.active or not self.simulation.delete(self.key):
            return False
        original = next((one for one in self.simulation.scenario.objects if _key(one) == self.key), None)
        if original is not None:
            delay = self.rng.choice((0.0, 0.01, 1.0))
            self.simulation.clock.after(delay, lambda: self._recreate(original))
            if self._times:
                self.simulation.clock.after(delay + self.rng.uniform(0.1, 3.0), lambda: self._do(self._act))
        return True

    def _recreate(self, original: Object) -> None:
        self.simulation.recreate(original)


class Created(Meddler):
    name = "created"

    def step(self) -> str:
        return self.simulation.step_of_run()

    def begin(self) -> None:
        def act() -> bool:
            kind = self.rng.choice([kind for kind in WORKLOADS if kind != self.simulation.scenario.unserved])
            # Two of a name would select each other's pods.
            name = f"late-{kind.lower()}{self.rng.randrange(9)}"
            return self.simulation.recreate(workload(kind, self.namespace, name, self.rng))

        self.once(act)


class Restarted(Meddler):
    """kubectl rollout restart."""

    name = "restarted"

    def begin(self) -> None:
        def act() -> bool:
            key = "kubectl.kubernetes.io/restartedAt"
            found = self.found
            return found is not None and self.write(
                template_annotations(found, **{key: self.simulation.clock.rfc3339}), "kubectl-rollout"
            )

        self.once(act)


class Scaled(Meddler):
    name = "scaled"

    def begin(self) -> None:
        def act() -> bool:
            found = self.found
            if found is None or "replicas" not in found["spec"]:
                return False
            return self.write(put(found, "spec", "replicas", self.rng.choice((0, 1, 3))), "autoscaler")

        self.once(act)


class NeverReady(Meddler):
    """Pods with the filter, or of the revision that is being deployed, do not get ready."""

    name = "never ready"

    def begin(self) -> None:
        revision = self.simulation.scenario.task.revision
        self.simulation.sick[self.key] = self.rng.choice((revision, revision, revision, ""))

    def end(self) -> None:
        super().end()
        self.simulation.sick.pop(self.key, None)


class NamespaceDeleted(Meddler):
    name = "namespace deleted"

    def begin(self) -> None:
        def act() -> bool:
            place = Place(RESOURCES["Namespace"], "", self.namespace)
            found = self.simulation.store.get(place)
            if found is None or found["metadata"].get("deletionTimestamp"):
                return False
            writes.delete(self.simulation.store, place, "kubectl")
            return True

        self.once(act)


class ObjectThere(Meddler):
    """Another run of the same release is a moment faster with an object."""

    name = "object there already"

    def begin(self) -> None:
        self._kinds = self.rng.choice((("configmaps",), ("envoyfilters",), ("configmaps", "envoyfilters")))
        self.simulation.server.creating.append(self._created)

    def _created(self, path: str, body: Object) -> None:
        plural = path.rpartition("/")[2]
        if not self.active or plural not in self._kinds or f"/namespaces/{self.namespace}/" not in path:
            return
        if self.simulation.recreate({**body, "metadata": {**body["metadata"], "namespace": self.namespace}}):
            self.simulation.meet(self.name, self.namespace, body["kind"], step=f"create {body['kind']}")

    def end(self) -> None:
        super().end()
        self.simulation.server.creating.remove(self._created)


class ObjectMeddled(Meddler):
    """Somebody deletes or edits what we put into the namespace."""

    name = "our object meddled with"

    def step(self) -> str:
        return self.simulation.step_of_run()

    def begin(self) -> None:
        def act() -> bool:
            ours = [
                entry
                for kind in ("ConfigMap", "EnvoyFilter")
                for entry in self.simulation.store.collection(RESOURCES[kind], self.namespace)
                if at(entry, "metadata", "labels", "wasm-filters.openclarity.io/filter")
            ]
            if not ours:
                return False
            entry = self.rng.choice(ours)
            if entry["kind"] == "EnvoyFilter" and self.rng.random() < 0.5:
                return self.write(put(entry, "spec", "priority", self.rng.randrange(9)), "editor")
            place = place_of(RESOURCES[entry["kind"]].path(self.namespace, entry["metadata"]["name"]))
            return place is not None and self.simulation.store.remove(place, "kubectl") is not None

        self.once(act)


def _key(entry: Object) -> Key:
    return entry["kind"], entry["metadata"].get("namespace", ""), entry["metadata"]["name"]


MEDDLERS: tuple[type[Meddler], ...] = (
    Touched,
    Edited,
    PutBack,
    Deleted,
    MadeAnew,
    Created,
    Restarted,
    Scaled,
    NeverReady,
    NamespaceDeleted,
    ObjectThere,
    ObjectMeddled,
)
