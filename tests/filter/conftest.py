# SPDX-License-Identifier: Apache-2.0
"""What the tests of the filter share: the binaries under test."""

import hashlib
from pathlib import Path

import pytest

from tests.filter.builds import FILTER, RELEASED, build
from tests.filter.envoy import versions


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
