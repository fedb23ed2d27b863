# SPDX-License-Identifier: Apache-2.0
"""Which versions are tested, and with which Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.paths import CHECKOUT
from tests.matrix import pairs


def test_the_ends_are_the_oldest_and_the_newest_by_number(tmp_path: Path) -> None:
    for name in ("2.9-py3.9", "2.16-py3.10", "2.100-py3.14", "tests"):
        (tmp_path / f"{name}.txt").touch()
    assert [pair.name for pair in pairs.known(tmp_path)] == ["2.9-py3.9", "2.16-py3.10", "2.100-py3.14"]
    everything = pairs.known()
    names = [pair.name for pair in pairs.named("ends")]
    assert names == [everything[0].name, pairs.LAST_OF_OLD_CLIENTS, everything[-1].name]


def test_every_pair_has_its_lock_and_what_it_was_made_of() -> None:
    for pair in pairs.known():
        core, _, _ = pair.name.partition("-")
        assert f"ansible-core=={core}.*" in pair.lock.with_suffix(".in").read_text()
        assert f"\nansible-core=={core}." in f"\n{pair.lock.read_text()}"
    assert {path.stem for path in pairs.LOCKS.glob("*.in")} - {"tests"} == {pair.name for pair in pairs.known()}


def test_a_pair_that_nobody_knows_is_named() -> None:
    with pytest.raises(SystemExit, match=r"no such pair: 2\.1-py2\.7"):
        pairs.named("2.1-py2.7")


def fake(path: Path, version: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)


def test_the_newest_patch_of_pyenv_that_runs_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for patch in ("9.2", "9.10"):
        fake(tmp_path / "versions" / f"3.{patch}" / "bin" / "python", "3.9")
    fake(tmp_path / "versions" / "3.9.20" / "bin" / "python", "3.8")
    assert pairs.interpreter("3.9") == str(tmp_path / "versions" / "3.9.10" / "bin" / "python")


def test_without_pyenv_it_is_looked_for_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    fake(tmp_path / "bin" / "python9.9", "9.9")
    assert pairs.interpreter("9.9") == str(tmp_path / "bin" / "python9.9")
    assert pairs.interpreter("9.8") is None
    assert "no Python 9.8 " in pairs.Pair("2.99-py9.8").missing


def test_what_is_supported_is_what_is_tested() -> None:
    """The oldest pair is of the oldest ansible-core that meta/runtime.yml lets in, and none is of 2.17."""
    cores = [pair.name.partition("-")[0] for pair in pairs.known()]
    assert f">={cores[0]}.0" in (CHECKOUT / "meta" / "runtime.yml").read_text()
    assert "2.17" not in cores
