# SPDX-License-Identifier: Apache-2.0
"""A few runs on the mesh that are killed; `make faults` has more."""

from __future__ import annotations

import pytest

from testbed.client import Mesh
from tests.faults import plays
from tests.faults.options import read

pytestmark = pytest.mark.mesh


def test_runs_that_are_killed_anywhere_are_finished_by_the_next(mesh: Mesh) -> None:
    played = list(plays.play(read({"SHORT": "1"}), mesh.layout))

    assert [(str(one.story), one.problems) for one in played if one.problems] == []
    # Where a run had ended before, nothing was tested.
    assert any(one.killed for one in played)
