# SPDX-License-Identifier: Apache-2.0
"""What can't be rolled, on the real API server: said in its words, early, and blamed on who it is to blame."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import ANNOTATIONS
from tests.cluster.test_verdicts import beside, workload_of

POD_LABEL = "wasm-filters.openclarity.io/trace"
SINCE = "2026-01-01T00:00:00Z"
HOST = "kubernetes.io/hostname"
# Far more than it takes to give up: a run that waits it out is not early.
PATIENT: dict[str, Any] = {"wasm_filter_timeout": 200}


def put(kubectl: Kubectl, namespace: str, name: str = "web", **options: Any) -> None:
    kubectl.apply(manifests.workload(namespace, name, **{"pod": manifests.KWOK, **options}))
    kubectl.rolled(namespace, f"{options.get('kind', 'Deployment').lower()}/{name}")


@dataclass
class Down:
    """A DaemonSet, a node that does not answer any more, and the pod on it."""

    namespace: str
    node: str
    pod: str


@dataclass
class Early:
    """The namespaces, and what a run has left."""

    quota: str
    secured: str
    image: str
    outcome: Outcome = field(default_factory=lambda: Outcome(0, "", {}))


@contextmanager
def own_node(kubectl: Kubectl) -> Iterator[str]:
    """A node of the test's own, whose kubelet is silent unless the test plays it."""
    name = f"node-{uuid.uuid4().hex[:6]}"
    taint = {"key": "tests/own", "value": name, "effect": "NoSchedule"}
    metadata = {"name": name, "labels": {HOST: name}}
    kubectl.apply({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [taint]}})
    room = {"cpu": "10", "memory": "10Gi", "pods": "100"}
    up = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": SINCE}
    patch = {"status": {"capacity": room, "allocatable": room, "conditions": [up]}}
    kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", json.dumps(patch))
    try:
        yield name
    finally:
        kubectl("delete", "node", name)
        for pod in on_node(kubectl, name):
            force_delete(kubectl, pod)


def on_node(kubectl: Kubectl, node: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kubectl.get("pods", "-A", "--field-selector", f"spec.nodeName={node}")["items"]
    return found


def force_delete(kubectl: Kubectl, pod: dict[str, Any]) -> None:
    metadata = pod["metadata"]
    kubectl("delete", "pod", "-n", metadata["namespace"], metadata["name"], "--force", "--grace-period=0", check=False)


def say(kubectl: Kubectl, pod: dict[str, Any], state: dict[str, Any]) -> None:
    """What a kubelet would write of a pod whose containers are all in this state."""
    good = str("running" in state)
    conditions = [
        {"type": kind, "status": status, "lastTransitionTime": SINCE}
        for kind, status in (("PodScheduled", "True"), ("ContainersReady", good), ("Ready", good))
    ]
    kept = {"image": "", "imageID": "", "restartCount": 0, "ready": good == "True", "state": state}
    statuses = [{"name": one["name"], **kept} for one in pod["spec"]["containers"]]
    status = {"phase": "Running", "startTime": SINCE, "conditions": conditions, "containerStatuses": statuses}
    named = ("pod", pod["metadata"]["name"], "-n", pod["metadata"]["namespace"])
    kubectl("patch", *named, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}), check=False)


def only_on(*nodes: str) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": HOST, "operator": "In", "values": list(nodes)}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": required}, "tolerations": [{"operator": "Exists"}]}


@pytest.fixture(scope="module")
def falling(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Iterator[Down]:
    """A node that has gone silent, which nobody has noticed yet."""
    shop = new_namespace("down")
    with own_node(kubectl) as node:
        kubectl.apply(manifests.workload(shop, "web", "DaemonSet", pod=only_on("kwok-0", node)))
        (pod,) = eventually("the pod has its node", lambda: on_node(kubectl, node))
        say(kubectl, pod, {"running": {"startedAt": SINCE}})
        kubectl.rolled(shop, "daemonset/web")
        yield Down(shop, node, pod["metadata"]["name"])


# `falling` is for nothing but time: nodes are given up after 50 s, in which others are tested.
@pytest.fixture(scope="module")
def early(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, falling: Down
) -> Iterator[Early]:
    """One run over namespaces in which each something else keeps the new pods."""
    found = Early(new_namespace("quota"), new_namespace("secured"), new_namespace("image"))
    put(kubectl, found.quota, replicas=2)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": found.quota}}
    kubectl.apply({**quota, "spec": {"hard": {"pods": "2"}}})
    used = ("resourcequota", "none", "-n", found.quota)
    eventually("the quota is counted", lambda: kubectl.get(*used).get("status", {}).get("used", {}).get("pods") == "2")
    for kind in ("StatefulSet", "DaemonSet"):
        put(kubectl, found.secured, kind.lower(), kind=kind)
    kubectl("label", "namespace", found.secured, "pod-security.kubernetes.io/enforce=restricted")
    with own_node(kubectl) as node, beside(lambda done: play_kubelet(kubectl, node, done)):
        put(kubectl, found.image, pod=only_on(node))
        found.outcome = collection.deploy(f"{found.quota},{found.secured},{found.image}", **PATIENT)
        yield found


def play_kubelet(kubectl: Kubectl, node: str, done: threading.Event) -> None:
    """Of a node that can't pull the image any more once there is a filter."""
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    while not done.wait(0.2):
        for pod in on_node(kubectl, node):
            if "startTime" not in pod["status"]:
                is_new = POD_LABEL in pod["metadata"]["labels"]
                say(kubectl, pod, waiting if is_new else {"running": {"startedAt": SINCE}})


def failure(early: Early, namespace: str, name: str) -> str:
    found = workload_of(early.outcome, namespace, name)
    assert (found["verdict"], found["reason"]) == ("failed", "rollout_failed"), early.outcome.output
    message: str = found["message"]
    return message


def test_a_quota_is_told_in_the_words_of_the_api_server(early: Early) -> None:
    said = "exceeded quota: none, requested: pods=1, used: pods=2, limited: pods=2"
    assert said in failure(early, early.quota, "web")
    assert f"{early.quota}: Deployment/web does not go on: pods" in early.outcome.output


@pytest.mark.parametrize("name", ["statefulset", "daemonset"])
def test_pod_security_is_told_of_where_no_condition_tells(early: Early, name: str) -> None:
    assert 'violates PodSecurity "restricted:latest"' in failure(early, early.secured, name)


def test_an_image_that_can_not_be_pulled_is_told_early(early: Early) -> None:
    assert "is waiting: ImagePullBackOff Back-off pulling image" in failure(early, early.image, "web")


def without_room(namespace: str) -> dict[str, Any]:
    """Four pods, of which no two may share a node."""
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": "minio"}}}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spec = {"podManagementPolicy": "Parallel"}
    return manifests.workload(
        namespace, "minio", "StatefulSet", 4, pod={**manifests.KWOK, "affinity": affinity}, spec=spec
    )


def test_what_is_ill_before_is_left_alone_and_can_be_taken_out(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("ill")
    put(kubectl, shop)
    kubectl.apply(without_room(shop))
    minio = ("statefulset", "minio", "-n", shop)
    eventually("one pod is ready", lambda: kubectl.get(*minio)["status"].get("readyReplicas") == 1)

    checked = collection.deploy(shop, "--check")
    outcome = collection.deploy(shop)
    again = collection.deploy(shop)
    for found in (checked, outcome, again):
        assert found.status == 0, found.output
        ill = workload_of(found, shop, "minio")
        assert (ill["verdict"], ill["reason"], ill["to"]) == ("skipped", "ill_before", "none")
        assert "1 of 4 new pods are ready: pod minio-" in ill["message"]
        assert ": not scheduled: 0/" in ill["message"]
    assert (outcome.verdicts[shop], again.verdicts[shop]) == ("deployed", "unchanged")
    assert "1 skipped (ill_before: StatefulSet/minio)" in outcome.output

    rolled = collection.deploy(shop, wasm_filter_ill_before="roll", wasm_filter_timeout=15)
    ill = workload_of(rolled, shop, "minio")
    assert rolled.status != 0 and ill["reason"] == "rollout_timeout", rolled.output
    assert "; it was ill before: 1 of 4 new pods are ready" in ill["message"]
    assert rolled.namespaces[shop]["changed"]
    assert "1 other workload already on it" in rolled.namespaces[shop]["message"]

    removed = collection.remove(shop, wasm_filter_timeout=15)
    assert removed.verdicts == {shop: "removed"} and removed.status == 0, removed.output
    assert POD_LABEL not in kubectl.get(*minio)["spec"]["template"]["metadata"]["labels"]
    assert "filter" not in kubectl("get", "configmaps,envoyfilters", "-n", shop)


def test_a_daemon_set_with_a_node_down_is_held_and_names_it(
    kubectl: Kubectl, collection: Collection, falling: Down
) -> None:
    shop = falling.namespace
    status = ("daemonset", "web", "-n", shop)
    eventually("the node is down", lambda: kubectl.get(*status)["status"].get("numberUnavailable") == 1)

    outcome = collection.deploy(shop, **PATIENT)
    again = collection.deploy(shop, **PATIENT)

    for found, verdict in ((outcome, "deployed"), (again, "unchanged")):
        assert found.status == 0 and found.verdicts == {shop: verdict}, found.output
        web = workload_of(found, shop)
        assert (web["verdict"], web["reason"]) == ("held", "node_down")
        assert f"node {falling.node} does not answer, and pod {falling.pod} on it" in web["message"]


def test_an_owner_by_server_side_apply_is_named_before(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("owner")
    entry = manifests.workload(shop, "web", pod=manifests.KWOK, annotations=ANNOTATIONS)
    kubectl("apply", "--server-side", "--field-manager=gitops", "-f", "-", stdin=json.dumps(entry))
    put(kubectl, shop, "other")

    checked = collection.deploy(shop, "--check")

    assert "field manager gitops applies the userVolume annotations itself" in workload_of(checked, shop)["message"]
    assert workload_of(checked, shop, "other")["message"] == ""
    assert "field manager gitops" in checked.output
