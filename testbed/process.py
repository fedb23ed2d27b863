# SPDX-License-Identifier: Apache-2.0
"""Runs what a `Component` describes: start, wait until ready, stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .component import Component
from .errors import ComponentExited, ComponentNotFound, ComponentNotReady

POLL_SECONDS = 0.05
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0

# Health pages of Kubernetes' components stand behind certificates they sign for themselves at start.
_UNVERIFIED = ssl.create_default_context()
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_UNVERIFIED))


@dataclass(frozen=True)
class Running:
    component: Component
    process: subprocess.Popen[bytes]
    log: Path
    started: float

    @property
    def pid(self) -> int:
        return self.process.pid


def start(component: Component, log: Path, base_environment: Mapping[str, str]) -> Running:
    for path, content in component.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(content)
    program = shutil.which(component.command[0])
    if program is None:
        raise ComponentNotFound(component.name, component.command[0])
    # What one that was killed has written stays.
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_bound_to_parent(), program, *component.command[1:]],
            env={**base_environment, **component.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=component.inherited_fds,
            cwd="/",
        )
    return Running(component, process, log, time.monotonic())


def wait_ready(running: Running) -> float:
    """Seconds from start to ready."""
    component = running.component
    while True:
        status = running.process.poll()
        if status is not None:
            raise ComponentExited(component.name, status, running.log)
        if component.ready_url is None or answers(component.ready_url):
            return time.monotonic() - running.started
        if time.monotonic() - running.started > component.ready_within:
            raise ComponentNotReady(component.name, component.ready_within, running.log)
        time.sleep(POLL_SECONDS)


def answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=PROBE_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def stop(running: Running) -> None:
    """The mirror of start: when this returns the process is gone, whatever it does with SIGTERM."""
    if running.process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
        # A stopped process (SIGSTOP, as benchmarks do to controllers) would never see the SIGTERM.
        os.kill(running.pid, signal.SIGCONT)
    try:
        running.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()


def _bound_to_parent() -> tuple[str, ...]:
    """Where there is no pid namespace to end all, each process ends with its parent by its own wish."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()
