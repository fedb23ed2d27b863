# SPDX-License-Identifier: Apache-2.0
"""A whole run, wave after wave: takes events in, and says what is to be done. Pure: no clock, thread or client."""

from __future__ import annotations

from collections.abc import Sequence

from ..deliveries.base import Operation
from ..domain.outcome import FAILURES, NamespaceVerdict, Reason
from .bus import Bus
from .commands import Command
from .conclusion import not_started
from .events import Answered, Event, Failed, Stop, TimerFired, WatchClosed, WatchEvent
from .settings import Settings
from .wave import next_may_begin
from .wave_run import WaveRun
from .workload_state import Context

# What a stopped run may still take for answers to what it has sent.
STOP_SECONDS = 8.0


class Run:
    """One operation over all waves.

    :param waves: the namespaces of each.
    :param ineligible: {namespace: (reason, message)} of those that fail and are not touched.
    """

    def __init__(
        self,
        operation: Operation,
        waves: Sequence[Sequence[str]],
        ineligible: dict[str, tuple[str, str]],
        settings: Settings,
    ) -> None:
        self._settings, self._ineligible = settings, ineligible
        self._waves = [list(names) for names in waves if names]
        self._context = Context(operation, settings.timeout_seconds, settings.dry_run, settings.ill_before)
        self._bus = Bus(sum(map(len, self._waves)))
        self._verdicts: dict[str, NamespaceVerdict] = {}
        self._index = 0
        self._wave: WaveRun | None = None

    @property
    def finished(self) -> bool:
        return self._wave is None

    def verdicts(self) -> list[NamespaceVerdict]:
        """Of every namespace, in the order of the waves; all of them once it is finished."""
        return [self._verdicts[name] for names in self._waves for name in names if name in self._verdicts]

    def start(self, now: float) -> list[Command]:
        """What is to be done first."""
        self._begin_wave(now)
        return self._moved(now)

    def handle(self, event: Event, now: float) -> list[Command]:
        """What is to be done because of an event."""
        if isinstance(event, (Answered, Failed)):
            self._bus.answered(event, now)
        elif isinstance(event, TimerFired):
            self._bus.fired(event.token, now)
        elif isinstance(event, (WatchEvent, WatchClosed)) and self._wave:
            self._wave.event(event, now)
        elif isinstance(event, Stop):
            self._stop(event.urgent, now)
        return self._moved(now)

    def _begin_wave(self, now: float) -> None:
        if self._index < len(self._waves):
            names, settings = self._waves[self._index], self._settings
            self._wave = WaveRun(names, self._ineligible, self._bus, self._context, settings)
            self._wave.begin(now)

    def _moved(self, now: float) -> list[Command]:
        while self._wave is not None and (self._wave.move(now) or self._wave.finished):
            if self._wave.finished:
                self._end_wave(now)
        return self._bus.taken()

    def _end_wave(self, now: float) -> None:
        wave, self._wave = self._wave, None
        self._verdicts.update(wave.verdicts if wave else {})
        self._index += 1
        failed = sum(1 for name in self._waves[self._index - 1] if self._verdicts[name].outcome in FAILURES)
        total = len(self._waves[self._index - 1])
        if self._bus.stopping:
            self._leave(Reason.STOPPED, "the run was stopped before its wave was begun")
        elif next_may_begin(failed, total, self._settings.max_fail_percentage):
            self._begin_wave(now)
        else:
            share = f"{failed} of {total} namespaces of wave {self._index} failed"
            self._leave(Reason.EARLIER_WAVE, f"its wave was not begun: {share}")

    def _leave(self, reason: Reason, message: str) -> None:
        """The waves that are left are not begun."""
        for names in self._waves[self._index :]:
            self._verdicts.update({name: not_started(name, reason, message) for name in names})
        self._index = len(self._waves)

    def _stop(self, urgent: bool, now: float) -> None:
        if self._wave is None:
            return
        if urgent or self._bus.stopping:
            self._wave.end(now)
            return
        self._bus.stopping = True
        self._bus.give_up(now)
        self._wave.stop(now)
        self._bus.wake(now + STOP_SECONDS, lambda then: self._stop(True, then))
