"""An API server in memory: as much of one as a wave can tell from the real thing."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error

Object = dict[str, Any]
Key = tuple[str, str, str, str]

PATH = re.compile(
    r"(?P<base>/api/v1|/apis/[^/]+/[^/]+)(/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[^/]+)(/(?P<name>[^/]+))?"
)
BASES = {
    "Namespace": ("/api/v1", "namespaces"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "EnvoyFilter": ("/apis/networking.istio.io/v1alpha3", "envoyfilters"),
}


@dataclass
class Fault:
    """Answers `times` requests whose "METHOD path" matches with an HTTP status (0: not at all; None: as it should)."""

    pattern: str
    status: int | None
    times: int = 1_000_000
    meanwhile: Callable[[], None] | None = None


def rolled_at_once(workload: Object) -> None:
    """A controller that is faster than any watch."""
    replicas = workload["spec"].get("replicas", 1)
    workload["status"] = {
        "observedGeneration": workload["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
        "readyReplicas": replicas,
    }


def never(_workload: Object) -> None:
    """A controller that is stopped."""


class FakeApi(ClusterApi):
    """Keeps uids, resourceVersions and generations as an API server does; `controller` writes statuses."""

    def __init__(self, *objects: Object, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self.controller: Callable[[Object], None] = rolled_at_once
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.managers: set[str] = set()
        self.fixed: dict[str, Object] = {"/apis/networking.istio.io/v1alpha3": {"kind": "APIResourceList"}}
        self._objects: dict[Key, Object] = {}
        self._history: list[tuple[int, str, Key, Object]] = []
        self._version = 0
        self._lock = threading.RLock()
        for entry in objects:
            self.add(entry)

    # What tests do.

    def add(self, entry: Object) -> Object:
        base, plural = BASES[entry["kind"]]
        metadata = entry["metadata"]
        return self._create((base, plural, metadata.get("namespace", ""), metadata["name"]), entry)

    def held(self, kind: str, namespace: str, name: str) -> Object:
        """The object as it is stored; it must exist."""
        return self._objects[(*BASES[kind], namespace, name)]

    def names(self, kind: str, namespace: str) -> list[str]:
        return sorted(key[3] for key in self._objects if key[:3] == (*BASES[kind], namespace))

    def touch(self, kind: str, namespace: str, name: str, change: Callable[[Object], None]) -> None:
        """Somebody else's write."""
        with self._lock:
            key = (*BASES[kind], namespace, name)
            entry = copy.deepcopy(self._objects[key])
            change(entry)
            self._store(key, entry)

    def writes(self) -> list[str]:
        """What changes something, or would in check mode; not what is only tried."""
        reads = ("GET ", "LIST ", "WATCH ", "REHEARSE ")
        return [request for request in self.requests if not request.startswith(reads)]

    # What the code under test does.

    def get(self, path: str) -> Object | None:
        self._asked("GET", path)
        if path in self.fixed or not PATH.fullmatch(path):
            return self.fixed.get(path)
        return copy.deepcopy(self._objects.get(_key(path)))

    def list(
        self, path: str, label_selector: str = "", metadata_only: bool = False, field_selector: str = ""
    ) -> tuple[list[Object], str]:
        self._asked("LIST", path)
        base, plural, namespace, _name = _key(path)
        with self._lock:
            found = [
                copy.deepcopy(entry)
                for key, entry in self._objects.items()
                if key[:2] == (base, plural) and namespace in ("", key[2]) and _selected(entry, label_selector)
            ]
        for entry in found:
            # As in a real LIST.
            del entry["apiVersion"], entry["kind"]
        return [{"metadata": entry["metadata"]} if metadata_only else entry for entry in found], str(self._version)

    def watch(self, path: str, resource_version: str, seconds: int) -> Iterator[tuple[str, Object]]:
        self._asked("WATCH", path)
        base, plural, namespace, _name = _key(path)
        seen = int(resource_version)
        for _poll in range(20):
            with self._lock:
                events = [entry for entry in self._history if entry[0] > seen]
            for version, event, key, entry in events:
                seen = version
                if key[:2] == (base, plural) and namespace in ("", key[2]):
                    yield event, copy.deepcopy(entry)
            threading.Event().wait(0.005)

    def create(self, path: str, body: Object, manager: str, rehearsal: bool = False) -> Object:
        self._asked("REHEARSE" if rehearsal else "POST", path, manager)
        base, plural, namespace, _name = _key(path)
        key = (base, plural, namespace, body["metadata"]["name"])
        if key in self._objects:
            raise api_error(f"post {path}", 409, "already exists")
        return {} if self.dry_run or rehearsal else self._create(key, body)

    def apply(self, path: str, body: Object, manager: str) -> Object:
        return self._patch("APPLY", path, body, manager)

    def merge_patch(self, path: str, body: Object, manager: str) -> Object:
        return self._patch("MERGE", path, body, manager)

    def replace(self, path: str, body: Object, manager: str) -> Object:
        self._asked("PUT", path, manager)
        with self._lock:
            found = self._guarded(path, body)
            entry = copy.deepcopy(body)
            entry["metadata"] = {**found["metadata"], **entry["metadata"]}
            return entry if self.dry_run else self._store(_key(path), entry)

    def delete(self, path: str) -> bool:
        self._asked("DELETE", path)
        with self._lock:
            key = _key(path)
            if key not in self._objects:
                return False
            if not self.dry_run:
                self._version += 1
                self._history.append((self._version, "DELETED", key, self._objects.pop(key)))
            return True

    def _patch(self, method: str, path: str, body: Object, manager: str) -> Object:
        self._asked(method, path, manager)
        with self._lock:
            entry = merged(self._guarded(path, body), body)
            return entry if self.dry_run else self._store(_key(path), entry)

    def _guarded(self, path: str, body: Object) -> Object:
        found = self._objects.get(_key(path))
        sent = body["metadata"]
        if found is None:
            # An apply would create; with a uid in it the API server answers with a conflict.
            raise api_error(f"patch {path}", 409 if "uid" in sent else 404, "not found")
        for field in ("uid", "resourceVersion"):
            if sent.get(field, found["metadata"][field]) != found["metadata"][field]:
                raise api_error(f"patch {path}", 409, "the object has been modified")
        return copy.deepcopy(found)

    def _create(self, key: Key, body: Object) -> Object:
        entry = copy.deepcopy(body)
        with self._lock:
            entry["metadata"].setdefault("uid", f"uid-{self._version}")
            entry["metadata"].setdefault("creationTimestamp", f"2026-01-01T00:00:{self._version % 60:02d}Z")
            return self._store(key, entry)

    def _store(self, key: Key, entry: Object) -> Object:
        self._version += 1
        before = self._objects.get(key)
        metadata = entry["metadata"]
        metadata["resourceVersion"] = str(self._version)
        if before is None:
            metadata.setdefault("generation", 1)
        elif before.get("spec") != entry.get("spec"):
            metadata["generation"] += 1
        self._objects[key] = entry
        answer = copy.deepcopy(entry)
        if key[1] in ("deployments", "statefulsets", "daemonsets"):
            self.controller(entry)
            self._version += 1
            entry["metadata"]["resourceVersion"] = str(self._version)
        self._history.append((self._version, "ADDED" if before is None else "MODIFIED", key, copy.deepcopy(entry)))
        return answer

    def _asked(self, method: str, path: str, manager: str = "") -> None:
        with self._lock:
            request = f"{method} {path}"
            self.requests.append(request)
            self.managers |= {manager} - {""}
            fault = next((entry for entry in self.faults if entry.times and re.search(entry.pattern, request)), None)
            if fault is None:
                return
            fault.times -= 1
            if fault.meanwhile:
                fault.meanwhile()
            if fault.status is not None:
                raise _refusal(request, fault.status)


def _refusal(request: str, status: int) -> ApiError:
    return api_error(request, status, f"refused by the test with {status}")


def _key(path: str) -> Key:
    match = PATH.fullmatch(path)
    assert match, path
    return match["base"], match["plural"], match["namespace"] or "", match["name"] or ""


def _selected(entry: Object, selector: str) -> bool:
    labels = entry["metadata"].get("labels") or {}
    for term in filter(None, selector.split(",")):
        name, equals, value = term.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    return True


def merged(target: Object, patch: Object) -> Object:
    """RFC 7386; enough for an apply too, as ours take no field away."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            target[key] = merged(target.get(key) or {}, value)
        else:
            target[key] = value
    return target
