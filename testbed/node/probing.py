# SPDX-License-Identifier: Apache-2.0
"""The probes of one pod's containers while they run. Each answer is a verdict's vote; verdicts change the container."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from . import probes
from .containers import Container

NEVER = float("inf")


class Probing:
    def __init__(
        self,
        threads: Executor,
        happened: Callable[[Callable[[], None]], None],
        unhealthy: Callable[[Container, str], None],
    ) -> None:
        """`happened` brings an answer into the pod's own thread; `unhealthy` is told the container and the probe's
        kind when a probe has failed as often as its threshold says."""
        self._threads = threads
        self._happened = happened
        self._unhealthy = unhealthy
        self._schedules: dict[str, list[probes.Schedule]] = {}

    def begin(self, container: Container, now: float) -> None:
        kinds = [kind for kind in probes.KINDS if probes.runnable(container.spec.get(kind) or {})]
        # A kind of probe that the mesh can't run (exec, grpc) must not keep a pod from becoming ready.
        if "startupProbe" not in kinds:
            container.started = container.once_started = True
        if "readinessProbe" not in kinds:
            container.probed_ready = True
        self._schedules[container.run] = [probes.Schedule.of(kind, container.spec[kind], now) for kind in kinds]

    def end(self, container: Container) -> None:
        self._schedules.pop(container.run, None)

    def due_times(self) -> Iterator[float]:
        yield from (s.due for group in self._schedules.values() for s in group if not s.in_flight)

    def run_due(self, containers: list[Container], address: str) -> None:
        now = time.time()
        for container in containers:
            for schedule in self._schedules.get(container.run, ()):
                if container.started == (schedule.kind == "startupProbe"):
                    # The others wait for the startup probe, which ends with its first success.
                    schedule.due = NEVER
                elif schedule.due <= now and not schedule.in_flight:
                    schedule.in_flight = True
                    self._threads.submit(self._probe, container, container.run, schedule, address)

    def _probe(self, container: Container, run: str, schedule: probes.Schedule, address: str) -> None:
        success = probes.prepare(schedule.spec, container.spec, address)()
        self._happened(lambda: self._take(container, run, schedule, success))

    def _take(self, container: Container, run: str, schedule: probes.Schedule, success: bool) -> None:
        verdict = schedule.observe(success, time.time())
        if container.run != run or not container.running or verdict is None:
            return
        if schedule.kind == "readinessProbe":
            container.probed_ready = verdict
        elif schedule.kind == "startupProbe" and verdict:
            container.started = container.once_started = True
            for other in self._schedules.get(run, ()):
                other.due = time.time()
        if not verdict:
            self._unhealthy(container, schedule.kind)
