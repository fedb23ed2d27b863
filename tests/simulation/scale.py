# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.simulation.scale`: what `make bench-engine` runs.

The engine's own time and memory in one run that deploys to many workloads, without faults: both should grow as the
number of workloads does. Quote ratios only; seconds are of this machine.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Command
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Event
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop

from bench.options import BadOption, choice
from tests.simulation import scenario
from tests.simulation.api_server import ApiServer
from tests.simulation.executor import SimulatedExecutor
from tests.simulation.managed_fields import after_status
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.values import Object, put
from tests.simulation.wire import Wire

SIZES, SIZES_SHORT = (1_000, 10_000, 100_000), (200, 2_000)
PER_NAMESPACE = 10
# Of the largest size over the one before, per workload: what is linear stays at one. The smallest is no measure, as
# its locks are renewed seldom: see docs/decisions/one-at-a-time-by-a-lease.md.
RATIO_MAX = 1.5
MIB = 1024 * 1024
# Changes that a watch may go back to.
HISTORY = 10_000


@dataclass(frozen=True)
class Cost:
    """Of the engine: seconds, and bytes that the process grew by while it ran."""

    workloads: int
    events: int
    seconds: float
    bytes: int

    @property
    def microseconds_each(self) -> float:
        return self.seconds * 1e6 / self.workloads

    @property
    def kib_each(self) -> float:
        return self.bytes / 1024 / self.workloads


class Timed:
    """A machine, and the time it takes."""

    def __init__(self, machine: Run) -> None:
        self._machine, self.seconds, self.events = machine, 0.0, 0

    @property
    def finished(self) -> bool:
        return self._machine.finished

    def start(self, now: float) -> Iterable[Command]:
        begin = time.process_time()
        commands = self._machine.start(now)
        self.seconds += time.process_time() - begin
        return commands

    def handle(self, event: Event, now: float) -> Iterable[Command]:
        begin = time.process_time()
        commands = self._machine.handle(event, now)
        self.seconds += time.process_time() - begin
        self.events += 1
        return commands


def _rolled(entry: Object) -> Object:
    replicas = entry["spec"]["replicas"]
    counts = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
    status = {"observedGeneration": entry["metadata"]["generation"], **dict.fromkeys(counts, replicas)}
    return {**entry, "status": status}


def _cluster(workloads: int) -> tuple[ApiServer, tuple[str, ...]]:
    """Deployments that a controller rolls with one write of their status."""
    names = tuple(f"ns{number}" for number in range(-(-workloads // PER_NAMESPACE)))
    server = ApiServer(*map(scenario.namespace, names))
    rng = random.Random(1)
    template = scenario.workload("Deployment", "ns", "web", rng)
    for number in range(workloads):
        entry = put(template, "metadata", "name", f"w{number}")
        server.seed(
            _rolled(
                put(put(entry, "metadata", "namespace", names[number // PER_NAMESPACE]), "metadata", "generation", 1)
            )
        )

    def controller(change: Change) -> None:
        # Of the simulation's own memory as little as can be.
        del server.store.history[:-HISTORY], server.requests[:]
        if change.place.resource.kind == "Deployment" and change.by != "controller":
            server.clock.after(1.0, lambda: _write(server, change))

    server.store.listeners.append(controller)
    return server, names


def _write(server: ApiServer, change: Change) -> None:
    entry = server.store.get(change.place)
    if entry is not None:
        server.store.put(after_status(_rolled(entry), "controller", server.clock.rfc3339), "controller")


def measure(workloads: int) -> Cost:
    """In a process of its own: what it has used most of is all that can be asked for."""
    server, names = _cluster(workloads)
    task = replace(Task((names,), scenario.REVISIONS[0]), timeout_seconds=300.0, max_in_flight=50)
    machine = task.run()
    timed = Timed(machine)
    before = _resident()
    executor = SimulatedExecutor(server, Wire(random.Random(1)))
    executor.keeps = False
    loop.run(timed, executor)
    grown = _resident() - before
    verdicts = machine.verdicts()
    assert len(verdicts) == len(names)
    assert {str(one.outcome) for one in verdicts} == {"deployed"}
    assert sum(len(one.workloads) for one in verdicts) == workloads
    return Cost(workloads, timed.events, timed.seconds, grown)


def _resident() -> int:
    """The most that there was so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    try:
        sizes = SIZES_SHORT if choice(os.environ, "SHORT") else SIZES
    except BadOption as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print("workloads   events   seconds   us each     MiB   KiB each")
    costs = []
    for size in sizes:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            cost = pool.apply(measure, (size,))
        costs.append(cost)
        print(
            f"{cost.workloads:9,} {cost.events:8,} {cost.seconds:9.2f} {cost.microseconds_each:9.0f} "
            f"{cost.bytes / MIB:7.0f} {cost.kib_each:10.1f}",
            flush=True,
        )
    smaller, largest = costs[-2:]
    ratio = largest.microseconds_each / smaller.microseconds_each
    print(f"time per workload, {largest.workloads:,} over {smaller.workloads:,}: {ratio:.2f}")
    print(f"bench: {'passed' if ratio <= RATIO_MAX else f'failed: more than {RATIO_MAX}'}")
    return 0 if ratio <= RATIO_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
