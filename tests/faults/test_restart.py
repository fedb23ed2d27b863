"""An API server that is killed while a run goes on; on a mesh of its own, as others have to do without it too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import mesh as testbed_mesh
from testbed.client import Mesh
from testbed.paths import Layout
from tests.faults import restart

pytestmark = pytest.mark.mesh


@pytest.fixture
def own_mesh(tmp_path: Path) -> Iterator[Mesh]:
    layout = Layout(tmp_path / "mesh")
    testbed_mesh.up(layout, real_pods=False, report=print)
    yield Mesh(layout)
    testbed_mesh.down(layout)


def test_a_run_goes_on_once_the_api_server_is_back(own_mesh: Mesh, tmp_path: Path) -> None:
    played = restart.play(own_mesh, tmp_path, restart.draw(0))

    assert played.verdicts == ["deployed"]
    assert played.problems == []
