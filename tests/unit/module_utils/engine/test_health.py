# SPDX-License-Identifier: Apache-2.0
"""What keeps pods from being replaced, on objects as a real cluster had them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import health
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Looked
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.pod_diagnosis import (
    LATER,
    NEVER,
    SOON,
    Trouble,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.daemon_set import DAEMON_SET

from tests.simulation.values import Object, clone, put
from tests.unit.objects import NAMES, R1, kind_of, workload

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "health"
READY = {"conditions": [{"type": "Ready", "status": "True"}], "startTime": "2026-01-01T00:00:00Z"}
CRASHING = {
    "startTime": "2026-01-01T00:00:00Z",
    "containerStatuses": [
        {
            "name": "istio-proxy",
            "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 255, "reason": "Error"}},
        }
    ],
}


def recorded(name: str) -> list[Any]:
    """The documents of a file: (a workload, its pods)."""
    return list(yaml.safe_load_all((FIXTURES / f"{name}.yaml").read_text()))


def found(entry: Object, pods: list[Object] | None, warnings: list[Object] | None = None) -> Trouble | None:
    kind = kind_of(entry)
    return health.trouble_of(kind, entry, kind.rollout(entry, None), Looked(pods, warnings or []), NAMES)


def pod(name: str, status: Object, app: str = "web", **metadata: Any) -> Object:
    labels = {"app": app, **metadata.pop("labels", {})}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": labels, **metadata},
        "spec": {},
        "status": status,
    }


def rolling(kind: str = "Deployment", revision: str = R1, **status: Any) -> Object:
    entry = workload(kind=kind, labels={NAMES.pod_label: revision} if revision else {})
    metadata = {**entry["metadata"], "generation": 2, "uid": "uid-web"}
    seen = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    return {**entry, "metadata": metadata, "status": {**seen, **status}}


def test_what_pod_security_refuses_is_in_the_condition_of_a_deployment() -> None:
    entry, pods = recorded("deployment_pod_security")
    one = found(entry, pods)
    assert one is not None
    assert one.text.startswith('pods "web-569f6b7d95-7cwkp" is forbidden: violates PodSecurity "restricted:latest"')
    # It stood for a while when it was looked at.
    assert one.looks == health.AT_ONCE
    # Who may not read pods has the status all the same.
    assert found(entry, None) == one


def failed_create(kind: str) -> tuple[Object, list[Object]]:
    events = [one for one in recorded("failed_create_events")[0] if one["involvedObject"]["kind"] == kind]
    entry = rolling(kind, currentNumberScheduled=0, desiredNumberScheduled=1)
    entry["metadata"]["uid"] = events[0]["involvedObject"]["uid"]
    return entry, events


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_where_no_condition_says_it_the_events_do(kind: str) -> None:
    entry, events = failed_create(kind)
    one = found(entry, [], events)
    assert one is not None
    assert 'violates PodSecurity "restricted:latest"' in one.text
    assert one.looks == SOON
    assert found(entry, [], []) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("involvedObject", "uid", "uid-other"), "another workload's"),
        (("lastTimestamp", "2026-01-01T00:00:00Z"), "from before the patch"),
        (("reason", "FailedDelete"), "about something else"),
    ],
)
def test_events_that_are_not_about_this_rollout(change: tuple[str, ...], why: str) -> None:
    entry, (event, *_more) = failed_create("StatefulSet")
    entry["metadata"]["managedFields"] = [{"manager": NAMES.field_manager, "time": event["firstTimestamp"]}]
    assert found(entry, [], [event]) is not None
    assert found(entry, [], [put(event, *change)]) is None, why


@pytest.mark.parametrize("moving", [pod("web-1", {}), pod("web-1", READY, deletionTimestamp="2026-01-01T00:00:00Z")])
def test_an_event_is_of_old_once_a_pod_is_on_its_way(moving: Object) -> None:
    entry, events = failed_create("StatefulSet")
    assert found(entry, [pod("web-0", READY)], events) is not None
    assert found(entry, [pod("web-0", READY), moving], events) is None
    assert found(entry, [pod("web-0", READY), pod("other", {}, app="other")], events) is not None


def refused(text: str) -> Object:
    return rolling(conditions=[{"type": "ReplicaFailure", "status": "True", "message": text}])


def test_a_quota_may_be_held_by_pods_that_come_or_go() -> None:
    entry = refused('pods "x" is forbidden: exceeded quota: none')
    assert found(entry, [pod("a", READY), pod("b", READY, app="other")]) is not None
    assert found(entry, [pod("a", READY), pod("b", READY, app="other", deletionTimestamp="now")]) is None
    assert found(entry, [pod("a", READY), pod("b", {}, app="other")]) is None
    # One that has ended counts for no quota of pods.
    assert found(entry, [pod("b", {"phase": "Failed"}, app="other")]) is not None


def test_a_webhook_may_come_back() -> None:
    one = found(refused("Internal error occurred: failed calling webhook namespace.sidecar-injector.istio.io"), [])
    assert one is not None and one.looks == LATER


def test_a_new_pod_that_crashes_by_its_sidecar() -> None:
    new, old = {NAMES.pod_label: R1}, {NAMES.pod_label: "0000000000"}
    ill = pod("web-a", CRASHING, labels=new)
    one = found(rolling(), [pod("web-b", READY, labels=old), ill])
    assert one == Trouble(
        "pod web-a: container istio-proxy is waiting: CrashLoopBackOff back-off (exit code 255, Error)", SOON
    )
    # An older one is on its way out, but for a StatefulSet, which waits for it.
    ill = pod("web-a", CRASHING, labels=old)
    assert found(rolling(), [ill]) is None
    assert found(rolling("StatefulSet"), [ill]) is not None
    # After a removal the new ones are those without a revision.
    assert found(rolling(revision=""), [ill]) is None
    assert found(rolling(revision=""), [pod("web-a", CRASHING)]) is not None


def test_the_trouble_that_ends_it_first_is_told() -> None:
    new = {NAMES.pod_label: R1}
    waiting = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes"}]}
    pods = [pod("web-a", waiting, labels=new), pod("web-b", CRASHING, labels=new)]
    one = found(rolling(), pods)
    assert one is not None and one.text.startswith("pod web-b: ")
    one = found(rolling(), pods[:1])
    assert one == Trouble("pod web-a: not scheduled: 0/2 nodes", NEVER)


def test_what_the_kubelet_says_of_volumes_is_in_events() -> None:
    creating = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
    ill = pod("web-a", creating, labels={NAMES.pod_label: R1})
    assert found(rolling(), [ill]) is None
    event = {"reason": "FailedMount", "message": 'configmap "gone" not found', "involvedObject": {"uid": "uid-web-a"}}
    assert found(rolling(), [ill], [event]) == Trouble('pod web-a: FailedMount configmap "gone" not found', LATER)
    event = put(event, "involvedObject", "uid", "uid-web-b")
    assert found(rolling(), [ill], [event]) is None


def test_a_daemon_set_with_a_node_down_names_node_and_pod() -> None:
    entry, pods = recorded("daemon_set_node_down")
    one = found(entry, pods)
    assert one == Trouble("node node-b does not answer, and pod ds-lbjzx on it can't be replaced", SOON, "node-b")
    # As long as pods of the others move it is not about the node.
    starting = clone(pods)
    starting[0]["status"]["conditions"] = []
    assert found(entry, starting) is None
    # One that the node has never taken note of.
    unnoticed = [pods[0], {**pods[1], "status": {"phase": "Pending"}}]
    assert found(entry, unnoticed) == one
    # A pod that takes long to end is not on a node that is down.
    ending = clone(pods)
    ending[1]["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert found(entry, ending) is None


def test_a_failing_pod_of_a_daemon_set_comes_before_a_node_that_is_down() -> None:
    entry, pods = recorded("daemon_set_node_down")
    one = found(entry, [*pods, pod("ds-x", CRASHING, app="ds")])
    assert one is not None and not one.node


def illness(entry: Object, pods: list[Object]) -> str:
    return health.illness(kind_of(entry), entry, pods, NAMES)


def test_a_stateful_set_without_room_is_ill() -> None:
    entry, pods = recorded("stateful_set_without_room")
    text = illness(entry, pods)
    assert text.startswith("1 of 4 new pods are ready: pod minio-1: not scheduled: 0/")
    # Its own status does not tell that from one that is starting.
    assert illness(entry, []) == ""
    starting = [{**one, "status": {"phase": "Pending"}} for one in pods]
    assert illness(entry, starting) == ""


def test_pods_of_a_revision_of_ours_make_nothing_ill() -> None:
    entry = rolling("StatefulSet", revision="")
    assert illness(entry, [pod("web-0", CRASHING)])
    assert illness(entry, [pod("web-0", CRASHING, labels={NAMES.pod_label: R1})]) == ""


def test_a_deployment_says_itself_that_it_is_ill() -> None:
    late = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no progress"}
    entry = rolling(revision="", conditions=[late])
    assert illness(entry, []) == "no progress"
    assert illness(put(entry, "metadata", "generation", 3), []) == ""
    assert illness(rolling(revision="", conditions=[late], updatedReplicas=2, availableReplicas=2), []) == ""
    assert illness(rolling(conditions=[late]), []) == "", "it is on a revision"
    entry, pods = recorded("deployment_pod_security")
    assert illness(entry, pods).startswith('0 of 2 new pods are available: pods "web-569f6b7d95-7cwkp" is forbidden')


def test_a_node_that_is_down_makes_only_a_stateful_set_ill() -> None:
    daemon_set, pods = recorded("daemon_set_node_down")
    assert illness(daemon_set, pods) == ""
    assert health.is_doubtful(DAEMON_SET, daemon_set)
    lost = put(pods[1], "metadata", "labels", {"app": "web"})
    assert illness(rolling(revision=""), [lost]) == ""
    assert "node node-b does not answer" in illness(rolling("StatefulSet", revision=""), [lost])
