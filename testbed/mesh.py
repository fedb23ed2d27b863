# SPDX-License-Identifier: Apache-2.0
"""Up, down and status, seen from outside the mesh's namespaces."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import binaries, prerequisites, progress
from .errors import TestbedError
from .paths import CHECKOUT, Layout
from .ports import outer_listener

DOWN_SECONDS = 30.0
POLL_SECONDS = 0.05
# To the leader: start what has ended.
START_AGAIN = signal.SIGUSR1


@dataclass(frozen=True)
class Status:
    leader: int
    real_pods: bool
    components: dict[str, bool]
    """Name and whether it runs."""

    @property
    def healthy(self) -> bool:
        return all(self.components.values())


def up(layout: Layout, real_pods: bool, report: Callable[[str], None]) -> Status:
    if real_pods and layout.root.is_relative_to("/run"):
        raise TestbedError(f"{layout.root}: the mesh has a /run of its own and would not see this folder")
    layout.root.mkdir(parents=True, exist_ok=True)
    with _locked(layout):
        running = status(layout)
        if running is not None:
            return _accept(running, real_pods)
        if real_pods:
            prerequisites.ensure(report)
        programs = binaries.ensure(report)
        _start(layout, programs, real_pods, report)
        started = status(layout)
    if started is None:
        raise TestbedError(f"the mesh ended right after its start; see {layout.log('leader')}")
    return started


def down(layout: Layout) -> bool:
    """Whether there was a mesh."""
    if not layout.root.exists():
        return False
    with _locked(layout):
        pid = leader(layout)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            _await_end(pid)
        for path in (layout.leader_pid, layout.state, layout.kubeconfig, layout.inner_kubeconfig):
            path.unlink(missing_ok=True)
        shutil.rmtree(layout.root / "data", ignore_errors=True)
    return pid is not None


def status(layout: Layout) -> Status | None:
    pid = leader(layout)
    if pid is None:
        return None
    try:
        state = json.loads(layout.state.read_text())
    except (OSError, ValueError):
        return None
    alive = inner_pids(pid)
    components = {name: inner in alive for name, inner in state["components"].items()}
    return Status(pid, state["real_pods"], components)


def leader(layout: Layout) -> int | None:
    """Only if it is ours: a pid file outlives its process, and pids are used again."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(layout.leader_pid.read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"testbed.leader" in arguments and str(layout.root).encode() in arguments:
            return pid
    return None


def inner_pids(leader_pid: int) -> dict[int, int]:
    """Pid inside the leader's pid namespace -> pid outside, of every living process there."""
    found: dict[int, int] = {}
    with contextlib.suppress(OSError):
        namespace = Path(f"/proc/{leader_pid}/ns/pid").readlink()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                lines = (entry / "status").read_text().splitlines()
                fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                if fields["State"][0] != "Z" and (entry / "ns/pid").readlink() == namespace:
                    found[int(fields["NSpid"].split()[-1])] = int(entry.name)
    return found


def component_pid(layout: Layout, name: str) -> int:
    """Outside pid of one component; benchmarks stop controllers by it to time a client alone."""
    pid = leader(layout)
    if pid is None:
        raise TestbedError("the mesh is not running")
    inner = json.loads(layout.state.read_text())["components"][name]
    return inner_pids(pid)[inner]


def start_again(layout: Layout) -> None:
    """Each component that has ended; without waiting until it is ready."""
    pid = leader(layout)
    if pid is None:
        raise TestbedError("the mesh is not running")
    os.kill(pid, START_AGAIN)


def _accept(running: Status, real_pods: bool) -> Status:
    dead = [name for name, alive in running.components.items() if not alive]
    if dead:
        raise TestbedError(f"the mesh runs, but {', '.join(dead)} ended: `python -m testbed down`, then up again")
    if real_pods and not running.real_pods:
        raise TestbedError("the mesh runs without real pods: `python -m testbed down`, then up again")
    return running


def _start(layout: Layout, programs: binaries.Binaries, real_pods: bool, report: Callable[[str], None]) -> None:
    for folder in (layout.logs, layout.bin, layout.root / "data"):
        shutil.rmtree(folder, ignore_errors=True)
    layout.pod_logs.mkdir(parents=True)
    layout.bin.mkdir()
    for program in (programs.kubectl, programs.istioctl):
        (layout.bin / program.name).symlink_to(program)
    read_fd, write_fd = os.pipe()
    command = [sys.executable, "-m", "testbed.leader", "--root", str(layout.root)]
    command += ["--binaries", str(programs.folder), "--report-fd", str(write_fd)]
    inherited = [write_fd]
    listener = outer_listener() if real_pods else None
    if listener is not None:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        command += ["--listener-fd", str(listener.fileno()), "--outer-url", url]
        command = [*prerequisites.unshare_command(), *command]
        inherited.append(listener.fileno())
    path = f"{os.environ.get('PATH', '')}:{prerequisites.ADMIN_PATH}"
    with layout.log("leader").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(CHECKOUT)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=inherited,
            start_new_session=True,
        )
    os.close(write_fd)
    if listener is not None:
        listener.close()
    try:
        with os.fdopen(read_fd) as pipe:
            progress.follow(pipe, report)
    except BaseException:
        # What a failed or interrupted start left is taken away again.
        process.kill()
        process.wait()
        raise


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    while _exists(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            deadline += DOWN_SECONDS
        time.sleep(POLL_SECONDS)


def _exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Two `up` at a time would each start a mesh in the same folder."""
    with layout.lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
