# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from testbed import mesh as testbed_mesh
from testbed import paths
from testbed.client import Mesh

# The machine is noisy: how long it takes to draw an example says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")


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
