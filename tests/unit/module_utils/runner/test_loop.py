# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Command, SetTimer
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Event, TimerFired
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop


class Counting:
    """A machine that is finished after so many events; each makes it ask for the next."""

    def __init__(self, events: int, faulty: bool = False) -> None:
        self.left, self._faulty = events, faulty
        self.handled: list[tuple[Event, float]] = []

    @property
    def finished(self) -> bool:
        return not self.left

    def start(self, now: float) -> list[Command]:
        return [SetTimer(1, now)] if self.left else []

    def handle(self, event: Event, now: float) -> list[Command]:
        if self._faulty:
            raise KeyError("unforeseen")
        self.handled.append((event, now))
        self.left -= 1
        return [SetTimer(len(self.handled) + 1, now), SetTimer(99, now)]


class Obedient:
    """An executor whose every event is the oldest timer."""

    def __init__(self) -> None:
        self.done: list[Command] = []
        self.closed = 0
        self._time = 0.0
        self._given = 0

    def now(self) -> float:
        self._time += 1.0
        return self._time

    def do(self, command: Command) -> None:
        self.done.append(command)

    def next(self) -> Event:
        command = self.done[self._given]
        self._given += 1
        assert isinstance(command, SetTimer)
        return TimerFired(command.token)

    def close(self) -> None:
        self.closed += 1


def test_commands_are_carried_out_and_what_comes_of_them_is_handed_on() -> None:
    machine, executor = Counting(3), Obedient()
    loop.run(machine, executor)
    # Each with the time that it was then.
    assert machine.handled == [(TimerFired(1), 2.0), (TimerFired(2), 3.0), (TimerFired(99), 4.0)]
    assert len(executor.done) == 1 + 3 * 2
    assert executor.closed == 1


def test_a_machine_that_is_finished_waits_for_nothing() -> None:
    machine, executor = Counting(0), Obedient()
    loop.run(machine, executor)
    assert (machine.handled, executor.closed) == ([], 1)


def test_a_fault_leaves_nothing_open() -> None:
    executor = Obedient()
    with pytest.raises(KeyError):
        loop.run(Counting(1, faulty=True), executor)
    assert executor.closed == 1
