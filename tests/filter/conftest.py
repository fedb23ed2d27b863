"""What the tests of the filter share: the binaries under test and how they are built."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.filter.envoy import versions

ROOT = Path(__file__).resolve().parents[2]
FILTER = ROOT / "filter"
RELEASED = FILTER / "dist" / "http-trace-filter.wasm"


def zig(*arguments: str, folder: Path = FILTER) -> "subprocess.CompletedProcess[str]":
    """Runs the pinned Zig; its output is the message when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments],
        cwd=folder,
        env=dict(os.environ, NO_COLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done


def build(folder: Path, target: Path, *options: str) -> Path:
    zig("build", "--prefix", str(target), *options, folder=folder)
    return target / "bin" / "http-trace-filter.wasm"


@pytest.fixture(scope="session")
def released() -> Path:
    """The binary that is released, and proof that it is the one its digest names."""
    digest, name = RELEASED.with_suffix(".wasm.sha256").read_text().split()
    assert name == RELEASED.name
    assert hashlib.sha256(RELEASED.read_bytes()).hexdigest() == digest
    return RELEASED


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same sources with Zig's safety checks: a slip that the release would live with is a trap here."""
    return build(FILTER, tmp_path_factory.mktemp("checked"), "-Doptimize=ReleaseSafe")


@pytest.fixture(params=["released", "checked"])
def wasm(request: pytest.FixtureRequest) -> Path:
    path = request.getfixturevalue(request.param)
    assert isinstance(path, Path)
    return path


@pytest.fixture(scope="session", params=versions.versions())
def program(request: pytest.FixtureRequest) -> Path:
    """An Envoy of each version: a test that takes it runs with all of them."""
    plugins = request.config.pluginmanager
    terminal, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")

    def report(text: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line("\n" + text)

    return versions.program(request.param, report)
