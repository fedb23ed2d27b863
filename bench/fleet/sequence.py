# SPDX-License-Identifier: Apache-2.0
"""What is measured of a fleet, and in which order."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.fleet import empty, responder, rights
from bench.fleet.fleet import Fleet, created
from bench.fleet.floor import Floor
from bench.fleet.options import Options, Size
from bench.fleet.playbooks import Playbooks, Took
from bench.fleet.script import Script
from testbed import mesh
from testbed.client import Mesh
from testbed.kubernetes_api import Object
from testbed.paths import CHECKOUT, layout
from tests.cluster.kubectl import Kubectl

CONTROLLERS = "controller-manager"
# All at once.
AT_ONCE = 10_000
Report = Callable[[str], None]


class Figures:
    """Of one size: each figure by its name, the median of what was measured."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._measured: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, value: float) -> None:
        self._measured[name].append(value)

    def get(self, name: str) -> float | None:
        """None: it was not measured."""
        values = self._measured.get(name)
        return statistics.median(values) if values else None

    def ratio(self, name: str, to: str) -> float | None:
        one, other = self.get(name), self.get(to)
        return None if one is None or not other else one / other


def run(options: Options, report: Report) -> Iterator[Figures]:
    """One after the other, the smallest first, which alone has the rows that do not depend on size."""
    with _mesh(report) as running, tempfile.TemporaryDirectory() as scratch:
        sizes = sorted(options.sizes, key=lambda size: size[0] * size[1])
        for number, size in enumerate(sizes):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            sequence = _Sequence(running, size, folder, report)
            yield sequence.run(options, whole=number == 0)
            if number + 1 < len(sizes):
                sequence.wait_gone()


@contextmanager
def _mesh(report: Report) -> Iterator[Mesh]:
    """The one that runs, else one that ends with the measurement."""
    place = layout()
    was_running = mesh.status(place) is not None
    mesh.up(place, real_pods=True, report=report)
    try:
        yield Mesh(place)
    finally:
        if not was_running:
            mesh.down(place)


class _Sequence:
    def __init__(self, running: Mesh, size: Size, scratch: Path, report: Report) -> None:
        self._mesh, self._scratch, self._report = running, scratch, report
        self._kubectl = Kubectl(running.layout)
        self._ours = Playbooks(str(running.kubeconfig), scratch)
        self._empty = Playbooks(str(running.kubeconfig), scratch, empty.write(scratch), scratch)
        self._figures = Figures(size)
        self._revision = 0
        self._fleet: Fleet

    def run(self, options: Options, whole: bool) -> Figures:
        self._report(f"{_text(self._figures.size)}: creating the fleet")
        with created(self._mesh.api, *self._figures.size) as fleet:
            self._fleet = fleet
            spec = self._plan(fleet)["envoy_filter_spec"]
            floor = Floor(fleet, spec)
            for number in range(options.rounds):
                contenders = [
                    lambda: self._rolled(fleet, options.again),
                    lambda: self._floor(floor),
                    lambda: self._all_in_flight(fleet),
                    lambda: self._proved(fleet),
                ]
                for contender in reversed(contenders) if number % 2 else contenders:
                    contender()
            if whole:
                self._namespaced(fleet)
                self._stopped(fleet, floor, spec)
        return self._figures

    def wait_gone(self) -> None:
        """Before the next one is measured."""
        self._report(f"{_text(self._figures.size)}: waiting until the fleet is gone")
        self._fleet.wait_gone()

    def _rolled(self, fleet: Fleet, again: int) -> None:
        self._next()
        self._took("rolled", self._ours.deploy(fleet.names, self._revision, "deployed"))
        for _time in range(again):
            self._took("nothing", self._ours.deploy(fleet.names, self._revision, "unchanged"))
            self._took("empty", self._empty.deploy(fleet.names, self._revision, ""))

    def _floor(self, floor: Floor) -> None:
        begin = time.process_time()
        self._timed("floor", floor.roll)
        self._add("floor, CPU", time.process_time() - begin)
        floor.tidy()

    def _all_in_flight(self, fleet: Fleet) -> None:
        """As the floor does it, which nobody should do to a fleet that serves."""
        self._next()
        took = self._ours.deploy(fleet.names, self._revision, "deployed", wasm_filter_max_in_flight=AT_ONCE)
        self._took("all in flight", took)

    def _proved(self, fleet: Fleet) -> None:
        self._next()
        revision = self._plan(fleet)["revision"]
        with responder.answering(self._mesh.layout, revision):
            took = self._ours.deploy(fleet.names, self._revision, "deployed", wasm_filter_proof="require")
        self._took("proved", took)

    def _namespaced(self, fleet: Fleet) -> None:
        self._next()
        with rights.namespaced(self._kubectl, fleet, self._scratch) as kubeconfig:
            limited = Playbooks(kubeconfig, self._scratch)
            self._took("namespaced", limited.deploy(fleet.names, self._revision, "deployed"))
            self._took("namespaced, nothing", limited.deploy(fleet.names, self._revision, "unchanged"))

    def _stopped(self, fleet: Fleet, floor: Floor, spec: Object) -> None:
        """The script comes last, as it writes over what it finds."""
        self._next()
        self._plan(fleet)
        script = Script(self._kubectl, fleet, spec, self._scratch)
        with self._without_controllers(fleet):
            self._timed("stopped, floor", floor.patch)
        floor.tidy()
        with self._without_controllers(fleet):
            self._add("stopped, work", self._work(fleet))
        with self._without_controllers(fleet):
            self._timed("stopped, script", script.patch)
        self._timed("script", script.roll)

    @contextmanager
    def _without_controllers(self, fleet: Fleet) -> Iterator[None]:
        with self._mesh.paused(CONTROLLERS):
            yield
        fleet.wait_rolled()

    def _work(self, fleet: Fleet) -> float:
        arguments = [str(self._mesh.kubeconfig), str(self._plan_file), str(len(fleet.workloads))]
        done = subprocess.run(
            [sys.executable, "-m", "bench.fleet.work", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".cache" / "collections")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the work alone: {done.stderr}")
        return float(done.stdout)

    @property
    def _plan_file(self) -> Path:
        return self._scratch / "plan.json"

    def _plan(self, fleet: Fleet) -> Object:
        """Of the revision that comes next."""
        return self._ours.plan(fleet.names, self._revision, self._plan_file, wasm_filter_max_in_flight=AT_ONCE)

    def _next(self) -> None:
        self._revision += 1

    def _timed(self, name: str, action: Callable[[], object]) -> None:
        begin = time.monotonic()
        action()
        self._add(name, time.monotonic() - begin)

    def _took(self, name: str, took: Took) -> None:
        self._add(name, took.seconds)
        self._add(f"{name}, CPU", took.cpu)
        self._add(f"{name}, memory", took.memory)

    def _add(self, name: str, value: float) -> None:
        self._figures.add(name, value)
        if not name.endswith((", CPU", ", memory")):
            self._report(f"{_text(self._figures.size)}: {name} {value:.2f} s")


def _text(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
