"""The life of one pod, in one thread: it takes what happened (the pod changed, a process ended, a probe answered, time
passed), brings the pod one step further, and reports the status if it changed."""

from __future__ import annotations

import functools
import queue
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import network
from ..binaries import Binaries
from ..kubernetes_api import Api, ApiError
from ..paths import CHECKOUT
from . import containers as rules
from . import environment, images, probes, volumes
from .addresses import Addresses
from .cluster import PodCluster
from .containers import Container, Phase, Role
from .sandbox import Sandbox, SandboxError, Start
from .status import pod_status

RETRY_SECONDS = 1.0
REFRESH_SECONDS = 60.0
SIDECAR_LEAST_SECONDS = 2.0
"""What a sidecar still gets when the application used up the whole grace period."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What all pods of the node share."""

    api: Api
    addresses: Addresses
    binaries: Binaries
    data: Path
    pod_logs: Path
    probe_threads: Executor


class Worker(threading.Thread):
    def __init__(self, surroundings: Surroundings, pod: Object) -> None:
        metadata = pod["metadata"]
        super().__init__(name=f"{metadata['namespace']}/{metadata['name']}", daemon=True)
        self._shared = surroundings
        self._cluster = PodCluster(surroundings.api, pod)
        self._happened: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._pod = pod
        self._containers = rules.from_pod(pod)
        self._policy = pod["spec"].get("restartPolicy", "Always")
        self._folder = surroundings.data / "pods" / metadata["uid"]
        self._places: dict[str, Path] = {}
        self._address: str | None = None
        self._sandbox: Sandbox | None = None
        self._schedules: dict[str, list[probes.Schedule]] = {}
        self._born = time.time()
        self._retry_at = 0.0
        self._refresh_at = 0.0
        self._kill_at: dict[str, float] = {}
        self._told: Object | None = None
        self._vanished = False
        self._over = False

    # What others tell it, from their threads.

    def update(self, pod: Object) -> None:
        self._happened.put(lambda: self._take(pod))

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
            except (ApiError, OSError, SandboxError) as error:
                # The API server may be away for a moment; the pod goes on where it stood.
                print(f"{self.name}: {type(error).__name__}: {error}", flush=True)
                self._retry_at = time.time() + RETRY_SECONDS
            except Exception:
                print(f"{self.name}: {traceback.format_exc()}", flush=True)
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
        yield from (s.due for group in self._schedules.values() for s in group if not s.in_flight)
        yield from self._kill_at.values()
        yield from (c.not_before for c in self._containers if c.phase is Phase.WAITING and c.not_before > now)
        if self._retry_at > now or self._sandbox is None:
            yield self._retry_at
        if self._sandbox is not None:
            yield self._refresh_at

    def _advance(self, now: float) -> None:
        if self._vanished:
            return self._finish()
        if "deletionTimestamp" in self._pod["metadata"]:
            return self._terminate(now)
        if rules.finished(self._containers, self._policy):
            return self._complete(now)
        if now < self._retry_at:
            return None
        if self._sandbox is None and not self._prepare(now):
            return None
        for container in rules.to_start(self._containers, now):
            self._start_container(container, now)
        self._run_due_probes(now)
        self._kill_overdue(now)
        self._refresh(now)
        return None

    # Beginning.

    def _prepare(self, now: float) -> bool:
        try:
            self._places = volumes.fill(self._pod, self._folder, self._cluster.fetch, self._cluster.token)
        except volumes.MountError as error:
            self._cluster.event("FailedMount", str(error))
            self._retry_at = now + RETRY_SECONDS
            return False
        self._refresh_at = now + REFRESH_SECONDS
        address = self._shared.addresses.take()
        try:
            log = self._log("sandbox")
            self._sandbox = Sandbox(self._hostname(), address, log, self._note_exit)
        except (SandboxError, OSError) as error:
            self._shared.addresses.give_back(address)
            self._cluster.event("FailedCreatePodSandBox", str(error))
            raise
        self._address = address
        self._pod = {**self._pod, "status": {**(self._pod.get("status") or {}), **self._addresses()}}
        self._write_network_files()
        return True

    def _start_container(self, container: Container, now: float) -> None:
        assert self._sandbox is not None
        image = images.image(container.spec.get("image", ""), self._shared.binaries)
        try:
            values = environment.environment(self._pod, container.spec, image.environment, self._lookup)
        except environment.MissingReference as error:
            container.reason, container.message = "CreateContainerConfigError", str(error)
            container.not_before = now + RETRY_SECONDS
            return
        context = {**(self._pod["spec"].get("securityContext") or {}), **(container.spec.get("securityContext") or {})}
        files = [(str(self._folder / f"etc-{name}"), f"/etc/{name}") for name in ("hosts", "resolv.conf", "hostname")]
        order = Start(
            name=container.run,
            command=[environment.expand(part, values) for part in images.command(container.spec, image)],
            environment=values,
            mounts=[*files, *image.mounts, *volumes.mounts(container.spec, self._places)],
            kept=[str(CHECKOUT)],
            log=str(self._log(container.name)),
            uid=context.get("runAsUser", 0),
            gid=context.get("runAsGroup", 0),
            groups=list(context.get("supplementalGroups") or ()),
            folder=container.spec.get("workingDir") or "/",
        )
        self._sandbox.start(order)
        container.begin(now)
        kinds = [kind for kind in probes.KINDS if probes.runnable(container.spec.get(kind) or {})]
        if "startupProbe" not in kinds:
            container.started = container.once_started = True
        if "readinessProbe" not in kinds:
            container.probed_ready = True
        self._schedules[container.run] = [probes.Schedule.of(kind, container.spec[kind], now) for kind in kinds]

    # Running.

    def _take(self, pod: Object) -> None:
        changed = pod["metadata"].get("labels") != self._pod["metadata"].get("labels")
        self._pod = pod
        if changed:
            self._refresh_at = 0.0

    def _note_exit(self, run: str, status: int) -> None:
        self._happened.put(lambda: self._take_exit(run, 128 - status if status < 0 else status))

    def _take_exit(self, run: str, status: int) -> None:
        now = time.time()
        for container in self._containers:
            if container.run == run and container.running:
                self._schedules.pop(run, None)
                self._kill_at.pop(run, None)
                container.end(status, now)
                if container.will_restart(self._policy) and not self._is_ending():
                    container.await_restart(now)
                    if container.not_before > now:
                        self._happened.put(functools.partial(self._cluster.event, "BackOff", container.message))

    def _run_due_probes(self, now: float) -> None:
        by_run = {c.run: c for c in self._containers}
        for run, group in self._schedules.items():
            container = by_run[run]
            for schedule in group:
                # The others wait for the startup probe; it ends with its first success.
                wanted = container.started != (schedule.kind == "startupProbe")
                if not wanted:
                    schedule.due = now + RETRY_SECONDS if not container.started else float("inf")
                elif schedule.due <= now and not schedule.in_flight:
                    schedule.in_flight = True
                    self._shared.probe_threads.submit(self._probe, container, run, schedule)

    def _probe(self, container: Container, run: str, schedule: probes.Schedule) -> None:
        success = probes.prepare(schedule.spec, container.spec, self._address or "")()
        self._happened.put(lambda: self._take_probe(container, run, schedule, success))

    def _take_probe(self, container: Container, run: str, schedule: probes.Schedule, success: bool) -> None:
        verdict = schedule.observe(success, time.time())
        if container.run != run or not container.running or verdict is None:
            return
        if schedule.kind == "readinessProbe":
            container.probed_ready = verdict
        elif schedule.kind == "startupProbe" and verdict:
            container.started = container.once_started = True
            for other in self._schedules.get(run, ()):
                other.due = min(other.due, time.time())
        elif not verdict:
            self._cluster.event("Unhealthy", f"{schedule.kind} of container {container.name} failed: it is restarted")
            self._stop(container, time.time(), self._grace())

    def _refresh(self, now: float) -> None:
        if now < self._refresh_at:
            return
        self._refresh_at = now + REFRESH_SECONDS
        try:
            volumes.fill(self._pod, self._folder, self._cluster.fetch, self._cluster.token)
        except volumes.MountError as error:
            # A running pod keeps the files it has.
            self._cluster.event("FailedMount", str(error))

    # Ending.

    def _terminate(self, now: float) -> None:
        """The application first; sidecars carry its last requests and end after it."""
        grace = float(self._pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        running = [c for c in self._containers if c.running]
        work = [c for c in running if c.role is not Role.SIDECAR]
        if not running:
            self._report()
            self._cluster.confirm_deletion()
            return self._finish()
        spent = now - self._ending_since(now)
        for container in work or running:
            left = grace - spent if work else max(grace - spent, SIDECAR_LEAST_SECONDS)
            self._stop(container, now, left)
        self._kill_overdue(now)
        return None

    def _complete(self, now: float) -> None:
        running = [c for c in self._containers if c.running]
        for container in running:
            self._stop(container, now, self._grace())
        self._kill_overdue(now)
        if not running and self._sandbox is not None:
            self._close_sandbox()
        # Only deletion is left to wait for.
        self._refresh_at = self._retry_at = now + REFRESH_SECONDS

    def _stop(self, container: Container, now: float, grace: float) -> None:
        if container.run not in self._kill_at and self._sandbox is not None:
            self._sandbox.signal(container.run, signal.SIGTERM)
            self._kill_at[container.run] = now + grace

    def _kill_overdue(self, now: float) -> None:
        for run, when in list(self._kill_at.items()):
            if when <= now and self._sandbox is not None:
                self._sandbox.signal(run, signal.SIGKILL)
                self._kill_at[run] = now + RETRY_SECONDS

    def _finish(self) -> None:
        self._close_sandbox()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._over = True

    def _close_sandbox(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None
        if self._address is not None:
            self._shared.addresses.give_back(self._address)
            self._address = None

    # Small facts.

    def _report(self) -> None:
        status = pod_status(self._pod, self._containers, self._address, self._born, time.time())
        if status != self._told:
            self._cluster.set_status(status)
            self._told = status

    def _is_ending(self) -> bool:
        return self._vanished or "deletionTimestamp" in self._pod["metadata"]

    def _ending_since(self, now: float) -> float:
        self._ended_from = getattr(self, "_ended_from", now)
        return self._ended_from

    def _grace(self) -> float:
        return float(self._pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _hostname(self) -> str:
        return str(self._pod["spec"].get("hostname") or self._pod["metadata"]["name"])[:63]

    def _addresses(self) -> Object:
        ip = self._address
        return {"podIP": ip, "podIPs": [{"ip": ip}], "hostIP": network.NODE_IP, "hostIPs": [{"ip": network.NODE_IP}]}

    def _lookup(self, kind: str, name: str) -> dict[str, str] | None:
        found = self._cluster.fetch(kind, name)
        return None if found is None else volumes.text_data(kind, found)

    def _log(self, container: str) -> Path:
        metadata = self._pod["metadata"]
        return self._shared.pod_logs / f"{metadata['namespace']}_{metadata['name']}_{container}.log"

    def _write_network_files(self) -> None:
        domain, namespace = network.CLUSTER_DOMAIN, self._pod["metadata"]["namespace"]
        search = f"{namespace}.svc.{domain} svc.{domain} {domain}"
        hosts = [f"127.0.0.1 localhost\n{self._address} {self._hostname()}"]
        for alias in self._pod["spec"].get("hostAliases") or ():
            hosts.append(f"{alias['ip']} {' '.join(alias['hostnames'])}")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "etc-hosts").write_text("\n".join(hosts) + "\n")
        (self._folder / "etc-hostname").write_text(self._hostname() + "\n")
        resolv = f"nameserver {network.NODE_IP}\nsearch {search}\noptions ndots:5\n"
        (self._folder / "etc-resolv.conf").write_text(resolv)
