# SPDX-License-Identifier: Apache-2.0
"""A simulated API server, written from the documents of Kubernetes.

https://kubernetes.io/docs/reference/using-api/api-concepts/ and .../server-side-apply/. Its methods are those of
plugins/module_utils/cluster/api.py, so that it can stand in the place of that client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

from tests.simulation import managed_fields, writes
from tests.simulation.clock import Clock
from tests.simulation.resources import GROUP_VERSIONS, Place, page_of, place_of
from tests.simulation.selectors import selected
from tests.simulation.store import Store
from tests.simulation.values import Object, clone, merged
from tests.simulation.writes import Admission

# Before a request is looked at: (verb, path, field manager). It may raise what the API server would answer.
Gate = Callable[[str, str, str], None]


class ApiServer(ClusterApi):
    """`gates` and `creating` are told of a request before it is carried out; `requests`: all that was asked.

    `page`: what the sidecar of a pod (namespace, name) answers; `page_seconds`: how long that takes.

    `admission`: webhooks, each gets and gives back the object of a write.
    `copies`: what is handed out is a copy. Without, a caller must not change it; a simulation is a third faster so.
    """

    def __init__(self, *objects: Object, clock: Clock | None = None, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.clock = clock or Clock()
        self.store = Store(self.clock)
        self.admission: list[Admission] = []
        self.gates: list[Gate] = []
        self.creating: list[Callable[[str, Object], None]] = []
        self.requests: list[str] = []
        self.page: Callable[[str, str], str] = _no_page
        self.page_seconds: Callable[[str], float] = lambda _path: 0.0
        self.compacted = 0
        self.copies = True
        self.seed(*objects)

    def seed(self, *objects: Object) -> None:
        """What was there before: no request, no webhook."""
        for entry in objects:
            self.store.put(writes.created(self.store, clone(entry), "seed"), "seed")

    def get(self, path: str) -> Object | None:
        self._asked("GET", path)
        if path in GROUP_VERSIONS:
            return {"kind": "APIResourceList", "groupVersion": path.removeprefix("/apis/")}
        place = place_of(path)
        found = self.store.get(place) if place else None
        return self.handed_out(found) if found else None

    def get_text(self, path: str) -> str:
        self._asked("GET_TEXT", path)
        found = page_of(path)
        if found is None:
            raise api_error(f"get {path}", 404, "the server could not find the requested resource")
        return self.page(*found)

    def list(
        self,
        path: str,
        label_selector: str = "",
        metadata_only: bool = False,
        field_selector: str = "",
        kept: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:
        self._asked("LIST", path)
        place = place_of(path)
        if place is None:
            raise api_error(f"get {path}", 404, "the server could not find the requested resource")
        found = self.store.collection(place.resource, place.namespace)
        items = [
            self._item(entry, metadata_only)
            for entry in found
            if not label_selector or selected(entry["metadata"].get("labels") or {}, label_selector)
            if not field_selector or selected(entry, field_selector)
        ]
        return list(map(kept, items)) if kept else items, str(self.store.version)

    def watch(self, path: str, resource_version: str, seconds: int) -> Iterator[tuple[str, Object]]:
        """What has happened so far; then its time is over."""
        self._asked("WATCH", path)
        place, since = place_of(path), int(resource_version)
        if since < self.compacted:
            raise api_error(f"watch {path}", 410, f"too old resource version: {since} ({self.compacted})")
        for change in self.store.history:
            if change.version > since and place and watches(place, change.place):
                yield change.type, self.handed_out(change.after)

    def create(self, path: str, body: Object, manager: str, rehearsal: bool = False) -> Object:
        self._asked("CREATE", path, manager, rehearsal)
        for told in self.creating if not rehearsal else ():
            told(path, body)
        place = self._place(f"{path}/{body['metadata']['name']}")
        writes.refuse_in_namespace(self.store, place)
        if self.store.get(place) is not None:
            raise api_error(f"post {path}", 409, f'{place.resource.plural} "{place.name}" already exists')
        entry = {**self.handed_out(body), "apiVersion": place.resource.api_version, "kind": place.resource.kind}
        entry = self._admitted("CREATE", None, entry)
        return self._stored(None, writes.created(self.store, entry, manager), manager, rehearsal)

    def apply(self, path: str, body: Object, manager: str, rehearsal: bool = False) -> Object:
        self._asked("APPLY", path, manager, rehearsal)
        place = self._place(path)
        before = self.store.get(place)
        if before is None:
            if body["metadata"].get("uid"):
                raise api_error(f"patch {path}", 409, "uid mismatch: no existing object was found")
            empty = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {"name": place.name}}
            writes.refuse_in_namespace(self.store, place)
            entry = managed_fields.after_apply(empty, self.handed_out(body), manager, self.clock.rfc3339)
            return self._stored(
                None, writes.numbered(self.store, self._admitted("CREATE", None, entry)), manager, rehearsal
            )
        writes.refuse_stale(path, before, body)
        after = writes.without_empty(
            managed_fields.after_apply(before, self.handed_out(body), manager, self.clock.rfc3339)
        )
        after = self._admitted("UPDATE", before, after)
        return self._stored(before, after, manager, rehearsal)

    def merge_patch(self, path: str, body: Object, manager: str, rehearsal: bool = False) -> Object:
        self._asked("MERGE_PATCH", path, manager, rehearsal)
        before = self._existing(path)
        writes.refuse_stale(path, before, body)
        return self._updated(before, merged(before, self.handed_out(body)), manager, rehearsal)

    def replace(self, path: str, body: Object, manager: str, rehearsal: bool = False) -> Object:
        self._asked("REPLACE", path, manager, rehearsal)
        before = self._existing(path)
        writes.refuse_stale(path, before, body)
        after = self.handed_out(body)
        kept = {key: before["metadata"][key] for key in writes.SET_BY_SERVER if key in before["metadata"]}
        after["metadata"] = {**after["metadata"], **kept}
        if "status" in before:
            after["status"] = before["status"]
        return self._updated(before, after, manager, rehearsal)

    def delete(
        self, path: str, preconditions: Object | None = None, rehearsal: bool = False, by: str = "somebody"
    ) -> bool:
        self._asked("DELETE", path, "", rehearsal)
        place = self._place(path)
        before = self.store.get(place)
        if before is not None:
            writes.refuse_others(path, before, preconditions or {})
        if before is not None and not (self.dry_run or rehearsal):
            writes.delete(self.store, place, by)
        return before is not None

    def _updated(self, before: Object, after: Object, manager: str, rehearsal: bool) -> Object:
        after = self._admitted("UPDATE", before, writes.without_empty(after))
        after = managed_fields.after_update(before, after, manager, self.clock.rfc3339)
        return self._stored(before, after, manager, rehearsal)

    def _admitted(self, operation: str, before: Object | None, after: Object) -> Object:
        for webhook in self.admission:
            after = webhook(operation, before, after)
        return writes.without_empty(after) if self.admission else after

    def _stored(self, before: Object | None, after: Object, manager: str, rehearsal: bool) -> Object:
        if before is not None:
            after = writes.with_generation(before, after)
            if after == before:
                return self.handed_out(before)
        if self.dry_run or rehearsal:
            return self.handed_out(after)
        return self.handed_out(self.store.put(after, manager))

    def handed_out(self, entry: Object) -> Object:
        """As a caller gets it."""
        copied: Object = clone(entry) if self.copies else entry
        return copied

    def _item(self, entry: Object, metadata_only: bool) -> Object:
        """As it stands in a LIST: without its type."""
        if metadata_only:
            return self.handed_out({"metadata": entry["metadata"]})
        return self.handed_out({key: value for key, value in entry.items() if key not in ("apiVersion", "kind")})

    def _place(self, path: str) -> Place:
        place = place_of(path)
        if place is None:
            raise api_error(path, 404, "the server could not find the requested resource")
        return place

    def _existing(self, path: str) -> Object:
        place = self._place(path)
        found = self.store.get(place)
        if found is None:
            raise api_error(f"patch {path}", 404, f'{place.resource.plural} "{place.name}" not found')
        return found

    def _asked(self, verb: str, path: str, manager: str = "", rehearsal: bool = False) -> None:
        dry = "REHEARSE " if rehearsal else ""
        self.requests.append(f"{dry}{verb} {path}")
        for gate in self.gates:
            gate(verb, path, manager)


def _no_page(_namespace: str, _pod: str) -> str:
    raise api_error("get page", 503, "no endpoints available")


def watches(collection: Place, place: Place) -> bool:
    """Does a watch of this collection see that object?"""
    return collection.resource is place.resource and collection.namespace in ("", place.namespace)
