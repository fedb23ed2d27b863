# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.pod_diagnosis import (
    explain,
    trouble,
)


def pod(name: str, status: dict[str, Any], app: str = "web") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason, "message": message}}}]}


READY = {"containerStatuses": [{"name": "app", "ready": True, "state": {"running": {}}}]}


OURS = {"app": "web"}


def test_a_ready_pod_is_in_no_trouble() -> None:
    assert trouble(pod("a", READY)) == ""
    assert trouble(pod("a", {})) == ""


def test_a_waiting_container_tells_why() -> None:
    assert trouble(pod("a", waiting("ImagePullBackOff", "no such image"))) == (
        "container app is waiting: ImagePullBackOff no such image"
    )


def test_an_init_container_comes_first() -> None:
    status = {**waiting("PodInitializing")}
    status["initContainerStatuses"] = [{"name": "istio-init", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    assert trouble(pod("a", status)) == "container istio-init is waiting: CrashLoopBackOff"


def test_a_pod_without_a_node_tells_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}
    assert trouble(pod("a", {"conditions": [condition]})) == "not scheduled: 0/2 nodes are available"


def test_a_container_that_is_not_ready() -> None:
    status = {"containerStatuses": [{"name": "istio-proxy", "ready": False, "state": {"running": {}}}]}
    assert trouble(pod("a", status)) == "container istio-proxy is not ready"


def test_two_pods_of_the_workload_are_named_and_no_others() -> None:
    reasons = ("CrashLoopBackOff", "ImagePullBackOff", "CreateContainerError")
    pods = [pod("fine", READY), *(pod(name, waiting(why)) for name, why in zip("abc", reasons, strict=True))]
    told = explain([pod("other", waiting("Other"), app="other"), *pods], OURS)
    assert told == (
        "; pod a: container app is waiting: CrashLoopBackOff; pod b: container app is waiting: ImagePullBackOff"
    )


def test_a_reason_is_told_once_by_the_first_pod_that_has_it() -> None:
    crashing = [pod(name, waiting("CrashLoopBackOff")) for name in ("a", "b")]
    told = explain([*crashing, pod("c", waiting("ImagePullBackOff"))], OURS)
    assert told == (
        "; pod a: container app is waiting: CrashLoopBackOff; pod c: container app is waiting: ImagePullBackOff"
    )


def test_a_long_reason_is_whole() -> None:
    message = "0/300 nodes are available: " + "1 node(s) had untolerated taint(s), " * 20
    condition = {"type": "PodScheduled", "status": "False", "message": message}
    assert explain([pod("a", {"conditions": [condition]})], OURS) == f"; pod a: not scheduled: {message}"


def test_nothing_is_said_of_no_pods_or_pods_without_labels() -> None:
    bare = pod("a", waiting("CrashLoopBackOff"))
    bare["metadata"]["labels"] = None
    assert explain([], OURS) == explain([bare], OURS) == ""


def test_nothing_is_said_of_a_workload_whose_pods_are_not_known() -> None:
    # It has no selector, or one of expressions only.
    assert explain([pod("a", waiting("CrashLoopBackOff"))], {}) == ""


def test_what_a_runtime_says_is_told_without_values_of_credentials() -> None:
    message = 'exec: "--password=hunter2": not found'
    status = {"name": "app", "state": {"waiting": {"reason": "CreateContainerError", "message": message}}}
    said = trouble({"status": {"containerStatuses": [status]}})
    assert 'exec: "--password=(not shown)": not found' in said and "hunter2" not in said
