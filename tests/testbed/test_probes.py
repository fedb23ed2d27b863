# SPDX-License-Identifier: Apache-2.0
"""When a probe's results become a verdict; and what a pod's status says of its containers. Without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.node.containers import from_pod
from testbed.node.probes import Schedule
from testbed.node.status import pod_status


@pytest.mark.parametrize(
    ("results", "verdicts"),
    [
        ([False, False, False], [None, None, False]),
        ([False, True, False], [None, True, None]),
        ([True, False, False, True], [True, None, None, True]),
    ],
)
def test_failures_need_to_be_in_a_row(results: list[bool], verdicts: list[bool | None]) -> None:
    schedule = Schedule.of("readinessProbe", {"failureThreshold": 3}, now=0)
    assert [schedule.observe(result, now=0) for result in results] == verdicts


def test_due_times_follow_delay_and_period() -> None:
    schedule = Schedule.of("readinessProbe", {"initialDelaySeconds": 4, "periodSeconds": 7}, now=100)
    assert schedule.due == 104
    schedule.observe(True, now=110)
    assert schedule.due == 117


POD: dict[str, Any] = {
    "spec": {"initContainers": [{"name": "init"}], "containers": [{"name": "app"}], "restartPolicy": "Never"},
}


def conditions(status: dict[str, Any]) -> dict[str, str]:
    return {c["type"]: c["status"] for c in status["conditions"]}


def test_status_through_a_pods_life() -> None:
    init, app = containers = from_pod(POD)
    status = pod_status(POD, containers, None, started=0, now=0)
    assert status["phase"] == "Pending"
    assert status["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert "podIP" not in status

    init.begin(0)
    init.end(0, now=1)
    app.begin(1)
    status = pod_status(POD, containers, "10.244.0.9", started=0, now=1)
    assert (status["phase"], status["podIP"]) == ("Running", "10.244.0.9")
    assert set(conditions(status).values()) == {"True"}

    app.end(0, now=2)
    status = pod_status(POD, containers, None, started=0, now=2)
    assert status["phase"] == "Succeeded"
    assert conditions(status)["Ready"] == "False"


def test_failed_init_container_fails_a_pod_that_never_restarts() -> None:
    init, _ = containers = from_pod(POD)
    init.begin(0)
    init.end(3, now=1)
    assert pod_status(POD, containers, None, started=0, now=1)["phase"] == "Failed"


def test_readiness_gate_holds_ready_alone() -> None:
    pod = {"spec": {"containers": [{"name": "app"}], "readinessGates": [{"conditionType": "gate"}]}}
    (app,) = containers = from_pod(pod)
    app.begin(0)
    found = conditions(pod_status(pod, containers, "10.244.0.9", started=0, now=0))
    assert (found["ContainersReady"], found["Ready"]) == ("True", "False")
    opened = {**pod, "status": {"conditions": [{"type": "gate", "status": "True"}]}}
    assert conditions(pod_status(opened, containers, "10.244.0.9", started=0, now=0))["Ready"] == "True"


def test_transition_times_stay_while_nothing_changes() -> None:
    pod = {"spec": {"containers": [{"name": "app"}]}}
    containers = from_pod(pod)
    first = pod_status(pod, containers, None, started=0, now=100)
    again = pod_status({**pod, "status": first}, containers, None, started=0, now=200)
    assert again == first
