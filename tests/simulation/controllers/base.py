# SPDX-License-Identifier: Apache-2.0
"""What all controllers of workloads share."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable

from tests.simulation import managed_fields, writes
from tests.simulation.resources import RESOURCES, Place, place_of_object
from tests.simulation.store import Change, Store
from tests.simulation.values import Object

MANAGER = "kube-controller-manager"


class Owned:
    """The objects that belong to an owner, by its uid. `down`: nodes that do not answer, whose pods nobody can end.

    `inject`: what a webhook makes of each new pod.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.down: set[str] = set()
        self.inject: Callable[[Object], Object] = lambda pod: pod
        self._places: dict[str, dict[str, dict[Place, None]]] = {}
        for entry in store.everything():
            self._take_in(place_of_object(entry), entry)
        store.listeners.append(self._changed)

    def of(self, owner: Object, kind: str) -> list[Object]:
        places = self._places.get(owner["metadata"]["uid"], {}).get(kind, {})
        found = [self.store.get(place) for place in places]
        return [entry for entry in found if entry is not None]

    def places(self, uid: str) -> list[Place]:
        return [place for places in self._places.get(uid, {}).values() for place in places]

    def _changed(self, change: Change) -> None:
        if change.type == "DELETED":
            for uid in owners(change.after):
                self._places.get(uid, {}).get(change.place.resource.kind, {}).pop(change.place, None)
        elif change.type == "ADDED":
            self._take_in(change.place, change.after)

    def _take_in(self, place: Place, entry: Object) -> None:
        for uid in owners(entry):
            self._places.setdefault(uid, {}).setdefault(place.resource.kind, {})[place] = None


def owners(entry: Object) -> list[str]:
    return [owner["uid"] for owner in entry["metadata"].get("ownerReferences") or ()]


def owner_reference(owner: Object) -> Object:
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }


class Controller:
    """Brings the workloads of a kind a step further."""

    def __init__(self, store: Store, owned: Owned) -> None:
        self.store, self.owned = store, owned

    def sync(self, workload: Object) -> float | None:
        """One step; after how many seconds to look again, None: when something changes."""
        raise NotImplementedError

    def create_owned(self, owner: Object, kind: str, name: str, labels: dict[str, str], **content: object) -> Object:
        resource = RESOURCES[kind]
        metadata = {"name": name, "namespace": owner["metadata"]["namespace"], "labels": labels}
        entry: Object = {
            "apiVersion": resource.api_version,
            "kind": kind,
            "metadata": {**metadata, "ownerReferences": [owner_reference(owner)]},
            **content,
        }
        if kind == "Pod":
            entry = self.owned.inject(entry)
        return self.store.put(writes.numbered(self.store, entry), MANAGER)

    def create_pod(self, owner: Object, name: str, template: Object, node: str = "", **labels: str) -> Object:
        """Its spec is the template's place in short; its annotations say which sidecar it has."""
        metadata = template.get("metadata") or {}
        all_labels = {**(metadata.get("labels") or {}), **labels}
        spec = {"nodeName": node or "node-0", "template": template}
        return self.create_owned(owner, "Pod", name, all_labels, spec=spec, status={"phase": "Pending"})

    def is_free(self, owner: Object, kind: str, name: str) -> bool:
        """What has that name may belong to a deleted owner of the same name, and go in a moment."""
        return self.store.get(Place(RESOURCES[kind], owner["metadata"]["namespace"], name)) is None

    def remove(self, entry: Object) -> None:
        if (entry.get("spec") or {}).get("nodeName") in self.owned.down:
            metadata = {**entry["metadata"], "deletionTimestamp": self.store.clock.rfc3339}
            self.store.put({**entry, "metadata": metadata}, MANAGER)
        else:
            self.store.remove(place_of_object(entry), MANAGER)

    def write_status(self, workload: Object, status: Object, **annotations: str) -> bool:
        """True: it was another before."""
        metadata = workload["metadata"]
        had = metadata.get("annotations") or {}
        if workload.get("status") == status and annotations.items() <= had.items():
            return False
        if annotations:
            metadata = {**metadata, "annotations": {**had, **annotations}}
        written = {**workload, "metadata": metadata, "status": status}
        self.store.put(managed_fields.after_status(written, MANAGER, self.store.clock.rfc3339), MANAGER)
        return True


def ready(pod: Object) -> bool:
    return bool((pod.get("status") or {}).get("ready"))


def count_ready(pods: Iterable[Object]) -> int:
    return sum(1 for pod in pods if ready(pod))


def revision_hash(owner: Object, template: Object) -> str:
    """Of a template; of each owner its own, as what a deleted one of the same name had may still be there."""
    text = json.dumps(template, sort_keys=True) + str(owner["metadata"]["uid"])
    return f"{zlib.crc32(text.encode()):08x}"


def share(value: object, of: int, *, up: bool) -> int:
    """A number, or a percentage of `of`."""
    if isinstance(value, str):
        percent = int(value.rstrip("%"))
        return -(-percent * of // 100) if up else percent * of // 100
    return int(str(value or 0))
