# SPDX-License-Identifier: Apache-2.0
"""The short form of `make bench-fleet`: every contender does its work. No word on how fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testbed.paths import CHECKOUT
from tests.cluster.kubectl import Kubectl

GOALS = 5


def test_every_contender_is_measured_and_nothing_is_left(kubectl: Kubectl, tmp_path: Path) -> None:
    output = tmp_path / "table.md"
    environment = {**os.environ, "SHORT": "1", "OUTPUT": str(output), "TESTBED_DIR": str(kubectl.layout.root)}
    done = subprocess.run(
        [sys.executable, "-m", "bench", "fleet"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == output.read_text().strip()
    _caption, rows, goals = output.read_text().split("\n\n")
    assert not [row for row in rows.splitlines()[2:] if row.endswith("| - |")]
    assert len(goals.splitlines()) == 2 + GOALS
    left = kubectl.get("namespaces", "-l", "bench/fleet")["items"]
    assert {one["status"]["phase"] for one in left} <= {"Terminating"}
