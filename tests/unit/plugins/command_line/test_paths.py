# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.command_line.paths import absolute


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("r.json", "/typed/here/r.json"),
        ("./a/../r.json", "/typed/here/r.json"),
        ("../r.json", "/typed/r.json"),
        ("/r.json", "/r.json"),
        ("", ""),
        (None, ""),
    ],
)
def test_relative_to_where_the_command_was_typed(given: object, meant: str) -> None:
    assert absolute(given, {"PWD": "/typed/here"}) == meant


def test_the_home_folder() -> None:
    assert absolute("~/r.json", {"PWD": "/x"}) == str(Path.home() / "r.json")


def test_where_the_shell_does_not_say_it_is_the_process_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("r.json", {}) == str(tmp_path / "r.json")


def test_once_made_it_stays() -> None:
    once = absolute("a/b", {"PWD": "/typed"})
    assert absolute(once, {"PWD": "/elsewhere"}) == once
