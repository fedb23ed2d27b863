"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testbed import mesh as testbed_mesh
from testbed import paths
from testbed.client import Mesh


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
