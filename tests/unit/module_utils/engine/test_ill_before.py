# SPDX-License-Identifier: Apache-2.0
"""Whole runs over what was ill before them."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import IllBefore

from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import Simulated

PODS = "LIST /api/v1/namespaces/shop/pods"


def minio_is_ill(pod: Object) -> bool:
    return not pod["metadata"]["name"].startswith("minio")


def ours_is_ill(pod: Object) -> bool:
    return pod["metadata"]["labels"].get(NAMES.pod_label) != R1


def with_minio(*others: Object) -> Simulated:
    """A StatefulSet of four whose first pod crashes."""
    minio = objects.workload("shop", "minio", kind="StatefulSet", replicas=4)
    found = Simulated(objects.namespace("shop"), minio, *others, healthy=minio_is_ill)
    assert found.held("StatefulSet", "shop", "minio")["status"]["readyReplicas"] == 0
    return found


def test_it_is_left_alone_and_fails_nobody() -> None:
    found = with_minio(objects.workload("shop", "web"))
    began = found.server.clock.now
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "deployed"
    assert "1 skipped (ill_before: StatefulSet/minio)" in verdict.message
    web, minio = verdict.workloads
    assert (web.outcome, minio.outcome, minio.reason) == ("deployed", "skipped", "ill_before")
    assert minio.message.startswith("it was ill before, and was left alone: 0 of 4 new pods are ready: pod minio-0: ")
    assert "CrashLoopBackOff" in minio.message
    assert NAMES.pod_label not in found.template("shop", "StatefulSet", "minio")["labels"]
    assert found.server.clock.now - began < 30

    found.server.requests.clear()
    assert found.deploy("shop")["shop"].outcome == "unchanged"
    assert found.writes == [] and found.server.requests.count(PODS) == 1

    assert found.remove("shop")["shop"].outcome == "removed"
    assert found.names("ConfigMap", "shop") == []


def test_a_namespace_of_nothing_else_gets_nothing() -> None:
    found = with_minio()
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("skipped", "no_workloads", False)
    assert found.writes == []


def test_it_is_rolled_where_that_is_asked_for() -> None:
    found = with_minio()
    verdict = found.deploy("shop", ill_before=IllBefore.ROLL)["shop"]
    (minio,) = verdict.workloads
    assert (minio.outcome, minio.reason) == ("failed", "rollout_failed")
    assert "; it was ill before: 0 of 4 new pods are ready" in minio.message
    # What was done is said too.
    assert verdict.changed
    assert found.template("shop", "StatefulSet", "minio")["labels"][NAMES.pod_label] == R1


def test_it_is_taken_out_again_though_its_pods_stay_ill() -> None:
    found = with_minio()
    found.deploy("shop", ill_before=IllBefore.ROLL)
    verdict = found.remove("shop")["shop"]
    (minio,) = verdict.workloads
    assert (minio.outcome, minio.reason) == ("held", "ill_before")
    assert verdict.outcome == "removed"
    assert NAMES.pod_label not in found.template("shop", "StatefulSet", "minio")["labels"]
    assert found.names("ConfigMap", "shop") == found.names("EnvoyFilter", "shop") == []
    assert found.remove("shop")["shop"].outcome == "unchanged"


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet"])
def test_a_revision_that_heals_is_rolled(kind: str) -> None:
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web", kind=kind))
    found.controllers.healthy = ours_is_ill
    assert found.deploy("shop")["shop"].reason == "rollout_failed"
    assert found.deploy("shop", operation=delivery(R2))["shop"].outcome == "deployed"


def test_a_check_says_it_too() -> None:
    minio = objects.workload("shop", "minio", kind="StatefulSet", replicas=4)
    found = Simulated(objects.namespace("shop"), minio, healthy=minio_is_ill)
    found.server.dry_run = True
    assert found.deploy("shop")["shop"].workloads[0].reason == "ill_before"


def test_pods_that_may_not_be_read_make_nothing_ill() -> None:
    found = with_minio()
    found.refuse("LIST .*/shop/pods", 403)
    verdict = found.deploy("shop", timeout_seconds=20)["shop"]
    assert verdict.reason == "rollout_timeout"
    assert "may not be read" not in verdict.message


def test_what_is_only_starting_is_waited_for() -> None:
    web = objects.workload("shop", "web", replicas=3)
    found = Simulated(objects.namespace("shop"), web)
    found.edit("Deployment", "shop", "web", {"spec": {"template": {"metadata": {"labels": {"new": "1"}}}}})
    assert found.deploy("shop")["shop"].outcome == "deployed"


def test_nobody_is_asked_about_pods_where_all_are_well() -> None:
    found = Simulated(objects.namespace("shop"), objects.workload("shop", "web"))
    found.deploy("shop")
    assert PODS not in found.server.requests
