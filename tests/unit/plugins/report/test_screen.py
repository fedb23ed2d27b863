# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.utils import color
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import screen
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report.screen import Screen, shortened, watched

from tests.unit.plugins.report.paper import Paper

TERMINAL = {"TERM": "xterm-256color"}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Both ends of a terminal that `screen` takes for ansible-playbook's."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr(screen, "DESCRIPTOR", theirs)
    resize(theirs, 80)
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def resize(descriptor: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def test_the_width_is_asked_anew_each_time(terminal: tuple[int, int]) -> None:
    assert screen.columns() == 80
    resize(terminal[1], 132)
    assert screen.columns() == 132


def test_a_file_has_no_width(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        monkeypatch.setattr(screen, "DESCRIPTOR", file.fileno())
        assert screen.columns() == 0
        assert not watched(TERMINAL)
    monkeypatch.setattr(screen, "DESCRIPTOR", -1)
    assert screen.columns() == 0


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        (TERMINAL, True),
        ({**TERMINAL, "CI": ""}, True),
        ({}, False),
        ({"TERM": "dumb"}, False),
        *[({**TERMINAL, name: "1"}, False) for name in screen.UNWATCHED],
    ],
)
@pytest.mark.usefixtures("terminal")
def test_who_watches(environment: dict[str, str], seen: bool) -> None:
    assert watched(environment) is seen


def test_nobody_looks_at_a_terminal_without_columns(terminal: tuple[int, int]) -> None:
    resize(terminal[1], 0)
    assert not watched(TERMINAL)


@pytest.mark.parametrize("columns", [80, 120, 20])
def test_the_line_that_changes_never_wraps(paper: Paper, width: list[int], columns: int) -> None:
    width[0] = columns
    Screen().change("  shop: " + "word " * 100)
    ((text, options),) = paper.lines
    start = "\r\x1b[K"
    assert text.startswith(start)
    assert len(text) - len(start) < columns
    assert options == {"newline": False, "screen_only": True}


def test_the_line_that_changes_gives_way_to_one_that_stays(paper: Paper, width: list[int]) -> None:
    found = Screen()
    found.change("a")
    found.line("b")
    found.clear()
    assert paper.texts == ["\r\x1b[Ka", "\r\x1b[K", "b"]


def test_where_nobody_watches_no_line_has_an_escape_code_of_ours(
    paper: Paper, width: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(C, "ANSIBLE_FORCE_COLOR", False)
    Screen().line("a", color="red", stderr=True)
    assert paper.lines == [("a", {"color": None, "stderr": True})]
    monkeypatch.setattr(C, "ANSIBLE_FORCE_COLOR", True)
    Screen().line("b", color="red")
    assert paper.lines[-1] == ("b", {"color": "red", "stderr": False})


def test_past_the_display_lines_reach_the_terminal_by_themselves(
    paper: Paper, terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in screen.UNWATCHED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(color, "ANSIBLE_COLOR", True)
    found = Screen()
    found.change("a")
    found.past_display()
    found.change("b")
    found.line("c", color="red")
    assert paper.texts == ["\r\x1b[Ka"]
    wanted = "\r\x1b[K\r\x1b[Kb\r\x1b[K\x1b[0;31mc\x1b[0m\r\n"
    seen = ""
    while len(seen) < len(wanted):
        seen += os.read(terminal[0], 1000).decode()
    assert seen == wanted


def test_a_terminal_that_is_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "DESCRIPTOR", -1)
    found = Screen()
    found.past_display()
    found.line("a")


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("  a b", 5, "  a b"),
        ("  one two three", 12, "  one ..."),
        ("  two\nlines\x1b[2J", 40, "  two lines [2J"),
        ("x" * 50, 20, "..."),
    ],
)
def test_a_line_is_cut_between_words(text: str, columns: int, shown: str) -> None:
    assert shortened(text, columns) == shown
