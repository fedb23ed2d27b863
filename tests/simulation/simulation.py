# SPDX-License-Identifier: Apache-2.0
"""A cluster with a history, in which runs of the collection are carried out and watched."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Event, Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop

from tests.simulation import steps, writes
from tests.simulation.api_server import ApiServer
from tests.simulation.controllers.cluster import Cluster
from tests.simulation.executor import SimulatedExecutor
from tests.simulation.going_back import BACK, OBJECTS, GoingBack
from tests.simulation.originals import Originals
from tests.simulation.record import Met, Record
from tests.simulation.resources import RESOURCES, Place, page_of, place_of, place_of_object
from tests.simulation.scenario import Key, Scenario
from tests.simulation.sidecars import Sidecars
from tests.simulation.tasks import Task
from tests.simulation.tracker import Tracker, Watched
from tests.simulation.truth import DOMAIN, WORKLOADS
from tests.simulation.values import Object
from tests.simulation.wire import Wire

NODES = 2


class Killed(Exception):
    """The process that ran the loop is no more."""


class Mortal(SimulatedExecutor):
    """Dies after so many events."""

    lives: int | None = None

    def has_left(self, events: int) -> None:
        """Not more than so many."""
        self.lives = min(events, self.lives if self.lives is not None else events)

    def next(self) -> Event:
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                raise Killed
        return super().next()


class Simulation:
    """`met`: the faults so far. `sick`: workloads whose new pods do not get ready, while that lasts: those of
    this revision, or of any of ours.

    `start_seconds`: what a pod takes to get ready, least and most.
    """

    def __init__(self, scenario: Scenario, rng: random.Random, start_seconds: tuple[float, float] = (0.2, 3.0)) -> None:
        self.scenario, self.rng = scenario, rng
        self.server = ApiServer(*scenario.objects)
        self.store, self.clock = self.server.store, self.server.clock
        self.met: list[Met] = []
        self.unhindered()
        self.sick: dict[Key, str] = {}
        self.cluster = Cluster(self.server, rng, self._healthy, start_seconds=start_seconds)
        self.sidecars = Sidecars(self.store, rng, scenario.heartbeat_seconds)
        self.sidecars.silent = dict(scenario.silent)
        self.cluster.owned.inject = self.sidecars.inject
        self.server.page, self.server.page_seconds = self.sidecars.page, self.sidecars.seconds
        self.tracker = Tracker(self.store, self.cluster.owned, NODES)
        self.originals = Originals(self.store)
        self.going_back = GoingBack(self.store)
        self.executor: SimulatedExecutor | None = None
        self._orphans: set[int] = set()
        self._runs = 0
        self.clock.run(60.0)

    def unhindered(self) -> None:
        """Nobody turns requests away; what is not served at all stays so."""
        self.server.gates[:] = [self._unserved] if self.scenario.unserved else []

    def _unserved(self, verb: str, path: str, _manager: str) -> None:
        place = place_of(path)
        if place is not None and place.resource.kind == self.scenario.unserved:
            self.meet("kind not served", "", place.resource.kind, step="list workloads")
            raise api_error(f"{verb} {path}", 404, "the server could not find the requested resource")

    def meet(self, fault: str, namespace: str = "", kind: str = "", name: str = "", step: str = "") -> None:
        """A fault has shown; `step`: where it has met the run."""
        self.met.append(Met(self.clock.now, fault, namespace, kind, name, step))

    def step_of_run(self) -> str:
        """Where the run as a whole is."""
        if self.executor is None:
            return ""
        return steps.RUN_BACK if self.going_back.seen else steps.of_run(self.executor.dispatched)

    def step_of_workload(self, namespace: str, kind: str, name: str) -> str:
        """Where the run is with a workload."""
        if self.executor is None:
            return ""
        place = Place(RESOURCES[kind], namespace, name)
        moves = any(place == moving for moving, _since in self.tracker.moving.values())
        path = place.resource.path(namespace, name)
        step = steps.of_workload(path, self.executor.dispatched, self.executor.served, moves)
        due = step == steps.UNDER_WAY and self.going_back.is_due(self.store.get(place))
        return steps.GOING_BACK if due or place in self.going_back.seen else step

    def meet_request(self, fault: str, request: Request) -> None:
        """A fault has hit a request."""
        place, page = place_of(request.path), page_of(request.path)
        if page is not None:
            self.meet(fault, page[0], "Pod", page[1], steps.PAGE)
        elif place is not None:
            namespace = place.name if place.resource.kind == "Namespace" else place.namespace
            step = self.going_back.step_of_request(request)
            self.meet(fault, namespace, place.resource.kind, place.name, step)

    def delete(self, key: Key) -> bool:
        """Somebody deletes a workload."""
        kind, namespace, name = key
        return self.store.remove(Place(RESOURCES[kind], namespace, name), "kubectl") is not None

    def recreate(self, entry: Object) -> bool:
        """Somebody creates a workload, if there is a place for it."""
        place = place_of_object(entry)
        namespace = self.store.get(Place(RESOURCES["Namespace"], "", place.namespace))
        free = namespace is not None and not namespace["metadata"].get("deletionTimestamp")
        if not free or self.store.get(place) is not None:
            return False
        self.store.put(writes.created(self.store, entry, "kubectl"), "kubectl")
        return True

    def workload(self, key: Key) -> Object | None:
        kind, namespace, name = key
        return self.store.get(Place(RESOURCES[kind], namespace, name))

    def settle(self, seconds: float = 90.0) -> None:
        """Let the cluster come to rest."""
        self.clock.run(self.clock.now + seconds)

    def carry_out(
        self,
        task: Task,
        wire: Wire | None = None,
        stops: tuple[tuple[float, bool], ...] = (),
        stops_at: str = "",
        lives: int | None = None,
        lives_back: int | None = None,
    ) -> Record:
        """One run. `lives`: it is killed after that many events; `lives_back`: counted from when it first takes a
        workload back.

        `stops`: (after how many seconds, urgent); `stops_at`: counted from the first request of this verb, or
        from when it first takes a workload back (`BACK`).
        """
        task = replace(task, ineligible={**task.ineligible, **self._ineligible(task)})
        executor = Mortal(self.server, wire or Wire(self.rng))
        executor.lives, executor.orphans, self.executor = lives, self._orphans, executor
        self._runs += 1
        record = Record(task, self.clock.now, holder=f"run {self._runs}", clean=wire is None)
        first_change, first_met = len(self.store.history), len(self.met)
        passed_over = frozenset(task.ineligible)
        what = (task.filter_name, task.revision, task.max_in_flight, task.timeout_seconds)
        limits = Watched(*what, passed_over, task.may_go_back)
        self.going_back.begin(task)
        record.before = {place_of_object(entry): entry for entry in self._of_kinds(WORKLOADS)}
        record.objects_before = {place_of_object(entry): entry for entry in self._of_kinds(OBJECTS)}
        if task.by_pods:
            self.tracker.begin(limits)
            record.left_in_flight = self.tracker.most
        self.server.dry_run = task.dry_run
        self._plan_stops(executor, record, stops, stops_at)
        if lives_back is not None:
            self.going_back.listeners.append(lambda _change: executor.has_left(lives_back))
        machine = task.run(record.holder)
        try:
            loop.run(machine, executor)
        except Killed:
            record.killed = True
            self.meet("killed", step=self.step_of_run())
        self.going_back.listeners.clear()
        self.server.dry_run = False
        record.end, record.verdicts = self.clock.now, machine.verdicts()
        record.dispatched, record.served, record.told = executor.dispatched, executor.served, executor.told
        record.changes, record.met = self.store.history[first_change:], self.met[first_met:]
        record.orphans = self._orphans & {change.version for change in record.changes}
        record.originals = self.originals.at
        if task.by_pods:
            record.most_in_flight, record.rolled_at = self.tracker.most, dict(self.tracker.rolled_at)
        return record

    def _plan_stops(
        self, executor: SimulatedExecutor, record: Record, stops: tuple[tuple[float, bool], ...], verb: str
    ) -> None:
        def begin() -> None:
            for seconds, urgent in stops:
                self.clock.after(seconds, lambda urgent=urgent: self._stop(executor, record, urgent))  # type: ignore[misc]

        def gate(asked: str, _path: str, _manager: str) -> None:
            if asked == verb and not fired:
                fired.append(True)
                begin()

        fired: list[bool] = []
        if verb == BACK:
            self.going_back.listeners.append(lambda _change: gate(verb, "", ""))
        elif verb:
            self.server.gates.append(gate)
        else:
            begin()

    def _stop(self, executor: SimulatedExecutor, record: Record, urgent: bool) -> None:
        if executor is self.executor and not record.end:
            record.stops.append((self.clock.now, urgent))
            self.meet("stopped at once" if urgent else "stopped", step=self.step_of_run())
            executor.post(Stop(urgent))

    def _of_kinds(self, kinds: tuple[str, ...]) -> Iterator[Object]:
        for kind in kinds:
            yield from self.store.collection(RESOURCES[kind])

    def _ineligible(self, task: Task) -> dict[str, tuple[str, str]]:
        """What preflight would say now."""
        found = {}
        for name in task.namespaces:
            entry = self.store.get(Place(RESOURCES["Namespace"], "", name))
            if entry is None:
                found[name] = ("namespace_missing", f"namespace {name} does not exist")
            elif entry["metadata"].get("deletionTimestamp"):
                found[name] = ("namespace_terminating", f"namespace {name} is being deleted")
        return found

    def _healthy(self, pod: Object) -> bool:
        key = self.owner_key(pod)
        if key is None:
            return True
        if self.scenario.ill(key):
            return False
        labels = pod["metadata"].get("labels") or {}
        revision = self.sick.get(key)
        of_ours = [value for label, value in labels.items() if label.startswith(DOMAIN)]
        if revision in of_ours or (revision == "" and of_ours):
            self.meet("never ready", key[1], key[0], key[2], steps.ROLLING)
            return False
        return True

    def owner_key(self, pod: Object) -> Key | None:
        namespace = pod["metadata"]["namespace"]
        owner = next(iter(pod["metadata"].get("ownerReferences") or ()), None)
        if owner is not None and owner["kind"] == "ReplicaSet":
            found = self.store.get(Place(RESOURCES["ReplicaSet"], namespace, owner["name"]))
            owner = next(iter((found or pod)["metadata"].get("ownerReferences") or ()), None) if found else None
        return (owner["kind"], namespace, owner["name"]) if owner else None
