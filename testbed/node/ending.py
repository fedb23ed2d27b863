# SPDX-License-Identifier: Apache-2.0
"""How containers end: SIGTERM, and SIGKILL for those that do not heed it in time; the application first, since sidecars
carry its last requests."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence

from .containers import Container, Role
from .sandbox import Sandbox

SIDECAR_LEAST_SECONDS = 2.0
"""What a sidecar still gets when the application used up the whole grace period."""
KILL_AGAIN_SECONDS = 1.0


class Ending:
    def __init__(self) -> None:
        self._kill_at: dict[str, float] = {}
        self._killed: set[str] = set()
        self._since: float | None = None

    def due_times(self) -> Iterator[float]:
        yield from self._kill_at.values()

    def forget(self, run: str) -> None:
        self._kill_at.pop(run, None)

    def stop(self, sandbox: Sandbox | None, container: Container, kill_at: float) -> None:
        if container.run not in self._kill_at and sandbox is not None:
            sandbox.signal(container.run, signal.SIGTERM)
            self._kill_at[container.run] = kill_at

    def stop_pod(self, sandbox: Sandbox | None, containers: Sequence[Container], grace: float, now: float) -> bool:
        """Whether all have ended; to be called again as time passes. A shorter grace period overrules the first."""
        self._since = now if self._since is None else self._since
        running = [c for c in containers if c.running]
        work = [c for c in running if c.role is not Role.SIDECAR]
        end = self._since + grace
        for container in work or running:
            kill_at = end if work else max(end, now + SIDECAR_LEAST_SECONDS)
            self.stop(sandbox, container, kill_at)
            if work and container.run not in self._killed:
                self._kill_at[container.run] = min(self._kill_at.get(container.run, end), end)
        self.kill_overdue(sandbox, now)
        return not running

    def kill_overdue(self, sandbox: Sandbox | None, now: float) -> None:
        for run, when in list(self._kill_at.items()):
            if when <= now and sandbox is not None:
                sandbox.signal(run, signal.SIGKILL)
                self._killed.add(run)
                self._kill_at[run] = now + KILL_AGAIN_SECONDS
