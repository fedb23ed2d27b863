from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress


def test_without_a_file_nothing_is_written() -> None:
    assert progress.to_file(None) is progress.silent
    assert progress.to_file("") is progress.silent
    progress.silent("shop", "text", False)


def test_lines_of_many_threads_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    report = progress.to_file(str(path))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: report(f"n{number}", "é\n" * 50, number % 2 == 0), range(200)))
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {event["namespace"] for event in events} == {f"n{number}" for number in range(200)}
    assert all(event["text"] == "é\n" * 50 for event in events)
    assert all(event["step"] is (int(event["namespace"][1:]) % 2 == 0) for event in events)


def test_a_full_disk_ends_no_rollout(tmp_path: Path) -> None:
    # The first fails as it is written, the second as it is opened.
    for path in ("/dev/full", str(tmp_path / "gone" / "progress")):
        progress.to_file(path)("shop", "text", False)
