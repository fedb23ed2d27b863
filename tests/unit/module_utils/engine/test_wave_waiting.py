"""Whole waves: what is waited for, for how long, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.fake_api import FakeApi, Fault, never, rolled_at_once
from tests.unit.objects import NAMES, R1, namespace, workload
from tests.unit.waves import THEIRS, cluster, deployed


def test_a_workload_that_does_not_roll_fails_after_the_timeout_with_its_pods_trouble() -> None:
    api = cluster("shop")
    api.add(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
            "status": {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
        }
    )
    api.controller = never
    found = deployed(api, "shop", timeout=1)["shop"]
    assert (found.verdict, found.reason, found.changed) == ("failed", "rollout_timeout", True)
    assert "after 1 s; pod web-1: container app is waiting: CrashLoopBackOff" in found.message
    # Two are late, and one LIST serves both.
    assert [request for request in api.requests if "/pods" in request] == ["LIST /api/v1/namespaces/shop/pods"]


def test_pods_that_can_not_be_read_change_no_verdict() -> None:
    api = cluster("shop")
    api.controller = never
    api.faults.append(Fault("LIST .*/pods", 403))
    found = deployed(api, "shop", timeout=1)["shop"]
    assert (found.verdict, found.reason, found.changed) == ("failed", "rollout_timeout", True)
    assert "; pod " not in found.message


def test_what_is_not_begun_in_time_is_not_begun() -> None:
    api = cluster("shop")
    found = deployed(api, "shop", timeout=0)["shop"]
    assert (found.verdict, found.reason, found.changed) == ("failed", "rollout_timeout", True)
    assert found.message == "Deployment/web, StatefulSet/data: not patched within 0 s"
    assert [(entry.verdict, entry.to_revision) for entry in found.workloads] == [("failed", "none")] * 2
    assert not [request for request in api.writes() if "/apis/apps/" in request]
    assert not [request for request in api.requests if "/pods" in request]
    # Those that need no change are not out of time.
    deployed(api, "shop")
    assert deployed(api, "shop", timeout=0)["shop"].verdict == "unchanged"


def test_the_deadline_begins_before_the_first_patch() -> None:
    api = cluster("shop")

    def slow() -> None:
        time.sleep(1.1)

    api.faults.append(Fault("POST .*/envoyfilters", None, times=1, meanwhile=slow))
    found = deployed(api, "shop", timeout=1)["shop"]
    assert found.message == "Deployment/web, StatefulSet/data: not patched within 1 s"


def ill(entry: dict[str, Any]) -> None:
    """All pods are of the newest template, and none is available."""
    rolled_at_once(entry)
    entry["status"] |= {"availableReplicas": 0, "readyReplicas": 0}


def stuck(entry: dict[str, Any]) -> None:
    ill(entry)
    condition = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no progress"}
    entry["status"]["conditions"] = [condition]


@pytest.mark.parametrize("controller", [ill, stuck])
def test_a_workload_that_was_ill_before_and_is_not_changed_fails_nobody(
    controller: Callable[[dict[str, Any]], None],
) -> None:
    api = cluster("shop")
    deployed(api, "shop")
    api.controller = controller
    api.touch("Deployment", "shop", "web", lambda _entry: None)
    api.requests.clear()
    found = deployed(api, "shop")["shop"]
    assert (found.verdict, found.changed) == ("unchanged", False)
    web, data = found.workloads
    assert (web.verdict, web.reason) == ("unchanged", "")
    assert web.message.endswith(", not changed by this run")
    assert data.message == ""
    assert all(request.startswith("LIST ") and "/pods" not in request for request in api.requests)


def test_the_same_workload_changed_by_this_run_fails() -> None:
    api = cluster("shop")
    api.controller = stuck
    found = deployed(api, "shop", timeout=1)["shop"]
    reasons = {entry.kind: (entry.verdict, entry.reason) for entry in found.workloads}
    assert reasons == {"Deployment": ("failed", "rollout_failed"), "StatefulSet": ("failed", "rollout_timeout")}


class Lossy(FakeApi):
    """Takes the first apply of the Deployment, loses the answer, and meets the second with a conflict."""

    lost = False

    def apply(self, path: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        answer = super().apply(path, body, manager)
        if path.endswith("/deployments/web") and not self.lost:
            self.lost = True
            return super().apply(path, body, manager)
        return answer


def lossy() -> FakeApi:
    return Lossy(namespace("shop"), workload("shop", "web", annotations=dict(THEIRS)))


def test_an_answer_that_was_lost_is_a_patch_all_the_same() -> None:
    api = lossy()
    found = deployed(api, "shop")["shop"]
    assert (found.verdict, found.changed) == ("deployed", True)
    assert found.message.endswith("1 of 1 workloads patched")
    (web,) = found.workloads
    assert (web.verdict, web.from_revision, web.to_revision) == ("deployed", "none", R1)
    assert found.diff["before"]["Deployment/web"][NAMES.pod_label] == "none"
    assert found.diff["after"]["Deployment/web"][NAMES.pod_label] == R1
    assert len([request for request in api.requests if request.startswith("APPLY")]) == 2


def test_after_an_answer_that_was_lost_the_pods_are_waited_for() -> None:
    api = lossy()
    api.controller = never
    found = deployed(api, "shop", timeout=1)["shop"]
    assert (found.verdict, found.reason, found.changed) == ("failed", "rollout_timeout", True)
    assert "after 1 s" in found.message


def held(entry: dict[str, Any]) -> None:
    if entry["kind"] != "Deployment":
        rolled_at_once(entry)
        return
    entry["spec"]["paused"] = True
    entry["status"] = {"observedGeneration": entry["metadata"]["generation"], "replicas": 2}


def test_a_paused_workload_is_held_and_said_so() -> None:
    api = cluster("shop")
    api.controller = held
    found = deployed(api, "shop")["shop"]
    assert found.verdict == "deployed"
    assert "1 held back (Deployment/web: rollout_held)" in found.message


def test_a_run_that_was_killed_is_waited_for_by_the_next() -> None:
    api = cluster("shop")
    api.controller = never
    deployed(api, "shop", timeout=1)
    api.requests.clear()
    found = deployed(api, "shop", timeout=1)["shop"]
    assert (found.verdict, found.reason, found.changed) == ("failed", "rollout_timeout", False)
    assert "after 1 s" in found.message
    assert api.writes() == []
