# SPDX-License-Identifier: Apache-2.0
"""A machine that can't run real pods is told which ability is missing and what to do. Programs are played by scripts
that come first in PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testbed import prerequisites
from testbed.errors import PrerequisiteError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in prerequisites.PACKAGES:
        play(tmp_path, name, "exit 0")
    # `sh` runs the trials; only the programs that they call are played.
    play(tmp_path, "unshare", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(prerequisites, "ADMIN_PATH", str(tmp_path))
    return tmp_path


def play(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def complaint() -> str:
    with pytest.raises(PrerequisiteError) as error:
        prerequisites.ensure(print)
    text = str(error.value)
    assert text.endswith("python -m testbed up --no-real-pods")
    return text


def test_able_machine_passes(programs: Path) -> None:
    prerequisites.ensure(print)


def test_namespaces_refused_to_root(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    play(programs, "unshare", "echo unshare failed: Operation not permitted >&2; exit 1")
    assert "CAP_SYS_ADMIN" in complaint()


@pytest.mark.parametrize(
    ("stderr", "advice"),
    [
        ("failed to execute newuidmap", "apt-get install uidmap"),
        ("no line matching user in /etc/subuid: could not map", "/etc/subuid"),
        ("Operation not permitted", "user.max_user_namespaces"),
    ],
)
def test_namespaces_refused_to_a_user(
    programs: Path, monkeypatch: pytest.MonkeyPatch, stderr: str, advice: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    play(programs, "unshare", f"echo {stderr!r} >&2; exit 1")
    assert advice in complaint()


@pytest.mark.parametrize(
    ("program", "what"),
    [("mount", "mount a tmpfs"), ("ip", "virtual interfaces"), ("iptables", "redirect traffic")],
)
def test_each_ability_is_named(programs: Path, program: str, what: str) -> None:
    play(programs, program, "echo not here >&2; exit 1")
    text = complaint()
    assert what in text
    assert "not here" in text


def test_missing_package_is_named_to_a_user(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (programs / "iptables").unlink()
    monkeypatch.setenv("PATH", str(programs))
    assert "apt-get install iptables" in complaint()
