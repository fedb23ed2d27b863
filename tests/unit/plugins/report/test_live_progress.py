# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Tell
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import live_progress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.live_progress import LiveProgress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.screen import Screen

from tests.unit.plugins.report.paper import Paper

START = "\r\x1b[K"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live_progress, "INTERVAL_SECONDS", 0.01)
    path = tmp_path / "progress"
    path.touch()
    return path


def followed(path: Path, *told: Tell) -> LiveProgress:
    report = progress.to_file(str(path))
    with LiveProgress(str(path), 2, Screen(), None) as live:
        for tell in told:
            report(tell)
    return live


TOLD = (
    Tell("shop", "Deployment/web patched", True, 0, 2, 1),
    Tell("shop", "Deployment/web rolled, 2 pods", False, 1, 2),
    Tell("pay", "word " * 100, False, 2, 2),
)


def test_every_event_is_shown_also_those_of_the_last_moment(paper: Paper, width: list[int], path: Path) -> None:
    followed(path, *TOLD)
    assert [text.partition("; ")[2][:12] for text in paper.texts[:-1]] == [
        "shop: Deploy",
        "shop: Deploy",
        "pay: word wo",
    ]
    for text, options in paper.lines[:-1]:
        assert text.startswith(START)
        assert len(text) - len(START) < 80
        assert options == {"newline": False, "screen_only": True}
    assert paper.texts[-1] == START


def test_in_a_log_a_mere_step_is_not_worth_a_line(
    paper: Paper, width: list[int], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    followed(path, *TOLD)
    assert [text[:20] for text in paper.texts] == ["  shop: Deployment/w", "  pay: word word wor"]
    for text, options in paper.lines:
        # Standard output is not flushed before the end, where it is a pipe.
        assert options == {"color": None, "stderr": True}
        assert "\x1b" not in text and len(text) <= live_progress.LOG_COLUMNS


def test_what_is_done_is_counted_not_what_was_seen(paper: Paper, width: list[int], path: Path) -> None:
    followed(path, *TOLD)
    assert [text.removeprefix(START).partition(";")[0] for text in paper.texts[:-1]] == [
        "  0 of 2 namespaces done, 1 rolling",
        "  1 of 2 namespaces done",
        "  2 of 2 namespaces done",
    ]


def test_a_log_is_told_that_something_goes_on(
    paper: Paper, width: list[int], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    live = LiveProgress(str(path), 13, Screen(), None)
    live._take(asdict(Tell("a", "Deployment/web patched", True, 3, 13, 1)))
    live._take(asdict(Tell("b", "EnvoyFilter/f set", False, 3, 13, 17)))
    live._beat()
    assert paper.texts == ["  b: EnvoyFilter/f set"]
    monkeypatch.setattr(live_progress, "HEARTBEAT_SECONDS", 0.0)
    live._beat()
    assert paper.texts[1:] == ["  still waiting: 3 of 13 namespaces done, 17 rolling"]


def test_on_a_terminal_nothing_is_said_where_nothing_happens(
    paper: Paper, width: list[int], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_progress, "HEARTBEAT_SECONDS", 0.0)
    LiveProgress(str(path), 13, Screen(), None)._beat()
    assert paper.lines == []


def test_the_last_word_on_each_object_is_kept(paper: Paper, path: Path) -> None:
    live = followed(path, *TOLD[:2], Tell("shop", "EnvoyFilter/f set", False, 1, 2))
    assert live.told == {
        "shop": {"Deployment/web": "Deployment/web rolled, 2 pods", "EnvoyFilter/f": "EnvoyFilter/f set"}
    }


def test_half_a_line_waits_for_its_rest(path: Path) -> None:
    path.write_text('{"namespace": "shop", "text": "one"}\n{"namespace": "sh')
    live = LiveProgress(str(path), 1, Screen(), None)
    assert [event["text"] for event in live._new()] == ["one"]
    with path.open("a") as file:
        file.write('op", "text": "two"}\n')
    assert [event["text"] for event in live._new()] == ["two"]
    assert list(live._new()) == []


def test_a_file_that_is_deleted_meanwhile_ends_nothing(paper: Paper, width: list[int], path: Path) -> None:
    report = progress.to_file(str(path))
    report(TOLD[0])
    with LiveProgress(str(path), 2, Screen(), None) as live:
        path.unlink()
    assert live.told
