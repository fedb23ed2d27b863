# SPDX-License-Identifier: Apache-2.0
"""ansible-playbook in a terminal of its own, with the stand-in for `rollout`."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    Options,
    Plan,
    Run,
    State,
    Target,
)

from tests.unit.objects import REPOSITORY

# Only so that a test that would hang ends.
LONG_SECONDS = 60
PLAYBOOK = Path(__file__).parent / "play.yml"


class Terminal:
    """A run that waits until it is stopped. `patient`: it goes on waiting until it is urged."""

    def __init__(self, scratch: Path, patient: bool = False) -> None:
        self.result = scratch / "result.json"
        targets = (Target("c", "shop"), Target("c", "pay"))
        options = Options(result_file=str(self.result))
        plan = Plan(State.PRESENT, "trace", "wasm-filter", targets, (("shop", "pay"),), Run("1", 0.0), options=options)
        program = str(Path(sys.executable).parent / "ansible-playbook")
        variables = json.dumps({"plan": plan.as_dict(), "patient": patient})
        environment = {**os.environ, "TERM": "xterm", "ANSIBLE_HOME": str(scratch), "ANSIBLE_NOCOLOR": "1"}
        for name in ("CI", "AWX_ISOLATED_DATA_DIR", "JENKINS_URL", "TF_BUILD"):
            environment.pop(name, None)
        self.output = ""
        self.process, self._descriptor = pty.fork()
        if self.process == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.chdir(REPOSITORY)
            # As a shell leaves it where somebody types; a job in the background inherits that it is ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(program, [program, str(PLAYBOOK), "-e", variables], environment)

    def until(self, text: str) -> None:
        """Read until the screen has had it."""
        while text not in self.output:
            assert self._read(), self.output

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def status(self) -> int:
        """How it ended; below zero: by a signal. Whoever writes to the terminal has ended by then."""
        while self._read():
            pass
        os.close(self._descriptor)
        _process, status = os.waitpid(self.process, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        ready, _writable, _errors = select.select([self._descriptor], [], [], LONG_SECONDS)
        assert ready, f"nothing more for {LONG_SECONDS} s after: {self.output}"
        try:
            read = os.read(self._descriptor, 65536)
        except OSError:
            return False  # Linux says so where the other end is closed
        self.output += read.decode()
        return bool(read)

    def verdicts(self) -> dict[str, Any]:
        """From the result file."""
        (cluster,) = json.loads(self.result.read_text())["clusters"]
        return {entry["name"]: (entry["verdict"], entry["message"]) for entry in cluster["namespaces"]}
