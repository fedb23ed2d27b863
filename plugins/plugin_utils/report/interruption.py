# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to end that reaches the worker is handed on to the module, which knows how to end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.signals import stops

from .screen import Screen

STOPPING = "stopping: nothing new is begun, verdicts within 10 s (Ctrl-C again: at once)"


class Interruption:
    """What was asked of this worker, and what of it the module has been told.

    At Ctrl-C ansible-playbook tells its workers more than once, and waits for them; a second Ctrl-C, or TERM,
    ends itself. So only its end means "at once".
    """

    def __init__(self, screen: Screen) -> None:
        self.asked = False
        self._screen = screen
        self._parent = os.getppid()
        self._module = 0
        self._told: set[int] = set()

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Signals are requests while the block runs; to be entered in the main thread."""
        if os.getpgrp() != os.getpid():
            # Up to ansible-core 2.18 Ctrl-C in a terminal would reach module and shells as well, and end the shells.
            os.setpgid(0, 0)
        with stops(self._ask):
            yield

    def _ask(self, _stop: Stop) -> None:
        self.asked = True

    def module(self, process: int) -> None:
        """The module handles signals from now on."""
        self._module = process

    def hand_on(self) -> None:
        """Tell the module what it has not been told yet; called again and again."""
        orphaned = os.getppid() != self._parent
        if orphaned:
            self.asked = True
        if self.asked and not self._told:
            self._screen.past_display()
            self._screen.line(f"  {STOPPING}")
            self._told.add(0)
        if self._module and self.asked:
            self._tell(signal.SIGTERM)
        if self._module and orphaned and signal.SIGINT not in self._told:
            # The shell's prompt is there by now.
            self._screen.line("")
            # Another one than the first: two of a kind may arrive as one.
            self._tell(signal.SIGINT)

    def _tell(self, number: signal.Signals) -> None:
        if number not in self._told:
            self._told.add(number)
            # It may have ended.
            with suppress(OSError):
                os.kill(self._module, number)
