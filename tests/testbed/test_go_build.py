# SPDX-License-Identifier: Apache-2.0
"""Programs are built once per content, and what does not compile says why."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from testbed import kept as kept_file
from testbed.errors import BuildError
from testbed.go_build import GoModule
from testbed.kept import kept

PROGRAM = 'package main\n\nfunc main() { println("%s") }\n'


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_file, "user_cache", lambda: tmp_path / "cache")
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.org/program\n\ngo 1.26.0\n")
    (folder / "main.go").write_text(PROGRAM % "one")
    return folder


def said(module: GoModule, made: list[Path]) -> str:
    def make(folder: Path) -> None:
        module.build(folder, ".")
        made.append(folder)

    program = kept("program", module.key(), make) / "program"
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


def test_a_program_is_built_once_and_anew_when_its_sources_change(sources: Path) -> None:
    module, made = GoModule(sources, "-s -w", 10, print), list[Path]()
    assert [said(module, made), said(module, made)] == ["one", "one"]
    assert len(made) == 1
    (sources / "main.go").write_text(PROGRAM % "two")
    assert said(module, made) == "two"
    assert len(made) == 2


def test_what_does_not_compile_says_why_and_is_not_kept(sources: Path, tmp_path: Path) -> None:
    (sources / "main.go").write_text("package main\n\nfunc main() { undefinedThing() }\n")
    with pytest.raises(BuildError, match="undefinedThing"):
        said(GoModule(sources, "-s -w", 10, print), [])
    assert list((tmp_path / "cache" / "program").iterdir()) == []
