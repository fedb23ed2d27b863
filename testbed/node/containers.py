# SPDX-License-Identifier: Apache-2.0
"""What is known of a pod's containers, and what a kubelet would do next. Pure: time is an argument, nothing is run."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BACK_OFF_FIRST_SECONDS = 1.0
BACK_OFF_MOST_SECONDS = 60.0
STABLE_SECONDS = 600.0
"""A container that ran this long has proved itself: its back-off starts anew."""


class Role(enum.Enum):
    INIT = "init"
    SIDECAR = "sidecar"
    """An init container with restartPolicy Always: the pod goes on once it has started."""
    MAIN = "main"


class Phase(enum.Enum):
    WAITING = "waiting"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass
class Container:
    spec: dict[str, Any]
    role: Role
    phase: Phase = Phase.WAITING
    reason: str = "ContainerCreating"
    message: str = ""
    exit_code: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0
    restarts: int = 0
    previous_exit: tuple[int, float, float] | None = None
    """Exit status, start and end of the run before this one."""
    not_before: float = 0.0
    crashes_in_a_row: int = 0
    started: bool = False
    """Its startup probe has succeeded, or it has none."""
    once_started: bool = False
    probed_ready: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def run(self) -> str:
        """Names one run: an exit of an earlier run must not be taken for this one's."""
        return f"{self.name}/{self.restarts}"

    @property
    def running(self) -> bool:
        return self.phase is Phase.RUNNING

    @property
    def succeeded(self) -> bool:
        return self.phase is Phase.TERMINATED and self.exit_code == 0

    @property
    def ready(self) -> bool:
        if self.role is Role.INIT:
            return self.succeeded
        return self.running and self.started and (self.probed_ready or "readinessProbe" not in self.spec)

    def begin(self, now: float) -> None:
        self.phase, self.reason, self.message = Phase.RUNNING, "", ""
        self.started_at = now
        self.started = self.once_started = "startupProbe" not in self.spec
        self.probed_ready = False

    def end(self, exit_code: int, now: float) -> None:
        self.phase = Phase.TERMINATED
        self.exit_code, self.finished_at = exit_code, now
        self.reason, self.message = ("Completed" if exit_code == 0 else "Error"), ""
        self.started = self.probed_ready = False

    def will_restart(self, policy: str) -> bool:
        if self.role is Role.SIDECAR:
            return True
        if self.role is Role.INIT:
            return policy != "Never" and not self.succeeded
        return policy == "Always" or (policy == "OnFailure" and self.exit_code != 0)

    def await_restart(self, now: float) -> None:
        """The first restart is immediate, the next ones wait, twice as long each time. Kubernetes' own figures begin
        at 10 s; these are the ones it is moving to (ReduceDefaultCrashLoopBackOffDecay), and tests wait less."""
        if now - self.started_at > STABLE_SECONDS:
            self.crashes_in_a_row = 0
        wait = BACK_OFF_FIRST_SECONDS * 2 ** (self.crashes_in_a_row - 1) if self.crashes_in_a_row else 0.0
        wait = min(wait, BACK_OFF_MOST_SECONDS)
        self.crashes_in_a_row += 1
        self.not_before = now + wait
        self.previous_exit = (self.exit_code, self.started_at, self.finished_at)
        self.restarts += 1
        self.phase, self.reason = Phase.WAITING, "CrashLoopBackOff"
        self.message = f"back-off {wait:g}s restarting failed container={self.name}"


def from_pod(pod: dict[str, Any]) -> list[Container]:
    spec = pod["spec"]
    inits = spec.get("initContainers") or ()
    containers = [
        Container(entry, Role.SIDECAR if entry.get("restartPolicy") == "Always" else Role.INIT) for entry in inits
    ]
    containers += [Container(entry, Role.MAIN) for entry in spec["containers"]]
    for container in containers:
        container.reason = "PodInitializing" if inits else "ContainerCreating"
    return containers


def initialized(containers: Sequence[Container]) -> bool:
    return all(c.succeeded if c.role is Role.INIT else c.once_started for c in containers if c.role is not Role.MAIN)


def to_start(containers: Sequence[Container], now: float) -> list[Container]:
    """Init containers one after the other; a sidecar's successor waits until it has started, once."""
    result: list[Container] = []
    for container in containers:
        if container.role is Role.MAIN:
            continue
        due = container.phase is Phase.WAITING and container.not_before <= now
        if container.role is Role.INIT and not container.succeeded:
            return [*result, container] if due else result
        if container.role is Role.SIDECAR:
            result += [container] if due else []
            if not container.once_started:
                return result
    mains = (c for c in containers if c.role is Role.MAIN)
    return result + [c for c in mains if c.phase is Phase.WAITING and c.not_before <= now]


def finished(containers: Sequence[Container], policy: str) -> bool:
    """Whether the pod has done its work: nothing of it but sidecars runs or will run again."""
    inits = [c for c in containers if c.role is Role.INIT]
    if policy == "Never" and any(c.phase is Phase.TERMINATED and c.exit_code for c in inits):
        return True
    mains = [c for c in containers if c.role is Role.MAIN]
    return all(c.phase is Phase.TERMINATED and not c.will_restart(policy) for c in mains)
