# SPDX-License-Identifier: Apache-2.0
"""Whole runs over DaemonSets with a node down."""

from __future__ import annotations

from tests.simulation.resources import RESOURCES
from tests.unit import objects
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import Simulated


def with_node_down() -> Simulated:
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web", kind="DaemonSet"))
    found.controllers.take_down("node-1")
    found.server.clock.run(found.server.clock.now + 30)
    assert found.held("DaemonSet", "shop", "web")["status"]["numberReady"] == 1
    return found


def test_it_is_held_and_named() -> None:
    found = with_node_down()
    began = found.server.clock.now
    verdict = found.deploy("shop")["shop"]
    (web,) = verdict.workloads
    assert (verdict.outcome, web.outcome, web.reason) == ("deployed", "held", "node_down")
    assert web.message.startswith("0 of 2 new pods are available: node node-1 does not answer, and pod web-")
    assert "1 held back (node_down: DaemonSet/web)" in verdict.message
    assert found.server.clock.now - began < 60


def test_again_it_is_the_same_and_changes_nothing() -> None:
    found = with_node_down()
    found.deploy("shop")
    found.server.requests.clear()
    verdict = found.deploy("shop")["shop"]
    (web,) = verdict.workloads
    assert (verdict.outcome, web.outcome, web.reason, web.to_revision) == ("unchanged", "held", "node_down", R1)
    assert found.writes == []


def test_another_revision_and_removal_go_on() -> None:
    found = with_node_down()
    found.deploy("shop")
    assert found.deploy("shop", operation=delivery(R2))["shop"].outcome == "deployed"
    removed = found.remove("shop")["shop"]
    (web,) = removed.workloads
    assert (removed.outcome, web.outcome) == ("removed", "held")
    assert NAMES.pod_label not in found.template("shop", "DaemonSet")["labels"]


def test_where_more_than_one_may_be_unavailable_the_others_are_replaced() -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
    found = Simulated(
        objects.namespace("shop"), objects.workload("shop", "web", kind="DaemonSet", updateStrategy=strategy)
    )
    found.controllers.take_down("node-1")
    (web,) = found.deploy("shop")["shop"].workloads
    assert (web.outcome, web.reason) == ("held", "node_down")
    pods = found.server.store.collection(RESOURCES["Pod"], "shop")
    revisions = {pod["spec"]["nodeName"]: pod["metadata"]["labels"].get(NAMES.pod_label) for pod in pods}
    assert revisions == {"node-0": R1, "node-1": None}
