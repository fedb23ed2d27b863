# SPDX-License-Identifier: Apache-2.0
"""One seed: two runs at once, of one filter in the same namespaces; one of them may be killed on its way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure, ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run

from tests.simulation import scenario
from tests.simulation.clock import Clock
from tests.simulation.executor import LONGEST_SECONDS, Stuck
from tests.simulation.faults_of_wire import FaultyWire
from tests.simulation.invariants import together
from tests.simulation.play import Played
from tests.simulation.record import Record
from tests.simulation.scenario import REVISIONS, Scenario
from tests.simulation.simulation import Killed, Mortal, Simulation
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task
from tests.simulation.wire import Wire

FAULTS = ("slow", "answer lost", "never arrived", "503", "429")


@dataclass
class Side:
    """One of the runs."""

    machine: Run
    executor: Mortal
    record: Record
    begins: float
    begun: bool = False
    over: bool = False

    def move(self, now: float) -> bool:
        """Whether it had something to do."""
        if self.over or now < self.begins or (self.begun and not self.executor.ready):
            return False
        try:
            first = not self.begun
            self.begun = True
            commands = self.machine.start(now) if first else self.machine.handle(self.executor.next(), now)
        except Killed:
            self.record.killed = True
            commands = []
        for command in commands:
            self.executor.do(command)
        if self.machine.finished or self.record.killed:
            self.over = True
            self.executor.close()
            self.record.end, self.record.verdicts = now, self.machine.verdicts()
        return True


def play_together(seed: int) -> Played:
    """Everything comes of the seed."""
    rng = random.Random(seed)
    played = Played(seed)
    simulation = Simulation(_scenario(rng), rng)
    names = simulation.scenario.task.namespaces
    try:
        for task in simulation.scenario.before:
            simulation.carry_out(task)
            simulation.settle()
        tasks = [_task(rng, names), _task(rng, names)]
        _make_ill(simulation, rng)
        lives = rng.randrange(1, 200) if rng.random() < 0.3 else None
        sides = [_side(simulation, rng, task, lives if not at else None) for at, task in enumerate(tasks)]
        carry_out(simulation, sides)
        played.records += [side.record for side in sides]
        played.violations += [("two runs at once", text) for text in together.check(simulation, played.records)]
    except Stuck as error:
        played.violations.append(("two runs at once", str(error)))
    return played


def _scenario(rng: random.Random) -> Scenario:
    names = [f"ns{number}" for number in range(rng.choice((1, 2, 3)))]
    others = [f"other{number}" for number in range(rng.choice((0, 12)))]
    found = Scenario([scenario.namespace(name) for name in names + others], task=Task((tuple(names),)))
    for name in names:
        for number in range(rng.choice((1, 2, 4))):
            kind = rng.choice(("Deployment", "StatefulSet", "DaemonSet"))
            found.objects.append(scenario.workload(kind, name, f"w{number}", rng))
    if rng.random() < 0.6:
        found.before.append(Task((tuple(names),), REVISIONS[0], rng.choice((CONFIG_MAP, INLINE)), max_in_flight=50))
    return found


def _make_ill(simulation: Simulation, rng: random.Random) -> None:
    """New pods of some workloads don't get ready with a revision, or with any; in some of the others it traps."""
    found = [one for one in simulation.scenario.objects if one["kind"] != "Namespace"]
    keys = [(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]) for one in found]
    for key in rng.sample(keys, min(rng.choice((0, 0, 1, 2)), len(keys))):
        if rng.random() < 0.7:
            simulation.sick[key] = rng.choice(("", *REVISIONS[:3]))
        else:
            simulation.sidecars.traps.append(lambda pod, key=key: simulation.owner_key(pod) == key)  # type: ignore[misc]


def _task(rng: random.Random, names: Sequence[str]) -> Task:
    order = list(names)
    rng.shuffle(order)
    at = rng.randrange(1, len(order) + 1)
    waves = tuple(wave for wave in (tuple(order[:at]), tuple(order[at:])) if wave)
    return Task(
        waves,
        rng.choice(("", *REVISIONS[:3])),
        rng.choice((CONFIG_MAP, CONFIG_MAP, INLINE)),
        max_in_flight=rng.choice((1, 50)),
        max_fail_percentage=100,
        lock_seconds=rng.choice((0.0, 10.0, 60.0, 600.0)),
        proof=rng.choice((ProofMode.OFF, ProofMode.OFF, ProofMode.AUTO, ProofMode.REQUIRE)),
        proof_seconds=12.0,
        timeout_seconds=rng.choice((20.0, 60.0)),
        on_failure=rng.choice((OnFailure.AUTO, *OnFailure)),
    )


def _side(simulation: Simulation, rng: random.Random, task: Task, lives: int | None) -> Side:
    wire = Wire(rng)
    if rng.random() < 0.3:
        wire = FaultyWire(simulation, rng, {rng.choice(FAULTS): rng.choice((0.02, 0.1, 0.3))})
    executor = Mortal(simulation.server, wire)
    executor.lives = lives
    holder = f"run {rng.random()}"
    begins = simulation.clock.now + rng.choice((0.0, 0.2, 2.0, 30.0)) * rng.random()
    return Side(task.run(holder), executor, Record(task, begins, holder=holder), begins)


def carry_out(simulation: Simulation, sides: Sequence[Side]) -> None:
    """Until both are over."""
    first = len(simulation.store.history)
    run_beside(simulation.clock, sides)
    for side in sides:
        record, executor = side.record, side.executor
        record.dispatched, record.served, record.told = executor.dispatched, executor.served, executor.told
        record.changes, record.met = simulation.store.history[first:], simulation.met


def run_beside(clock: Clock, sides: Sequence[Side]) -> None:
    """Each has its turn where something has come for it; until all are over."""
    for side in sides:
        # So that there is something to do when its time has come.
        clock.at(side.begins, lambda: None)
    ends = clock.now + LONGEST_SECONDS
    while not all(side.over for side in sides):
        if clock.now > ends:
            raise Stuck("the loops wait, and never end")
        moved = [side.move(clock.now) for side in sides]
        if not any(moved) and not clock.step():
            raise Stuck("the loops wait, and nothing will ever happen")
