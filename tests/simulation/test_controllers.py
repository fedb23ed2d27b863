# SPDX-License-Identifier: Apache-2.0
"""The simulated controllers do what those of Kubernetes do, as far as a rollout can tell."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import RolloutState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.registry import KINDS

from tests.simulation.api_server import ApiServer
from tests.simulation.controllers.cluster import Cluster
from tests.simulation.resources import RESOURCES
from tests.simulation.values import Object, at
from tests.unit.objects import namespace, workload

ROLLOUTS = {kind.kind: kind.rollout for kind in KINDS}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


class Shop:
    """One workload, rolled, in a cluster of its own."""

    def __init__(self, kind: str, **spec: Any) -> None:
        self.server = ApiServer(namespace("shop"), workload("shop", "web", kind, **spec))
        self.cluster = Cluster(self.server, random.Random(7))
        self.kind, self.path = kind, RESOURCES[kind].path("shop", "web")
        self.server.clock.run(20)

    @property
    def found(self) -> Object:
        found = self.server.get(self.path)
        assert found is not None
        return found

    @property
    def state(self) -> RolloutState:
        return ROLLOUTS[self.kind](self.found, None).state

    @property
    def pods(self) -> list[Object]:
        return self.server.list("/api/v1/namespaces/shop/pods")[0]

    def label(self, value: str | None) -> None:
        patch = {"spec": {"template": {"metadata": {"labels": {"r": value}}}}}
        self.server.merge_patch(self.path, patch, "me")

    def labels(self) -> list[str]:
        return sorted(str(pod["metadata"]["labels"].get("r")) for pod in self.pods)

    def run(self, seconds: float) -> None:
        self.server.clock.run(self.server.clock.now + seconds)

    def steps(self, seconds: float) -> list[Object]:
        """The object after each thing that happens."""
        until, seen = self.server.clock.now + seconds, []
        while self.server.clock.step(until):
            seen.append(self.found)
        return seen


def ill(pod: Object) -> bool:
    return "r" not in pod["metadata"]["labels"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_pods_are_replaced_and_the_status_follows(kind: str) -> None:
    shop = Shop(kind)
    assert shop.state == RolloutState.ROLLED
    shop.label("1")
    assert shop.state == RolloutState.ROLLING
    shop.run(30)
    assert shop.state == RolloutState.ROLLED
    assert shop.labels() == ["1", "1"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_old_pods_stay_while_new_ones_are_ill(kind: str) -> None:
    shop = Shop(kind)
    shop.cluster.healthy = ill
    shop.label("1")
    shop.run(100)
    assert shop.state == RolloutState.ROLLING
    assert shop.labels().count("None") == (2 if kind == "Deployment" else 1)
    shop.cluster.healthy = lambda _pod: True
    shop.cluster.recheck_pods()
    shop.run(30)
    assert shop.state == RolloutState.ROLLED


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Deployment", {"paused": True}),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}),
    ],
)
def test_held_back(kind: str, spec: dict[str, Any]) -> None:
    shop = Shop(kind)
    shop.server.merge_patch(shop.path, {"spec": spec}, "me")
    shop.label("1")
    shop.run(30)
    assert shop.state == RolloutState.HELD
    assert shop.labels() == ["None", "None"]


def test_a_partition_holds_back_the_lower_ordinals() -> None:
    shop = Shop("StatefulSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    shop.label("1")
    shop.run(30)
    assert shop.state == RolloutState.HELD
    assert shop.labels() == ["1", "None"]


def test_on_delete_a_deleted_pod_comes_back_as_a_new_one() -> None:
    shop = Shop("StatefulSet", updateStrategy={"type": "OnDelete"})
    shop.label("1")
    shop.run(5)
    shop.server.delete(f"/api/v1/namespaces/shop/pods/{shop.pods[0]['metadata']['name']}")
    shop.run(10)
    assert shop.labels() == ["1", "None"]


def test_a_stateful_set_does_not_leave_a_pod_that_is_ill() -> None:
    """kubernetes#67250: going back to the former template does not replace it."""
    shop = Shop("StatefulSet")
    shop.cluster.healthy = ill
    shop.label("1")
    shop.run(30)
    shop.label(None)
    shop.run(300)
    assert shop.labels() == ["1", "None"]


def test_the_progress_deadline() -> None:
    shop = Shop("Deployment", replicas=1, progressDeadlineSeconds=60)
    shop.cluster.healthy = ill
    shop.label("1")
    shop.run(50)
    assert shop.state == RolloutState.ROLLING
    shop.run(20)
    assert shop.state == RolloutState.FAILED


def test_back_on_a_former_template_the_condition_is_stale_until_pods_have_moved() -> None:
    shop = Shop("Deployment", replicas=1, progressDeadlineSeconds=60)
    shop.cluster.healthy = ill
    shop.label("1")
    shop.run(100)
    shop.label(None)
    seen = [
        (at(one, "status", "observedGeneration") == one["metadata"]["generation"], reason(one)) for one in shop.steps(9)
    ]
    assert (True, "ProgressDeadlineExceeded") in seen
    assert seen[-1] == (True, "NewReplicaSetAvailable")
    assert shop.state == RolloutState.ROLLED


def observed(deployment: Object) -> bool:
    return bool(at(deployment, "status", "observedGeneration") == deployment["metadata"]["generation"])


def reason(deployment: Object) -> str:
    return next(str(one["reason"]) for one in deployment["status"]["conditions"] if one["type"] == "Progressing")


@pytest.mark.parametrize("kind", WORKLOADS)
def test_former_templates_are_kept_with_their_labels(kind: str) -> None:
    shop = Shop(kind)
    shop.label("1")
    shop.run(30)
    shop.label("2")
    shop.run(30)
    plural = "replicasets" if kind == "Deployment" else "controllerrevisions"
    found, _version = shop.server.list(f"/apis/apps/v1/namespaces/shop/{plural}", "r", metadata_only=True)
    assert sorted(one["metadata"]["labels"]["r"] for one in found) == ["1", "2"]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_what_a_deleted_workload_owned_goes_too(kind: str) -> None:
    shop = Shop(kind)
    shop.server.delete(shop.path)
    shop.run(5)
    assert [entry["kind"] for entry in shop.server.store.everything()] == ["Namespace"]


def test_a_deleted_namespace_goes_with_all_that_is_in_it() -> None:
    shop = Shop("Deployment")
    shop.server.delete("/api/v1/namespaces/shop")
    shop.run(10)
    assert list(shop.server.store.everything()) == []
