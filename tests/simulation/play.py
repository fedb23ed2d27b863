# SPDX-License-Identifier: Apache-2.0
"""One seed: a cluster with a history, a run that meets faults, and runs after these have ended."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from tests.simulation import directed, scenario, steps
from tests.simulation.coverage import Cell
from tests.simulation.executor import Stuck
from tests.simulation.faults_of_wire import REQUEST_FAULTS, WATCH_FAULTS, FaultyWire
from tests.simulation.going_back import BACK
from tests.simulation.invariants import rollback, violations
from tests.simulation.invariants.convergence import not_converged, not_quiet
from tests.simulation.lock_takers import LOCK_TAKERS
from tests.simulation.meddler import Meddler
from tests.simulation.meddlers import MEDDLERS, NeverReady, ObjectThere, Touched
from tests.simulation.proof_faults import PROOF_FAULTS, FilterTraps, NoInjection, SidecarRejects
from tests.simulation.record import Record
from tests.simulation.refusals import REFUSALS, WebhookDrops, WebhookRefuses
from tests.simulation.simulation import Simulation

KILLED, STOPPED, STOPPED_TWICE = "killed", "stopped", "stopped at once"
OTHERS = (*MEDDLERS, *REFUSALS, *LOCK_TAKERS, *PROOF_FAULTS)
SHARES = (0.02, 0.1, 0.3, 1.0)
# What a fault of requests is aimed at, with what is rare more often.
AIMS = dict.fromkeys(steps.REQUESTS, 1) | {
    "create ConfigMap": 2,
    "create EnvoyFilter": 2,
    "rehearse EnvoyFilter": 6,
    "replace EnvoyFilter": 7,
    "delete ConfigMap": 2,
    "unpatch": 4,
    "release fields": 18,
    "read workload": 9,
    "read object": 6,
    steps.PAGE: 4,
}
AIMS_BACK = {steps.PATCH_BACK: 30, steps.UNDO: 40}
# Why workloads go back: by the cluster, and by the filter.
BY_CLUSTER = (NeverReady.name, NeverReady.name, WebhookDrops.name)
# What meets workloads while they go back.
ON_THE_WAY: tuple[type[Meddler], ...] = (*MEDDLERS, *[WebhookRefuses] * 3)
BY_FILTER = (FilterTraps.name, SidecarRejects.name, NoInjection.name)
# A patch whose answer is lost, and the workload read again so slowly that a watch tells everything before.
TOGETHER = {"answer lost": ("patch", 0.3), "slow": ("read workload", 1.0)}
TOGETHER_EVERY = 40
NEEDED = {"read workload": Touched.name, "read object": ObjectThere.name}


@dataclass
class Played:
    """`violations`: (which run, what). `met`: how often each fault was met, and where."""

    seed: int
    violations: list[tuple[str, str]] = field(default_factory=list)
    met: Counter[Cell] = field(default_factory=Counter)
    records: list[Record] = field(default_factory=list)


def play(seed: int) -> Played:
    """Everything comes of the seed."""
    rng = random.Random(seed)
    played = Played(seed)
    made = scenario.make(rng)
    if direction := directed.of(seed):
        made.before, made.task = direction.task(made, rng)
        made.interrupted = False
    simulation = Simulation(made, rng)
    # Where nothing is copied, what the engine changed in place would change in the cluster: seen in a run or two.
    simulation.server.copies = seed % 16 == 0
    try:
        _play(simulation, rng, played)
    except Stuck as error:
        played.violations.append(("some run", str(error)))
    return played


def _play(simulation: Simulation, rng: random.Random, played: Played) -> None:
    for number, task in enumerate(simulation.scenario.before, 1):
        interrupted = simulation.scenario.interrupted and number == len(simulation.scenario.before)
        wire, lives = (FaultyWire(simulation, rng), rng.randrange(10, 150)) if interrupted else (None, None)
        _judge(simulation, simulation.carry_out(task, wire, lives=lives), f"earlier run {number}", played)
        # What was interrupted is still going on when somebody changes their mind.
        simulation.settle(rng.choice((0.1, 0.3, 1.0)) if interrupted else 90.0)
    task = simulation.scenario.task
    _judge(simulation, _with_faults(simulation, rng, played), "run with faults", played)
    simulation.settle(rng.choice((0.0, 0.0, 90.0)))
    again = replace(task, dry_run=False, waves=(tuple(task.namespaces),))
    again = replace(again, timeout_seconds=60.0)
    healed = simulation.carry_out(again)
    _judge(simulation, healed, "run after the faults", played)
    simulation.settle()
    second = simulation.carry_out(again)
    _judge(simulation, second, "second run after the faults", played)
    played.violations += [("second run after the faults", text) for text in not_converged(simulation, second)]
    simulation.settle()
    quiet = simulation.carry_out(again)
    _judge(simulation, quiet, "third run after the faults", played)
    played.violations += [("third run after the faults", text) for text in not_quiet(simulation, quiet)]


def _with_faults(simulation: Simulation, rng: random.Random, played: Played) -> Record:
    names = [fault.name for fault in (*MEDDLERS, *REFUSALS, *LOCK_TAKERS)]
    everything = [*REQUEST_FAULTS * 2, *WATCH_FAULTS, *names, KILLED, STOPPED, STOPPED_TWICE]
    chosen = set(rng.sample(everything, rng.choice((0, 1, 2, 2, 3, 4, 6))))
    task = simulation.scenario.task
    if task.proof != "off" and task.revision and rng.random() < 0.4:
        chosen.add(rng.choice(PROOF_FAULTS).name)
    causes = BY_CLUSTER if task.proof == "off" else BY_CLUSTER + BY_FILTER
    back = task.may_go_back and rng.random() < 0.8
    if back:
        chosen |= set(rng.sample(causes, rng.choice((1, 1, 2))))
        chosen |= {rng.choice(ON_THE_WAY).name} if rng.random() < 0.5 else set()
    wanted_aims = {**AIMS, **AIMS_BACK} if back else AIMS
    shares = {name: rng.choice(SHARES) for name in REQUEST_FAULTS + WATCH_FAULTS if name in chosen}
    aims = {
        name: rng.choices(list(wanted_aims), list(wanted_aims.values()))[0] for name in shares if rng.random() < 0.75
    }
    shares |= {name: rng.choice(SHARES[2:]) for name in aims}
    if direction := directed.of(played.seed):
        by_wire = direction.fault in REQUEST_FAULTS
        chosen = {*direction.also, *(() if by_wire else (direction.fault,))}
        # While an answer is waited for, a second stop finds the first one's run.
        shares = {direction.fault: direction.share} if by_wire else {"slow": 0.5} if STOPPED_TWICE in chosen else {}
        aims = {direction.fault: direction.place} if by_wire else {}
    elif played.seed % TOGETHER_EVERY == 0:
        aims |= {name: aim for name, (aim, _share) in TOGETHER.items()}
        shares |= {name: share for name, (_aim, share) in TOGETHER.items()}
    wire = FaultyWire(simulation, rng, shares, aims)
    # What they are aimed at has to be asked for.
    chosen |= {NEEDED[aim] for aim in aims.values() if aim in NEEDED}
    keys = list(simulation.scenario.traits)
    takers = [key for key in keys if key[1] in task.namespaces and simulation.scenario.takes(key)]
    culprits = rng.sample(takers, min(len(takers), rng.choice((1, 2, 4))))
    meddlers: list[Meddler] = []
    for fault in OTHERS:
        here = fault in PROOF_FAULTS or (back and fault.name in causes)
        concerned = [key for key in keys if key[1] in task.namespaces] if here else keys
        if back and culprits and (here or rng.random() < 0.7):
            concerned = culprits
        if fault.name in chosen and concerned:
            count = rng.choice((1, 2, 4)) if here else rng.choice((1, 1, 2))
            concerned = takers if takers and direction and direction.moment else concerned
            meddlers += [fault(simulation, rng, rng.choice(concerned)) for _one in range(count)]
    for meddler in meddlers:
        meddler.moment = direction.moment if direction else ""
        meddler.begin()
    stops: tuple[tuple[float, bool], ...] = ()
    if STOPPED in chosen or STOPPED_TWICE in chosen:
        first = rng.choice((0.2, 5.0, 20.0)) * rng.random()
        stops = ((first, False),)
        if STOPPED_TWICE in chosen:
            stops += ((first + rng.choice((0.05, 7.0)) * rng.random(), True),)
    stops_at = rng.choice(("", "", "CREATE", "MERGE_PATCH", "GET_TEXT", "DELETE", *[BACK] * 6 * back)) if stops else ""
    if stops and direction:
        stops_at = "APPLY" if task.revision else "DELETE"
    if stops_at:
        stops = tuple((time - stops[0][0], urgent) for time, urgent in stops)
    lives = rng.randrange(1, rng.choice((10, 60, 300))) if KILLED in chosen else None
    lives_back = rng.randrange(1, rng.choice((10, 60, 200))) if back and rng.random() < 0.1 else None
    record = simulation.carry_out(simulation.scenario.task, wire, stops, stops_at, lives, lives_back)
    for meddler in meddlers:
        meddler.end()
    simulation.unhindered()
    simulation.cluster.recheck_pods()
    played.met.update((one.fault, one.step) for one in record.met)
    played.met.update((str(one.outcome), str(one.reason)) for one in rollback.workloads(record))
    return record


def _judge(simulation: Simulation, record: Record, which: str, played: Played) -> None:
    played.records.append(record)
    played.violations += [(which, text) for text in violations(simulation, record)]
