# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping what a component describes: three ways to fail, told apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed import process
from testbed.component import Component
from testbed.errors import ComponentExited, ComponentNotFound, ComponentNotReady

ENVIRONMENT = {"PATH": os.environ["PATH"]}
UNANSWERED = "http://127.0.0.1:9/"


def shell(script: str, **more: object) -> Component:
    return Component(name="part", command=("sh", "-c", script), **more)  # type: ignore[arg-type]


def test_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ComponentNotFound, match="part: the program no-such-program was not found"):
        process.start(Component("part", ("no-such-program",)), tmp_path / "log", ENVIRONMENT)


def test_early_exit_tells_status_and_log(tmp_path: Path) -> None:
    running = process.start(shell("echo why it failed; exit 3", ready_url=UNANSWERED), tmp_path / "log", ENVIRONMENT)
    with pytest.raises(ComponentExited, match=r"(?s)exited with status 3.*why it failed") as error:
        process.wait_ready(running)
    assert error.value.status == 3


def test_not_ready_in_time_is_no_exit(tmp_path: Path) -> None:
    component = shell("echo still starting; exec sleep 600", ready_url=UNANSWERED, ready_within=0.3)
    running = process.start(component, tmp_path / "log", ENVIRONMENT)
    with pytest.raises(ComponentNotReady, match=r"(?s)not ready within 0\.3 s.*still starting"):
        process.wait_ready(running)
    assert running.process.poll() is None
    process.stop(running)
    assert running.process.returncode == -signal.SIGTERM


def test_stop_wakes_what_was_stopped(tmp_path: Path) -> None:
    running = process.start(shell("exec sleep 600"), tmp_path / "log", ENVIRONMENT)
    os.kill(running.pid, signal.SIGSTOP)
    process.stop(running)
    assert running.process.returncode == -signal.SIGTERM


def test_files_are_written_for_their_owner_only(tmp_path: Path) -> None:
    secret = tmp_path / "deep" / "tokens"
    running = process.start(shell("true", files={secret: "token"}), tmp_path / "log", ENVIRONMENT)
    running.process.wait()
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("token", 0o600)


def test_environment_is_only_what_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "1")
    running = process.start(shell("env", environment={"OWN": "2"}), tmp_path / "log", ENVIRONMENT)
    running.process.wait()
    seen = (tmp_path / "log").read_text()
    assert "OWN=2" in seen
    assert "LEAKED" not in seen


def test_component_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path;"
        "from testbed import process; from testbed.component import Component;"
        "r = process.start(Component('p', ('sleep', '600')), Path(sys.argv[1]), {'PATH': '/usr/bin:/bin'});"
        "print(r.pid, flush=True); time.sleep(600)"
    )
    checkout = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-c", program, str(tmp_path / "log")]
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    _wait_for("the program", lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
    parent.kill()
    parent.wait()
    _wait_for("the component's end with its parent", lambda: not _runs(child))


def _wait_for(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
