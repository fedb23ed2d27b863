# SPDX-License-Identifier: Apache-2.0
"""What a run takes back, seen from the cluster: whatever leaves the revision that the run itself is to deploy."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb

from tests.simulation import steps, truth
from tests.simulation.resources import RESOURCES, Place, place_of, place_of_object
from tests.simulation.store import Change, Store
from tests.simulation.tasks import Task
from tests.simulation.traits import TEMPLATE
from tests.simulation.values import Object, at
from tests.simulation.wire import OURS

# In place of a verb: when a run first takes something back.
BACK = "BACK"
OBJECTS = ("ConfigMap", "EnvoyFilter")


def is_back(task: Task, change: Change, had: Collection[Place]) -> bool:
    """Was a workload, or an object, of the task's revision taken off it by the run?

    :param had: objects that were of it before the run.
    """
    if not task.revision or change.before is None or change.by not in (truth.manager(task.filter_name), OURS):
        return False
    kind = change.place.resource.kind
    if kind in truth.WORKLOADS and change.type == "MODIFIED":
        before, after = (truth.label(entry, task.filter_name) for entry in (change.before, change.after))
        return bool(before == task.revision != after)
    if kind not in OBJECTS or revision_of(change.before) != task.revision or change.place in had:
        return False
    return change.type == "DELETED" or revision_of(change.after) != task.revision


def revision_of(entry: Object | None) -> str:
    """The revision that an object of ours is of."""
    return str(at(entry, "metadata", "labels", f"{truth.DOMAIN}/revision") or "")


class GoingBack:
    """`seen`: what the present run has taken back so far. `listeners` are told of each."""

    def __init__(self, store: Store) -> None:
        self.store, self.task = store, Task(())
        self.seen: set[Place] = set()
        self._had: set[Place] = set()
        self.listeners: list[Callable[[Change], None]] = []
        store.listeners.append(self._changed)

    def begin(self, task: Task) -> None:
        """A run begins."""
        self.task, self.seen = task, set()
        objects = [entry for kind in OBJECTS for entry in self.store.collection(RESOURCES[kind])]
        self._had = {place_of_object(entry) for entry in objects if revision_of(entry) == task.revision}

    def _changed(self, change: Change) -> None:
        if is_back(self.task, change, self._had):
            self.seen.add(change.place)
            for listener in list(self.listeners):
                listener(change)

    def is_due(self, workload: Object | None) -> bool:
        """Is it on the revision, so that the next patch takes it back?"""
        revision = self.task.revision
        return bool(revision and workload and truth.label(workload, self.task.filter_name) == revision)

    def step_of_request(self, request: Request) -> str:
        """What a request is for, with those of the way back told apart."""
        step, task, place = steps.of_request(request), self.task, place_of(request.path)
        if not task.may_go_back or place is None:
            return step
        body = request.body or {}
        if step in ("patch", "unpatch"):
            wanted = (at(body, *TEMPLATE, "labels") or {}).get(f"{truth.DOMAIN}/{task.filter_name}")
            return step if wanted == task.revision else steps.PATCH_BACK
        if place.resource.kind in OBJECTS and request.verb == Verb.DELETE:
            return steps.UNDO if revision_of(self.store.get(place)) == task.revision else step
        if place.resource.kind in OBJECTS and request.verb in (Verb.CREATE, Verb.REPLACE):
            return step if revision_of(body) == task.revision else steps.UNDO
        return step
