# SPDX-License-Identifier: Apache-2.0
"""Whole waves against a simulated cluster: what is waited for, for how long, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.controllers.base import MANAGER
from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import THEIRS, Simulated, cluster
from tests.unit.wires import Losing, Slow

CRASHING = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
PODS = ["LIST /api/v1/pods", "LIST /api/v1/namespaces/shop/pods"]


def pods_asked_for(found: Simulated) -> list[str]:
    return [request for request in found.server.requests if request.endswith("/pods")]


def test_a_workload_that_does_not_roll_fails_after_the_timeout_with_its_pods_trouble() -> None:
    found = cluster("shop", controllers=False)
    metadata = {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}}
    found.server.seed({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": CRASHING})
    verdict = found.deploy("shop", timeout_seconds=20)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", True)
    assert "after 20 s; pod web-1: container app is waiting: CrashLoopBackOff" in verdict.message
    # The first is for pods of no workload. Two are late, and one LIST serves both.
    assert pods_asked_for(found) == PODS


def test_pods_that_can_not_be_read_change_no_verdict() -> None:
    found = cluster("shop", controllers=False)
    found.refuse("LIST .*/shop/pods", 403)
    verdict = found.deploy("shop", timeout_seconds=20)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", True)
    assert "; pod " not in verdict.message
    assert pods_asked_for(found) == PODS


def watches(found: Simulated) -> list[str]:
    return sorted({request for request in found.server.requests if request.startswith("WATCH")})


def test_one_watch_for_each_kind_cluster_wide_or_in_each_namespace() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop", "pay")
    assert watches(found) == ["WATCH /apis/apps/v1/deployments", "WATCH /apis/apps/v1/statefulsets"]
    found = cluster("shop", "pay")
    found.refuse("LIST /apis/apps/v1/statefulsets$", 403)
    found.deploy("shop", "pay")
    assert watches(found) == [
        "WATCH /apis/apps/v1/deployments",
        "WATCH /apis/apps/v1/namespaces/pay/statefulsets",
        "WATCH /apis/apps/v1/namespaces/shop/statefulsets",
    ]


def test_the_time_of_a_workload_begins_with_its_own_patch() -> None:
    shop = [objects.workload("shop", f"w{number}") for number in range(8)]
    found = Simulated(objects.namespace("shop"), *shop)
    began = found.server.clock.now
    assert found.deploy("shop", max_in_flight=1, timeout_seconds=15)["shop"].outcome == "deployed"
    assert found.server.clock.now - began > 15


def test_what_objects_take_is_not_taken_from_the_workloads() -> None:
    found = cluster("shop")
    found.wire = Slow("create .*envoyfilters", 50)
    assert found.deploy("shop", timeout_seconds=30)["shop"].outcome == "deployed"


def test_without_time_to_wait_what_is_not_done_at_once_is_late() -> None:
    found = cluster("shop")
    verdict = found.deploy("shop", timeout_seconds=0)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", True)
    assert "after 0 s" in verdict.message
    found.server.clock.run(found.server.clock.now + 60)
    # Those that need no change are not out of time.
    assert found.deploy("shop", timeout_seconds=0)["shop"].outcome == "unchanged"


def set_status(found: Simulated, kind: str, name: str, **fields: Any) -> None:
    held = found.held(kind, "shop", name)
    found.server.store.put({**held, "status": {**held["status"], **fields}}, MANAGER)


def ill(found: Simulated) -> None:
    """All pods are of the newest template, and none is available."""
    set_status(found, "Deployment", "web", availableReplicas=0, readyReplicas=0)


def stuck(found: Simulated) -> None:
    condition = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "no progress",
    }
    set_status(found, "Deployment", "web", availableReplicas=0, readyReplicas=0, conditions=[condition])


@pytest.mark.parametrize("how", [ill, stuck])
def test_a_workload_that_was_ill_before_and_is_not_changed_fails_nobody(how: Callable[[Simulated], None]) -> None:
    found = cluster("shop")
    found.deploy("shop")
    # Until no controller has anything to do.
    found.server.clock.run(found.server.clock.now + 60)
    how(found)
    found.server.requests.clear()
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.changed) == ("unchanged", False)
    web, data = verdict.workloads
    assert (web.outcome, web.reason) == ("unchanged", "")
    assert web.message.endswith(", not changed by this run")
    assert data.message == ""
    assert all(request.startswith("LIST ") for request in found.server.requests)
    assert pods_asked_for(found) == PODS[:1]


def sick(_pod: Object) -> bool:
    return False


def test_the_same_workload_changed_by_this_run_fails() -> None:
    web = objects.workload("shop", "web", progressDeadlineSeconds=30)
    found = Simulated(objects.namespace("shop"), web, objects.workload("shop", "data", kind="StatefulSet"))
    found.controllers.healthy, found.controllers.crashes = sick, 0
    verdict = found.deploy("shop", timeout_seconds=60)["shop"]
    reasons = {entry.kind: (entry.outcome, entry.reason) for entry in verdict.workloads}
    assert reasons == {"Deployment": ("failed", "rollout_failed"), "StatefulSet": ("failed", "rollout_timeout")}
    assert "timed out progressing.; pod " in verdict.message


def lossy() -> Simulated:
    """Takes the apply of the Deployment and loses the answer; sent again it meets a conflict."""
    web = objects.workload("shop", "web", annotations=dict(THEIRS))
    found = Simulated(objects.namespace("shop"), web)
    found.wire = Losing("apply .*/deployments/web", times=1)
    return found


def test_an_answer_that_was_lost_is_a_patch_all_the_same() -> None:
    found = lossy()
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.changed) == ("deployed", True)
    assert verdict.message.endswith(": 1 workload patched")
    (web,) = verdict.workloads
    assert (web.outcome, web.from_revision, web.to_revision) == ("deployed", "none", R1)
    # What it had is shown as it was, not as it is since.
    assert NAMES.pod_label not in verdict.diff["before"]["Deployment/web"]
    assert verdict.diff["after"]["Deployment/web"][NAMES.pod_label] == R1
    assert len([request for request in found.server.requests if request.startswith("APPLY")]) == 2


def test_after_an_answer_that_was_lost_the_pods_are_waited_for() -> None:
    found = lossy()
    found.controllers.healthy = sick
    verdict = found.deploy("shop", timeout_seconds=20)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", True)
    assert "after 20 s" in verdict.message


def test_a_paused_workload_is_held_and_said_so() -> None:
    found = cluster("shop")
    found.edit("Deployment", "shop", "web", {"spec": {"paused": True}})
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "deployed"
    assert "1 held back (rollout_held: Deployment/web)" in verdict.message
    # Again: it is on the revision, and still nobody's failure.
    assert found.deploy("shop")["shop"].outcome == "unchanged"


def test_a_run_that_was_killed_is_waited_for_by_the_next() -> None:
    found = cluster("shop")
    found.controllers.healthy = sick
    found.deploy("shop", timeout_seconds=20)
    found.server.requests.clear()
    verdict = found.deploy("shop", timeout_seconds=20)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", False)
    assert "after 20 s" in verdict.message
    assert found.writes == []
    # Once its pods get ready it is what was asked for.
    found.controllers.healthy = lambda _pod: True
    found.controllers.recheck_pods()
    assert found.deploy("shop")["shop"].outcome == "unchanged"


def test_going_back_does_not_fail_on_what_the_controller_said_before() -> None:
    web = objects.workload("shop", "web", progressDeadlineSeconds=30)
    found = Simulated(objects.namespace("shop"), web)
    found.deploy("shop")
    found.controllers.healthy = lambda pod: pod["metadata"]["labels"].get(NAMES.pod_label) != R2
    broken = found.deploy("shop", operation=delivery(R2))["shop"]
    assert (broken.outcome, broken.reason) == ("failed", "rollout_failed")
    removed = found.remove("shop")["shop"]
    assert (removed.outcome, removed.message) == ("removed", "filter removed: 1 workload patched")
    assert found.names("ConfigMap", "shop") == []
