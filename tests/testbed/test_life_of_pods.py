# SPDX-License-Identifier: Apache-2.0
"""Pods on the mesh live and end as a kubelet's do."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.client import Mesh
from testbed.kubernetes_api import Object
from testbed.manifests import SERVING, pod

pytestmark = pytest.mark.mesh


def test_crashed_container_is_restarted_and_counted(mesh: Mesh) -> None:
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("crashing", {"command": ["sh", "-c", "exit 7"]}), namespace)

        def restarted() -> Object | None:
            status = mesh.pods(namespace)[0].get("status", {})
            containers = status.get("containerStatuses") or [{}]
            return containers[0] if containers[0].get("restartCount", 0) >= 2 else None

        container = mesh.wait("two restarts", restarted)
        assert container["lastState"]["terminated"]["exitCode"] == 7
        assert mesh.wait("a BackOff event", lambda: mesh.events(namespace, "BackOff"))


def test_deletion_sends_sigterm_and_waits_for_the_end(mesh: Mesh) -> None:
    script = "trap 'sleep 1; echo ended by itself; exit 0' TERM; echo started; while :; do sleep 0.1; done"
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("graceful", {"command": ["sh", "-c", script]}), namespace)
        mesh.wait("the trap", lambda: "started" in _log(mesh, namespace, "graceful"))
        mesh.api.delete(f"/api/v1/namespaces/{namespace}/pods/graceful")
        mesh.wait("its end", lambda: not mesh.pods(namespace))
        assert "ended by itself" in _log(mesh, namespace, "graceful")


def test_deletion_kills_what_does_not_end_in_time(mesh: Mesh) -> None:
    script = "trap 'echo asked to end' TERM; echo started; while :; do sleep 0.1; done"
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("stubborn", {"command": ["sh", "-c", script]}, terminationGracePeriodSeconds=1), namespace)
        mesh.wait("the trap", lambda: "started" in _log(mesh, namespace, "stubborn"))
        mesh.api.delete(f"/api/v1/namespaces/{namespace}/pods/stubborn")
        mesh.wait("its end", lambda: not mesh.pods(namespace))
        assert "asked to end" in _log(mesh, namespace, "stubborn")


def test_readiness_follows_the_probe(mesh: Mesh) -> None:
    failing: dict[str, Any] = {"httpGet": {"port": 8080, "path": "/status/500"}}
    never: dict[str, Any] = {**SERVING, "readinessProbe": {**failing, "periodSeconds": 1}}
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("ready", SERVING), namespace)
        mesh.apply(pod("unready", never), namespace)
        mesh.wait_ready(namespace, "app=ready")

        def failed_twice() -> bool:
            events = [e for e in mesh.events(namespace, "Unhealthy") if e["involvedObject"]["name"] == "unready"]
            return bool(events) and events[0]["count"] >= 2

        # Before the second verdict a pod that will wrongly be ready may just not be so yet.
        mesh.wait("two verdicts of the failing probe", failed_twice)
        (unready,) = mesh.pods(namespace, "app=unready")
        conditions = {c["type"]: c["status"] for c in unready["status"]["conditions"]}
        assert conditions["Ready"] == conditions["ContainersReady"] == "False"
        assert conditions["PodScheduled"] == "True"


def test_work_that_is_done_succeeds(mesh: Mesh) -> None:
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(pod("job", {"command": ["true"]}, restartPolicy="Never"), namespace)
        mesh.wait("its success", lambda: mesh.pods(namespace)[0].get("status", {}).get("phase") == "Succeeded")


def _log(mesh: Mesh, namespace: str, name: str) -> str:
    try:
        return mesh.log(namespace, name, "app")
    except FileNotFoundError:
        return ""
