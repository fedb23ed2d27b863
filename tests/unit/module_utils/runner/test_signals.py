# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.signals import stops

# Only so that a test that would hang ends.
LONG_SECONDS = 30
HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def asked() -> SimpleQueue[Stop]:
    return SimpleQueue()


@pytest.fixture(autouse=True)
def dispositions() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (*HANDLED, signal.SIGUSR1)}
    # Whoever runs the tests under nohup has it ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", HANDLED)
def test_the_first_signal_asks_and_each_later_one_urges(asked: SimpleQueue[Stop], number: signal.Signals) -> None:
    with stops(asked.put):
        signal.raise_signal(number)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=False)
        signal.raise_signal(signal.SIGTERM)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=True)
        signal.raise_signal(number)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=True)


def test_two_that_come_together_are_two(asked: SimpleQueue[Stop]) -> None:
    with stops(asked.put):
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        assert [asked.get(timeout=LONG_SECONDS) for _count in range(2)] == [Stop(False), Stop(True)]


def test_afterwards_all_is_as_before(asked: SimpleQueue[Stop]) -> None:
    seen: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    with stops(asked.put):
        pass
    signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGTERM]
    assert signal.set_wakeup_fd(wakeup) == wakeup
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208
    assert asked.empty()


def test_under_nohup_a_terminal_that_goes_is_no_request(asked: SimpleQueue[Stop]) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stops(asked.put):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=False)
    assert asked.empty()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_shell_that_ignores_int_for_its_background_jobs_does_not_make_it_deaf(asked: SimpleQueue[Stop]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stops(asked.put):
        signal.raise_signal(signal.SIGINT)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=False)


def test_a_signal_of_somebody_else_is_no_request(asked: SimpleQueue[Stop]) -> None:
    signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    with stops(asked.put):
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGTERM)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=False)
    assert asked.empty()


def test_who_would_read_the_answer_is_gone(asked: SimpleQueue[Stop]) -> None:
    reading, writing = os.pipe()
    with stops(asked.put, answer=writing):
        os.close(reading)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=True)
    assert asked.empty()
    os.close(writing)


def to_file() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def closed() -> int:
    descriptor = to_file()
    os.close(descriptor)
    # The pipe of the block itself must not get this number.
    return descriptor + 100


@pytest.mark.parametrize("descriptor", [to_file, closed])
def test_an_answer_that_nobody_reads_anyway_is_no_request(
    asked: SimpleQueue[Stop], descriptor: Callable[[], int]
) -> None:
    with stops(asked.put, answer=descriptor()):
        signal.raise_signal(signal.SIGTERM)
        assert asked.get(timeout=LONG_SECONDS) == Stop(urgent=False)
    assert asked.empty()
