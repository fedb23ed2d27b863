# SPDX-License-Identifier: Apache-2.0
"""A request to end the run, as an event: by a signal, or as nobody is left to take the answer."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..engine.events import Stop

STANDARD_OUTPUT = 1
_READ_AT_ONCE = 64


@contextmanager
def stops(put: Callable[[Stop], None], answer: int | None = None) -> Iterator[None]:
    """While the block runs, `put` gets a `Stop` for each request, in a thread of its own.

    The first signal asks for an orderly end, each later one for an end at once. So does the loss of who
    reads `answer`: the module's parent is a shell, which outlives a worker that was killed. Main thread only.

    :param answer: the descriptor that the answer will be written to; None: nobody has to read one.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _noted) for number in _handled()}
    # Python writes each signal's number there at once, whatever the main thread is doing.
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    thread = threading.Thread(target=_listen, args=(reading, answer, set(before), put), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        os.close(writing)
        thread.join()
        os.close(reading)


def _handled() -> Iterator[signal.Signals]:
    """INT and TERM also where they were ignored, as a shell's background jobs ignore INT; HUP not under nohup."""
    yield from (signal.SIGINT, signal.SIGTERM)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def _noted(_number: int, _frame: Any) -> None:
    """A handler has to stand there for the number to be written."""


def _listen(reading: int, answer: int | None, handled: set[int], put: Callable[[Stop], None]) -> None:
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    if answer is not None:
        # No event is asked for: an error is reported in any case, and means that the reader has gone.
        poll.register(answer, 0)
    asked = False
    while True:
        for descriptor, event in poll.poll():
            if descriptor == answer:
                poll.unregister(answer)
                if not event & select.POLLNVAL:
                    put(Stop(urgent=True))
                continue
            numbers = os.read(reading, _READ_AT_ONCE)
            if not numbers:
                return
            for _number in filter(handled.__contains__, numbers):
                put(Stop(urgent=asked))
                asked = True
