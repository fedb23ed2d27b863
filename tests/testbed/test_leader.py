# SPDX-License-Identifier: Apache-2.0
"""The end of a mesh: whatever ends its leader, nothing of it stays. Runs a mesh of its own, since it kills it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testbed import mesh as testbed_mesh
from testbed.client import Mesh
from testbed.manifests import SERVING, pod
from testbed.paths import Layout

pytestmark = pytest.mark.mesh


@pytest.fixture
def own_mesh(tmp_path: Path) -> Iterator[Mesh]:
    layout = Layout(tmp_path / "mesh")
    testbed_mesh.up(layout, real_pods=True, report=print)
    yield Mesh(layout)
    testbed_mesh.down(layout)


def kill(mesh: Mesh) -> None:
    os.kill(int(mesh.layout.leader_pid.read_text()), signal.SIGKILL)


def take_down(mesh: Mesh) -> None:
    testbed_mesh.down(mesh.layout)


@pytest.mark.parametrize("end", [kill, take_down])
def test_nothing_stays_behind(own_mesh: Mesh, end: Callable[[Mesh], None]) -> None:
    before = _interfaces(), _mounts()
    namespace = own_mesh.create_namespace()
    own_mesh.apply(pod("web", SERVING), namespace)
    own_mesh.wait_ready(namespace)
    members = testbed_mesh.inner_pids(int(own_mesh.layout.leader_pid.read_text())).values()
    assert len(members) > 10
    namespaces = {Path(f"/proc/{pid}/ns/net").readlink() for pid in members}
    assert len(namespaces) == 2, "the mesh's own, and the pod's"

    end(own_mesh)
    own_mesh.wait("the end of all processes", lambda: not any(Path(f"/proc/{pid}").exists() for pid in members))
    assert not namespaces & _network_namespaces()
    assert (_interfaces(), _mounts()) == before
    assert testbed_mesh.status(own_mesh.layout) is None


def _interfaces() -> set[str]:
    listed = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
    return {line.split(":")[1].strip() for line in listed.stdout.splitlines()}


def _mounts() -> set[str]:
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def _network_namespaces() -> set[Path]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found.add((entry / "ns/net").readlink())
    return found
