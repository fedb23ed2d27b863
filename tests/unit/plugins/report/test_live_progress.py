from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import progress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import live_progress
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.live_progress import LiveProgress, recap


class Screen:
    """Stands in for Ansible's Display."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def display(self, text: str, **options: Any) -> None:
        self.lines.append((text, options))

    @property
    def text(self) -> str:
        return "\n".join(text for text, _options in self.lines)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(live_progress, "display", screen)
    monkeypatch.setattr(live_progress, "INTERVAL_SECONDS", 0.01)
    return screen


def followed(path: Path) -> None:
    report = progress.to_file(str(path))
    with LiveProgress(str(path), 2):
        report("shop", "Deployment/web patched", True)
        report("shop", "Deployment/web rolled, 2 pods", False)
        report("pay", "x" * 500, False)


@pytest.mark.parametrize("terminal", [False, True])
def test_every_event_is_shown_also_those_of_the_last_moment(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(live_progress, "ON_TERMINAL", terminal)
    path = tmp_path / "progress"
    path.touch()
    followed(path)
    told = ("shop: Deployment/web patched", "shop: Deployment/web rolled", "pay: xxx")
    shown = [(text, options) for text, options in screen.lines if any(one in text for one in told)]
    # Where it is not one line that changes, a mere step is not worth a line.
    for (text, _options), wanted in zip(shown, told if terminal else told[1:], strict=True):
        assert wanted in text
    for text, options in shown:
        if terminal:
            assert text.startswith("\r\x1b[K")
            assert len(text) < 120
            assert options == {"newline": False, "screen_only": True}
        else:
            # Standard output is not flushed before the end, where it is a pipe.
            assert options == {"stderr": True}
            assert "\x1b" not in text
    if terminal:
        assert "2 of 2 namespaces" in shown[-1][0]
        assert screen.lines[-1][0] == "\r\x1b[K"


def test_half_a_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text('{"namespace": "shop", "text": "one"}\n{"namespace": "sh')
    live = LiveProgress(str(path), 1)
    assert [event["text"] for event in live._new()] == ["one"]
    with path.open("a") as file:
        file.write('op", "text": "two"}\n')
    assert [event["text"] for event in live._new()] == ["two"]
    assert list(live._new()) == []


def entry(name: str, verdict: str, changed: bool = False) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "changed": changed, "message": f"about {name}"}


def test_the_recap_has_a_line_per_namespace_and_failures_last(screen: Screen) -> None:
    recap([entry("bad", "failed"), entry("shop", "deployed", True), entry("pay", "unchanged")], [], check_mode=False)
    names = [text.split()[0] for text, _options in screen.lines]
    assert names == ["shop", "pay", "bad"]
    assert "deployed" in screen.lines[0][0]
    assert len({options["color"] for _text, options in screen.lines}) == 3


def test_the_recap_of_check_mode_says_would_be(screen: Screen) -> None:
    recap([entry("shop", "deployed", True), entry("pay", "unchanged")], [], check_mode=True)
    assert "would be deployed" in screen.lines[0][0]
    assert "would be" not in screen.lines[1][0]


def test_the_recap_names_those_not_started_only_where_something_failed(screen: Screen) -> None:
    waiting = [f"n{number}" for number in range(12)]
    recap([entry("shop", "deployed", True)], waiting, check_mode=False)
    assert "n0" not in screen.text
    recap([entry("shop", "failed")], waiting, check_mode=False)
    assert "n9 and 2 more" in screen.text
