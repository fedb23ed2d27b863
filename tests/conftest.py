# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from testbed import mesh as testbed_mesh
from testbed import paths
from testbed.client import Mesh

# The machine is noisy: how long it takes to draw an example says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")


# The workers' meshes that ran before this run.
BEFORE = pytest.StashKey[set[Path]]()


def pytest_configure(config: pytest.Config) -> None:
    """With pytest-xdist each worker has a mesh of its own, in a folder of the one that is named."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["TESTBED_DIR"] = str(paths.layout().root / worker)
    elif config.getoption("numprocesses", None):
        config.stash[BEFORE] = _meshes_of_workers()


def pytest_unconfigure(config: pytest.Config) -> None:
    """A worker that does not end within ten seconds of Ctrl-C is killed, and may have left its mesh."""
    before = config.stash.get(BEFORE, None)
    if before is not None:
        for folder in _meshes_of_workers() - before:
            testbed_mesh.down(paths.Layout(folder))


def _meshes_of_workers() -> set[Path]:
    """Those that run."""
    folders = paths.layout().root.glob("gw*")
    return {folder for folder in folders if testbed_mesh.leader(paths.Layout(folder)) is not None}


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder as tmp_path is one, but with a short name: of a long value an error shows the beginning only."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="session")
def mesh() -> Iterator[Mesh]:
    """The running mesh; started where there is none, and only then taken down again."""
    layout = paths.layout()
    running = testbed_mesh.status(layout) is not None
    testbed_mesh.up(layout, real_pods=True, report=print)
    try:
        yield Mesh(layout)
    finally:
        if not running:
            testbed_mesh.down(layout)
