# SPDX-License-Identifier: Apache-2.0
"""One seed: some deploys, and then back by the playbook: `playbooks/rollback.yml`, killed at any step and run again.

docs/verdicts.md ("By hand"): each workload on the namespace's newest revision goes to the one that it had before, or to
one that is named; with delivery inline the EnvoyFilter does. Run again it changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.previous import Previous
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode

from tests.simulation import scenario, truth
from tests.simulation.executor import Stuck
from tests.simulation.faults_of_wire import FaultyWire
from tests.simulation.going_back import revision_of
from tests.simulation.invariants import limits, locks, proof, slots, stops, untouched
from tests.simulation.invariants.untouched import by_run
from tests.simulation.meddlers import Touched
from tests.simulation.play import Played
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.scenario import REVISIONS, Key, Scenario
from tests.simulation.sidecars import FOREVER, Sidecar
from tests.simulation.simulation import Simulation
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task

FAULTS = ("slow", "answer lost", "never arrived", "503", "429", "500")
CHECKS = (untouched.check, limits.check, locks.check, slots.check, stops.check)
GONE = "eeeeeeeeee"


@dataclass(frozen=True)
class Back(Task):
    """`to`: the revision to go to; empty: the one before."""

    to: str = ""

    @property
    def removes(self) -> bool:
        return False

    def operation(self) -> Operation:
        return Previous(self.names, self.to)


def play_previous(seed: int) -> Played:
    """Everything comes of the seed."""
    rng = random.Random(seed)
    played = Played(seed)
    simulation = Simulation(_scenario(rng), rng)
    try:
        for task in simulation.scenario.before:
            simulation.carry_out(task)
            simulation.settle()
        _Goes(simulation, rng, played).play()
    except Stuck as error:
        played.violations.append(("back by hand", str(error)))
    return played


def _scenario(rng: random.Random) -> Scenario:
    names = [f"ns{number}" for number in range(rng.choice((1, 1, 2)))]
    found = Scenario([scenario.namespace(name) for name in names], task=Task((tuple(names),)))
    for name in names:
        for number in range(rng.choice((1, 2, 3))):
            kind = rng.choice(("Deployment", "StatefulSet", "DaemonSet"))
            found.objects.append(scenario.workload(kind, name, f"w{number}", rng))
    delivery = rng.choice((CONFIG_MAP, CONFIG_MAP, INLINE))
    for number in range(rng.choice((1, 2, 2, 3))):
        # The last one may not have reached all of them.
        part = names[:1] if number and rng.random() < 0.2 else names
        found.before.append(Task((tuple(part),), REVISIONS[number], delivery, max_in_flight=50))
    found.task = replace(found.before[-1], waves=(tuple(names),))
    return found


class _Goes:
    """What was deployed goes back."""

    def __init__(self, simulation: Simulation, rng: random.Random, played: Played) -> None:
        self.simulation, self.rng, self.played = simulation, rng, played
        self.before = simulation.scenario.before
        self.inline = self.before[0].delivery == INLINE
        had = [task.revision for task in self.before]
        self.to = rng.choice(("", "", had[-2] if len(had) > 1 else had[0], had[0], GONE))
        self.namespaces = simulation.scenario.task.namespaces

    def play(self) -> None:
        wanted = {name: self._wanted(name) for name in self.namespaces}
        first = self._task()
        killed = self.rng.random() < 0.6
        record = self._carry_out(first, self._wire(), self.rng.randrange(1, 120) if killed else None)
        self.simulation.unhindered()
        self.simulation.settle(self.rng.choice((0.3, 90.0)))
        if record.killed or self._failed(record):
            self._carry_out(replace(first), None, None)
            self.simulation.settle()
        self._judge(wanted)
        if self.to != GONE:
            quiet = self._carry_out(replace(first), None, None)
            for change in quiet.changes:
                if by_run(quiet, change):
                    self._say(f"{change.place.resource.kind} {change.place.name} was changed again")
            self._judge(wanted)

    def _task(self) -> Back:
        names = tuple(self.namespaces)
        in_flight, mode = self.rng.choice((1, 3, 50)), self.rng.choice((ProofMode.OFF, ProofMode.AUTO))
        return Back((names,), revision="", max_in_flight=in_flight, proof=mode, to=self.to)

    def _wire(self) -> FaultyWire:
        keys: list[Key] = [
            (entry["kind"], entry["metadata"]["namespace"], entry["metadata"]["name"])
            for kind in truth.WORKLOADS
            for entry in self.simulation.store.collection(RESOURCES[kind])
        ]
        if self.rng.random() < 0.3:
            Touched(self.simulation, self.rng, self.rng.choice(keys)).begin()
        shares = {self.rng.choice(FAULTS): self.rng.choice((0.0, 0.1, 0.3))}
        return FaultyWire(self.simulation, self.rng, shares)

    def _carry_out(self, task: Back, wire: FaultyWire | None, lives: int | None) -> Record:
        record = self.simulation.carry_out(task, wire, lives=lives)
        self.played.records.append(record)
        for check in CHECKS:
            for text in check(self.simulation, record):
                self._say(text)
        return record

    def _failed(self, record: Record) -> bool:
        return any(one.reason == "api_refused" or one.reason == "lock_lost" for one in record.verdicts)

    def _newest(self, namespace: str) -> str:
        return [task.revision for task in self.before if namespace in task.namespaces][-1]

    def _wanted(self, namespace: str) -> str:
        """The revision that all of it has to be on; empty: none."""
        had = [task.revision for task in self.before if namespace in task.namespaces]
        if self.to:
            # A revision that the namespace has not is refused, and nothing is changed.
            return self.to if self.to in had else had[-1]
        if len(had) > 1:
            return had[-2]
        return had[-1] if self.inline else ""

    def _now(self, namespace: str) -> list[str]:
        if self.inline:
            return [revision_of(self.simulation.store.get(Place(RESOURCES["EnvoyFilter"], namespace, "trace-filter")))]
        of_kinds = [self.simulation.store.collection(RESOURCES[kind], namespace) for kind in truth.WORKLOADS]
        return [truth.label(entry, "trace") for entries in of_kinds for entry in entries]

    def _judge(self, wanted: dict[str, str]) -> None:
        for text in self._differs(wanted):
            self._say(text)

    def _differs(self, wanted: dict[str, str]) -> Iterator[str]:
        record = self.played.records[-1]
        for verdict in record.verdicts:
            name, now = verdict.name, self._now(verdict.name)
            if set(now) != {wanted[name]}:
                yield f"{name} is {verdict.outcome} ({verdict.message}), on {now}, not on {wanted[name] or 'none'}"
            nowhere = wanted[name] == self._newest(name) and self.to != wanted[name]
            if nowhere != (verdict.reason == "no_revision"):
                yield f"{name} is {verdict.outcome} ({verdict.reason}: {verdict.message})"
            if not self.inline:
                yield from self._spurs(name, wanted[name])
            if record.task.proof != ProofMode.OFF and not record.killed:
                yield from self._of_pods(verdict, wanted[name])

    def _of_pods(self, verdict: NamespaceVerdict, revision: str) -> Iterator[str]:
        """What is proved runs; nothing is wrong with any pod, so that none may be said to be."""
        said = proof.pods_of(verdict)
        if verdict.outcome == "deployed" and revision and not said:
            yield f"nothing is said of the pods of {verdict.name}"
        now, sidecars = self.simulation.clock.now, self.simulation.sidecars.of(verdict.name)
        live = {one.pod["metadata"]["name"]: one for one in sidecars if one.gone == FOREVER}
        for pod in said:
            if pod["proof"] == "disproved" or (verdict.outcome == "deployed" and pod["proof"] != "proved"):
                yield f"pod {pod['name']} of {verdict.name}, {verdict.outcome}, is {pod['proof']} ({pod['reason']})"
            elif pod["proof"] == "proved" and not _runs(live.get(pod["name"]), revision, now):
                yield f"pod {pod['name']} of {verdict.name} does not run {revision}"

    def _spurs(self, namespace: str, revision: str) -> Iterator[str]:
        for kind in truth.WORKLOADS:
            for entry in self.simulation.store.collection(RESOURCES[kind], namespace):
                if not truth.has_filter(entry, "trace", revision):
                    yield f"{kind} {namespace}/{entry['metadata']['name']} is not wholly on {revision or 'none'}"

    def _say(self, text: str) -> None:
        self.played.violations.append(("back by hand", f"to {self.to or 'the one before'}: {text}"))


def _runs(one: Sidecar | None, revision: str, now: float) -> bool:
    return one is None or one.runs("trace", revision, now, now)


__all__ = ["play_previous"]
