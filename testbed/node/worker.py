# SPDX-License-Identifier: Apache-2.0
"""The life of one pod, in one thread: it takes what happened (the pod changed, a process ended, a probe answered, time
passed), brings the pod one step further, and reports the status if it changed."""

from __future__ import annotations

import functools
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from ..kubernetes_api import ApiError
from . import containers as rules
from . import environment, volumes
from .cluster import PodCluster
from .containers import Container, Phase
from .ending import Ending
from .home import Home, Surroundings
from .probing import Probing
from .sandbox import SandboxError
from .status import pod_status

RETRY_SECONDS = 1.0
REFRESH_SECONDS = 60.0

Object = dict[str, Any]


class Worker(threading.Thread):
    def __init__(self, surroundings: Surroundings, pod: Object) -> None:
        metadata = pod["metadata"]
        super().__init__(name=f"{metadata['namespace']}/{metadata['name']}", daemon=True)
        self._happened: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._pod = pod
        self._containers = rules.from_pod(pod)
        self._policy = pod["spec"].get("restartPolicy", "Always")
        self._cluster = PodCluster(surroundings.api, pod)
        self._home = Home(surroundings, pod, self._cluster)
        self._probing = Probing(surroundings.probe_threads, self._happened.put, self._take_unhealthy)
        self._ending = Ending()
        self._born = time.time()
        self._retry_at = self._refresh_at = 0.0
        self._told: Object | None = None
        self._vanished = self._over = False

    # What others tell it, from their threads.

    def update(self, pod: Object) -> None:
        self._happened.put(lambda: self._take_pod(pod))

    def vanish(self) -> None:
        """The pod is no longer in the API: nobody is left to be graceful for."""
        self._happened.put(lambda: setattr(self, "_vanished", True))

    def run(self) -> None:
        while not self._over:
            try:
                self._wait()
                self._advance(time.time())
                if not self._over:
                    self._report()
            except Exception as error:
                # The API server may be away for a moment, or the node out of something: the pod goes on where it
                # stood. What is no such thing is a fault of the agent, and its trace belongs into the log.
                expected = isinstance(error, ApiError | OSError | SandboxError)
                what = f"{type(error).__name__}: {error}" if expected else traceback.format_exc()
                print(f"{self.name}: {what}", flush=True)
                self._retry_at = time.time() + RETRY_SECONDS

    def _wait(self) -> None:
        """Until something happened or is due; then takes in all that happened."""
        now = time.time()
        pause = max(0.0, min(self._due_times(now), default=now + REFRESH_SECONDS) - now)
        try:
            self._happened.get(timeout=pause)()
            while True:
                self._happened.get_nowait()()
        except queue.Empty:
            pass

    def _due_times(self, now: float) -> Iterator[float]:
        yield from self._probing.due_times()
        yield from self._ending.due_times()
        yield from (c.not_before for c in self._containers if c.phase is Phase.WAITING and c.not_before > now)
        if self._retry_at > now or self._home.sandbox is None:
            yield self._retry_at
        elif not self._is_leaving():
            yield self._refresh_at

    def _advance(self, now: float) -> None:
        if self._vanished:
            self._finish()
        elif "deletionTimestamp" in self._pod["metadata"]:
            self._terminate(now)
        elif rules.finished(self._containers, self._policy):
            self._complete(now)
        elif now >= self._retry_at and (self._home.sandbox is not None or self._prepare(now)):
            self._carry_on(now)

    def _prepare(self, now: float) -> bool:
        try:
            self._home.prepare(self._pod, self._note_exit)
        except volumes.MountError as error:
            self._cluster.event("FailedMount", str(error))
            self._retry_at = now + RETRY_SECONDS
            return False
        except SandboxError as error:
            self._cluster.event("FailedCreatePodSandBox", str(error))
            raise
        self._refresh_at = now + REFRESH_SECONDS
        return True

    def _carry_on(self, now: float) -> None:
        for container in rules.to_start(self._containers, now):
            self._start_container(container, now)
        self._probing.run_due(self._containers, self._home.address or "")
        self._ending.kill_overdue(self._home.sandbox, now)
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH_SECONDS
            try:
                self._home.files.fill_volumes(self._pod)
            except volumes.MountError as error:
                # A running pod keeps the files it has.
                self._cluster.event("FailedMount", str(error))

    def _start_container(self, container: Container, now: float) -> None:
        try:
            self._home.start(self._pod, container)
        except environment.MissingReference as error:
            container.reason, container.message = "CreateContainerConfigError", str(error)
            container.not_before = now + RETRY_SECONDS
            return
        container.begin(now)
        self._probing.begin(container, now)

    def _take_pod(self, pod: Object) -> None:
        if pod["metadata"].get("labels") != self._pod["metadata"].get("labels"):
            # The downward API's file of labels follows at once.
            self._refresh_at = 0.0
        self._pod = pod

    def _note_exit(self, run: str, status: int) -> None:
        self._happened.put(lambda: self._take_exit(run, 128 - status if status < 0 else status))

    def _take_exit(self, run: str, status: int) -> None:
        now = time.time()
        container = next((c for c in self._containers if c.run == run and c.running), None)
        if container is None:
            return
        self._probing.end(container)
        self._ending.forget(run)
        container.end(status, now)
        if container.will_restart(self._policy) and not self._is_leaving():
            container.await_restart(now)
            if container.not_before > now:
                self._happened.put(functools.partial(self._cluster.event, "BackOff", container.message))

    def _take_unhealthy(self, container: Container, probe: str) -> None:
        if probe == "readinessProbe":
            self._cluster.event("Unhealthy", f"readinessProbe of container {container.name} failed")
            return
        self._cluster.event("Unhealthy", f"{probe} of container {container.name} failed: it is restarted")
        grace = float(self._pod["spec"].get("terminationGracePeriodSeconds", 30))
        self._ending.stop(self._home.sandbox, container, time.time() + grace)

    def _terminate(self, now: float) -> None:
        grace = float(self._pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        if self._ending.stop_pod(self._home.sandbox, self._containers, grace, now):
            self._report()
            self._cluster.confirm_deletion()
            self._finish()

    def _complete(self, now: float) -> None:
        """The work is done: its sidecars end, and then only deletion is left to wait for."""
        grace = float(self._pod["spec"].get("terminationGracePeriodSeconds", 30))
        if self._ending.stop_pod(self._home.sandbox, self._containers, grace, now):
            self._home.close()
        self._retry_at = now + REFRESH_SECONDS

    def _finish(self) -> None:
        self._home.remove()
        self._over = True

    def _report(self) -> None:
        status = pod_status(self._pod, self._containers, self._home.address, self._born, time.time())
        if status != self._told:
            self._cluster.set_status(status)
            self._told = status

    def _is_leaving(self) -> bool:
        return self._vanished or "deletionTimestamp" in self._pod["metadata"]
