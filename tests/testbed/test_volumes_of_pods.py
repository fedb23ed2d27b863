# SPDX-License-Identifier: Apache-2.0
"""A pod's volumes on the mesh: what is missing holds it back, unless it is optional."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.client import Mesh
from testbed.manifests import MOUNTED, config_map_volume, pod

pytestmark = pytest.mark.mesh


def test_missing_config_map_holds_the_pod_until_it_is_there(mesh: Mesh) -> None:
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("waiting", MOUNTED, volumes=[config_map_volume("late")]), namespace)
        event = mesh.wait("a FailedMount event", lambda: mesh.events(namespace, "FailedMount"))[0]
        assert event["message"] == 'MountVolume.SetUp failed for volume "files" : configmap "late" not found'
        (waiting,) = mesh.pods(namespace)
        state = waiting["status"]["containerStatuses"][0]["state"]
        assert (waiting["status"]["phase"], state["waiting"]["reason"]) == ("Pending", "ContainerCreating")

        late = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"a": "b"}}'
        mesh.apply(late, namespace)
        mesh.wait_ready(namespace)


def test_optional_config_map_does_not_hold_it(mesh: Mesh) -> None:
    listing = {"command": ["sh", "-c", "ls -A /var/local/files | wc -l; exec sleep 600"], **MOUNTED}
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("free", listing, volumes=[config_map_volume("never", optional=True)]), namespace)
        mesh.wait_ready(namespace)
        seen = mesh.wait("the pod's output", lambda: mesh.log(namespace, "free", "app"))
        assert seen.split() == ["0"]
        assert not mesh.events(namespace, "FailedMount")


def test_files_reach_the_container_and_not_the_host(mesh: Mesh) -> None:
    reading = {"command": ["sh", "-c", "cat /var/local/files/a /deep/down/a; exec sleep 600"]}
    mounts = [{"name": "files", "mountPath": path} for path in ("/var/local/files", "/deep/down")]
    with mesh.namespace(injected=False) as namespace:
        content = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "seen "}}'
        mesh.apply(content, namespace)
        mesh.apply(pod("reader", {**reading, "volumeMounts": mounts}, volumes=[config_map_volume("c")]), namespace)
        mesh.wait_ready(namespace)
        assert mesh.wait("the pod's output", lambda: mesh.log(namespace, "reader", "app")).split() == ["seen", "seen"]
    assert not Path("/deep").exists()
    assert not Path("/var/local/files").exists()
