# SPDX-License-Identifier: Apache-2.0
"""The objects of the simulated API server, with all that ever happened to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.simulation.clock import Clock
from tests.simulation.resources import Place, Resource, place_of_object
from tests.simulation.values import Object


@dataclass(frozen=True)
class Change:
    """One write that changed something. `by`: the field manager, or who else it was.

    `type`: ADDED, MODIFIED or DELETED; for the last `after` is the object as it went.
    """

    version: int
    time: float
    type: str
    place: Place
    before: Object | None
    after: Object
    by: str


class Store:
    """Objects are values: none is ever changed in place, so that the history may keep them all."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.version = 1
        self.history: list[Change] = []
        self.listeners: list[Callable[[Change], None]] = []
        self._objects: dict[str, dict[str, dict[str, Object]]] = {}
        self._uids = 0

    def get(self, place: Place) -> Object | None:
        return self._objects.get(place.resource.kind, {}).get(place.namespace, {}).get(place.name)

    def collection(self, resource: Resource, namespace: str = "") -> Iterator[Object]:
        """In the order of namespace and name, as etcd has them."""
        of_kind = self._objects.get(resource.kind, {})
        for name in [namespace] if namespace else sorted(of_kind):
            held = of_kind.get(name, {})
            for key in sorted(held):
                yield held[key]

    def everything(self) -> Iterator[Object]:
        for of_kind in self._objects.values():
            for held in of_kind.values():
                yield from held.values()

    def new_uid(self) -> str:
        self._uids += 1
        return f"uid-{self._uids}"

    def put(self, entry: Object, by: str) -> Object:
        """Store it under a new resourceVersion; the caller has seen to all else."""
        place = place_of_object(entry)
        before = self.get(place)
        self.version += 1
        entry = {**entry, "metadata": {**entry["metadata"], "resourceVersion": str(self.version)}}
        held = self._objects.setdefault(place.resource.kind, {}).setdefault(place.namespace, {})
        held[place.name] = entry
        self._tell(Change(self.version, self.clock.now, "MODIFIED" if before else "ADDED", place, before, entry, by))
        return entry

    def remove(self, place: Place, by: str) -> Object | None:
        before = self.get(place)
        if before is None:
            return None
        self.version += 1
        del self._objects[place.resource.kind][place.namespace][place.name]
        entry = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.version)}}
        self._tell(Change(self.version, self.clock.now, "DELETED", place, before, entry, by))
        return entry

    def _tell(self, change: Change) -> None:
        self.history.append(change)
        for listener in self.listeners:
            listener(change)
