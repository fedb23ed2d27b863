# SPDX-License-Identifier: Apache-2.0
"""When a rollout that does not move is looked at, and when it is given up."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Look, WakeAt
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.looking import LOOK_SECONDS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Looked, Woken
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.pod_diagnosis import LATER, NEVER, SOON

from tests.simulation.values import Object
from tests.unit.module_utils.engine.workloads import REMOVAL, TIMEOUT, OneWorkload, pods, rolling, stored
from tests.unit.objects import NAMES, R1, R2

FAILURE = {"type": "ReplicaFailure", "status": "True", "message": "pods are forbidden"}


def waiting(reason: str, restarts: int = 5, revision: str = R1) -> Object:
    labels = {"app": "web", **({NAMES.pod_label: revision} if revision else {})}
    container = {"name": "app", "restartCount": restarts, "state": {"waiting": {"reason": reason}}}
    metadata = {"name": "web-a", "uid": "uid-a", "labels": labels}
    return {"metadata": metadata, "spec": {}, "status": {"containerStatuses": [container]}}


def observed(one: OneWorkload, **status: Any) -> OneWorkload:
    """Its controller has seen the patch, and one new pod is not available."""
    return one.seen(pods(one.state.object, **{"updated": 1, "available": 1, **status}))


def look(one: OneWorkload, *found: Object, warnings: tuple[Object, ...] = ()) -> OneWorkload:
    """Ten seconds later."""
    one.now += LOOK_SECONDS
    one.tell(Woken())
    assert Look() in one.commands
    return one.tell(Looked(list(found), list(warnings)))


def test_only_one_that_does_not_move_is_looked_at() -> None:
    one = observed(rolling())
    began = one.now
    one.now += LOOK_SECONDS - 1
    one.seen(pods(one.state.object, updated=1, available=2))
    # One timer at a time, however often it is seen.
    assert one.commands == []
    one.now = began + LOOK_SECONDS
    assert one.tell(Woken()).commands == [WakeAt(began + 2 * LOOK_SECONDS - 1)]
    one.now = began + 2 * LOOK_SECONDS - 1
    assert one.tell(Woken()).commands == [Look(), WakeAt(one.now + LOOK_SECONDS)]


def test_a_timer_of_old_is_none() -> None:
    one = observed(rolling())
    one.now += LOOK_SECONDS / 2
    assert one.tell(Woken()).commands == []


def test_pods_have_nothing_to_tell_before_the_controller_has_seen_the_patch() -> None:
    one = rolling()
    one.now += LOOK_SECONDS
    assert one.tell(Woken()).commands == [WakeAt(one.now + LOOK_SECONDS)]


def test_it_is_woken_when_its_time_is_over() -> None:
    one = observed(rolling())
    one.now += TIMEOUT - LOOK_SECONDS / 2
    assert one.tell(Woken()).commands == [Look(), WakeAt(one.state.deadline)]


@pytest.mark.parametrize(
    ("reason", "looks"),
    [("ImagePullBackOff", SOON), ("CreateContainerConfigError", SOON), ("CrashLoopBackOff", SOON)],
)
def test_what_does_not_heal_is_given_up(reason: str, looks: int) -> None:
    one = observed(rolling())
    for _look in range(looks - 1):
        assert look(one, waiting(reason)).state.phase == "rolling"
    look(one, waiting(reason))
    assert one.said == ("done", "failed", "rollout_failed")
    assert f"pod web-a: container app is waiting: {reason}" in one.state.message
    # It is told already.
    assert not one.state.unexplained


def test_what_heals_meanwhile_is_forgotten() -> None:
    one = observed(rolling())
    look(one, waiting("ImagePullBackOff"))
    look(one)
    assert look(one, waiting("ImagePullBackOff")).state.phase == "rolling"
    # So is what stood before something moved.
    one.seen(pods(one.state.object, updated=2, available=1))
    assert one.state.trouble is None
    assert look(one, waiting("ImagePullBackOff")).state.phase == "rolling"
    assert look(one, waiting("ImagePullBackOff")).said == ("done", "failed", "rollout_failed")


def test_a_look_that_comes_when_it_moves_again_says_nothing() -> None:
    one = observed(rolling())
    one.now += 1
    assert one.tell(Looked([waiting("ImagePullBackOff")], [])).state.trouble is None


@pytest.mark.parametrize(("restarts", "phase"), [(1, "rolling"), (2, "done")])
def test_an_application_may_end_twice_before_its_sidecar_is_up(restarts: int, phase: str) -> None:
    one = observed(rolling())
    for _look in range(SOON):
        look(one, waiting("CrashLoopBackOff", restarts))
    assert one.state.phase == phase


def test_what_a_kubelet_may_get_over_has_longer() -> None:
    one = observed(rolling())
    event = {"reason": "FailedMount", "message": "no", "involvedObject": {"uid": "uid-a"}}
    for _look in range(LATER - 1):
        assert look(one, waiting("ContainerCreating"), warnings=(event,)).state.phase == "rolling"
    assert look(one, waiting("ContainerCreating"), warnings=(event,)).said == ("done", "failed", "rollout_failed")


def test_a_node_may_come_as_long_as_there_is_time() -> None:
    one = observed(rolling())
    pod = waiting("")
    pod["status"] = {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]}
    while one.now + LOOK_SECONDS < one.state.deadline:
        assert look(one, pod).state.phase == "rolling"
    assert one.state.trouble is not None and one.state.trouble.looks == NEVER
    one.now = one.state.deadline
    assert one.tell(Woken()).said == ("done", "failed", "rollout_timeout")


def test_what_its_status_says_stands_for_ten_seconds() -> None:
    one = observed(rolling())
    one.now += LOOK_SECONDS / 2
    observed(one, conditions=[FAILURE])
    one.now += LOOK_SECONDS / 2
    assert one.tell(Woken()).state.phase == "rolling"
    one.now += LOOK_SECONDS / 2
    one.tell(Woken())
    assert one.tell(Looked(None, [])).said == ("done", "failed", "rollout_failed")
    assert one.state.message.endswith("pods are forbidden")


def test_who_was_ill_before_is_not_to_blame() -> None:
    entry = pods(stored(), updated=1, available=1, conditions=[FAILURE])
    one = OneWorkload(entry)
    assert one.said == ("done", "skipped", "ill_before")
    assert one.state.message.endswith("pods are forbidden")
    assert one.state.change.to_revision == "none"


@pytest.mark.parametrize("conditions", [[], [FAILURE]])
def test_one_with_a_revision_is_rolled_whatever_it_is(conditions: list[Object]) -> None:
    entry = pods(stored(labels={NAMES.pod_label: R2}), updated=1, available=1, conditions=conditions)
    for found in ([], [waiting("ImagePullBackOff", revision="")]):
        assert OneWorkload(entry, pods=found).said == ("pending", "deployed", "")


def test_what_is_left_of_a_filter_is_taken_out_of_what_is_ill() -> None:
    entry = pods(stored(), updated=1, available=1, conditions=[FAILURE])
    entry["metadata"]["annotations"] = {NAMES.previous_annotation: "none"}
    assert OneWorkload(entry, REMOVAL).said == ("pending", "removed", "")


def test_taking_out_is_done_though_ill_pods_stay() -> None:
    entry = pods(stored(labels={NAMES.pod_label: R1}), updated=2, available=1)
    theirs = waiting("ImagePullBackOff", revision="")
    one = OneWorkload(entry, REMOVAL, pods=[theirs]).granted().answered()
    for _look in range(SOON):
        observed(one)
        look(one, theirs)
    assert one.said[1:] == ("held", "ill_before")
    assert "; it was ill before: 1 of 2 new pods are available: pod web-a: " in one.state.message


def test_who_breaks_by_it_is_to_blame() -> None:
    entry = pods(stored(labels={NAMES.pod_label: R1}), updated=2, available=1)
    one = OneWorkload(entry, REMOVAL, pods=[waiting("ImagePullBackOff")]).granted().answered()
    assert one.state.ill == ""
