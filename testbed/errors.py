# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as a tree:

TestbedError
+-- PrerequisiteError        the machine lacks something; the message says what to install or allow
+-- BuildError               `go build` failed
+-- ComponentError           one component of the mesh
    +-- ComponentNotFound    its program is not there
    +-- ComponentExited      it ended by itself: exit status and the log's tail
    +-- ComponentNotReady    it runs, yet did not become ready in time: the log's tail
"""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 25


class TestbedError(Exception):
    """Anything the user should read as one message, without a stack trace."""

    __test__ = False  # pytest would take the name for a test class


class PrerequisiteError(TestbedError):
    pass


class BuildError(TestbedError):
    pass


class ComponentError(TestbedError):
    pass


class ComponentNotFound(ComponentError):
    def __init__(self, name: str, program: str) -> None:
        super().__init__(f"{name}: the program {program} was not found")


class ComponentExited(ComponentError):
    def __init__(self, name: str, status: int, log: Path) -> None:
        how = f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"
        super().__init__(f"{name} {how}; the end of {log}:\n{tail(log)}")
        self.status = status


class ComponentNotReady(ComponentError):
    def __init__(self, name: str, seconds: float, log: Path) -> None:
        super().__init__(f"{name} was not ready within {seconds:g} s; the end of {log}:\n{tail(log)}")


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        return f"  (no log: {error})"
    return "\n".join("  " + line for line in text.splitlines()[-lines:]) or "  (the log is empty)"
