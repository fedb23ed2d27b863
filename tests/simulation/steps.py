# SPDX-License-Identifier: Apache-2.0
"""Where a run is when a fault meets it, as one can tell from outside: by its requests, and by what its pods do."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch, Request, Verb

from tests.simulation.executor import Served
from tests.simulation.resources import place_of
from tests.simulation.truth import WORKLOADS

BEFORE, UNDER_WAY, ROLLING, ROLLED = "before its patch", "patch under way", "pods rolling", "pods rolled"
READING, CHANGING, ENDING = "run is reading", "run is changing", "run is ending"
# Of a workload, and of a run.
GOING_BACK, RUN_BACK = "going back", "run is going back"
LISTS = ("list namespaces", "list workloads", "list objects", "list pods", "list former templates")
OBJECTS = ("create ConfigMap", "create EnvoyFilter", "rehearse EnvoyFilter", "replace EnvoyFilter")
DELETES = ("delete EnvoyFilter", "delete ConfigMap")
PATCHES = ("patch", "unpatch", "release fields")
# A workload, and an object, is taken back to what it was.
PATCH_BACK, UNDO = "patch back", "undo object"
LOCKS = ("create Lease", "read Lease", "replace Lease", "delete Lease")
PAGE = "read page"
READS = ("read workload", "read object", PAGE)
REQUESTS = (*LISTS, *LOCKS, *OBJECTS, *DELETES, *PATCHES, PATCH_BACK, UNDO, *READS)


def of_request(request: Request) -> str:
    """What a request is for."""
    place = place_of(request.path)
    kind = place.resource.kind if place else ""
    if request.verb == Verb.GET_TEXT:
        return PAGE
    if request.verb == Verb.LIST:
        return _of_list(kind)
    if request.verb == Verb.GET and kind == "Lease":
        return "read Lease"
    if request.verb == Verb.GET:
        return "read workload" if kind in WORKLOADS else "read object"
    if request.verb == Verb.APPLY:
        return "patch"
    if request.verb == Verb.MERGE_PATCH:
        return "release fields" if "managedFields" in (request.body or {}).get("metadata", {}) else "unpatch"
    return f"{'rehearse' if request.rehearsal else request.verb} {kind}"


def _of_list(kind: str) -> str:
    if kind in WORKLOADS:
        return "list workloads"
    names = {"Namespace": "list namespaces", "ConfigMap": "list objects", "EnvoyFilter": "list objects"}
    return names.get(kind, "list pods" if kind == "Pod" else "list former templates")


def of_workload(path: str, dispatched: Iterable[tuple[float, Dispatch]], served: Iterable[Served], moves: bool) -> str:
    """Where a workload is; `moves`: its pods are being replaced."""
    sent = sum(1 for _time, one in dispatched if one.request.path == path and of_request(one.request) in PATCHES)
    done = [one for one in served if one.request.path == path and of_request(one.request) in PATCHES]
    if not sent:
        return BEFORE
    if sent > len(done) or not any(one.done for one in done):
        return UNDER_WAY
    return ROLLING if moves else ROLLED


def of_run(dispatched: Iterable[tuple[float, Dispatch]]) -> str:
    """Where a whole run is."""
    kinds = [of_request(one.request) for _time, one in dispatched]
    if not any(kind in (*PATCHES, *OBJECTS, *DELETES) for kind in kinds):
        return READING
    last = next(kind for kind in reversed(kinds) if kind not in (*READS, *LOCKS))
    return CHANGING if last in (*PATCHES, *OBJECTS) else ENDING
