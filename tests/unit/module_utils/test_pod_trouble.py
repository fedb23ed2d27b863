from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.pod_trouble import explain, trouble

from tests.unit.fake_api import FakeApi, Fault
from tests.unit.objects import workload


def pod(name: str, status: dict[str, Any], app: str = "web") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason, "message": message}}}]}


READY = {"containerStatuses": [{"name": "app", "ready": True, "state": {"running": {}}}]}


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
    pods = [pod(name, waiting("CrashLoopBackOff")) for name in ("a", "b", "c")]
    api = FakeApi(*pods, pod("other", waiting("CrashLoopBackOff"), app="other"), pod("fine", READY))
    told = explain(api, "shop", workload())
    assert told.count("; pod ") == 2
    assert "other" not in told


def test_nothing_is_said_where_pods_can_not_be_read() -> None:
    api = FakeApi(pod("a", waiting("CrashLoopBackOff")))
    api.faults.append(Fault("LIST .*/pods", 403))
    assert explain(api, "shop", workload()) == ""


def test_nothing_is_said_without_a_selector() -> None:
    assert explain(FakeApi(pod("a", waiting("CrashLoopBackOff"))), "shop", workload(selector={})) == ""
