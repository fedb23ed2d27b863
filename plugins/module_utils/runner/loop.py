# SPDX-License-Identifier: Apache-2.0
"""The loop between a machine that decides and an executor that does: event, commands, event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..engine.commands import Command
from ..engine.events import Event


class Machine(Protocol):
    """See engine/run.py."""

    @property
    def finished(self) -> bool:
        """Nothing more is to be done."""

    def start(self, now: float) -> Iterable[Command]:
        """What is to be done first."""

    def handle(self, event: Event, now: float) -> Iterable[Command]:
        """What is to be done because of an event."""


class Executor(Protocol):
    """Carries commands out and gathers what comes of them; real (executor.py) or simulated (tests/simulation)."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""

    def do(self, command: Command) -> None:
        """Begin it; without waiting for what comes of it."""

    def next(self) -> Event:
        """The next event, waited for."""

    def close(self) -> None:
        """Nothing more is asked for."""


def run(machine: Machine, executor: Executor) -> None:
    """Until the machine is finished."""
    try:
        for command in machine.start(executor.now()):
            executor.do(command)
        while not machine.finished:
            event = executor.next()
            for command in machine.handle(event, executor.now()):
                executor.do(command)
    finally:
        executor.close()
