# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Tell
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress


@pytest.fixture(autouse=True)
def dispositions() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_without_a_file_nothing_is_written() -> None:
    assert progress.to_file(None) is progress.silent
    assert progress.to_file("") is progress.silent
    progress.silent(Tell("shop", "text", False, 0, 1))


def told(number: int) -> Tell:
    return Tell(f"n{number}", "é\n" * 50, number % 2 == 0, number, 200)


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    report = progress.to_file(str(path))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: report(told(number)), range(200)))
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {event["namespace"] for event in events} == {f"n{number}" for number in range(200)}
    assert all(event["text"] == "é\n" * 50 for event in events)
    assert all(event["namespace"] == f"n{event['done']}" and event["total"] == 200 for event in events)
    assert all(event["step"] is (int(event["namespace"][1:]) % 2 == 0) for event in events)


def test_a_full_disk_ends_no_rollout(tmp_path: Path) -> None:
    # The first fails as it is written, the second as it is opened.
    for path in ("/dev/full", str(tmp_path / "gone" / "progress")):
        progress.to_file(path)(Tell("shop", "text", False, 0, 1))


def test_who_ends_the_run_is_told_whom_to_ask_once_signals_are_handled(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    asked: SimpleQueue[Stop] = SimpleQueue()
    with progress.stoppable(str(path))(asked.put):
        os.kill(json.loads(path.read_text())["process"], signal.SIGTERM)
        assert asked.get() == Stop(urgent=False)
    # It is too late: the result has to be written.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.raise_signal(number)
    assert asked.empty()


def test_without_a_file_signals_are_handled_all_the_same() -> None:
    asked: SimpleQueue[Stop] = SimpleQueue()
    with progress.stoppable(None)(asked.put):
        signal.raise_signal(signal.SIGTERM)
        assert asked.get() == Stop(urgent=False)
