# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb, WakeAt
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.looking import LOOK_SECONDS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import (
    Compared,
    Granted,
    Woken,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload import REQUEST_SECONDS

from tests.simulation.values import Object, put
from tests.unit.module_utils.engine.workloads import (
    REMOVAL,
    TIMEOUT,
    OneWorkload,
    on_it,
    patched,
    pods,
    rolled,
    rolling,
    stored,
    without_label,
)
from tests.unit.objects import NAMES, R1, R2, VOLUME, delivery

STUCK = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no progress"}


def test_one_that_has_to_change_waits_for_its_turn() -> None:
    one = OneWorkload(stored())
    assert (one.said, one.commands) == (("pending", "deployed", ""), [])
    one.granted()
    assert one.state.phase == "patching"
    request = one.send.request
    assert (request.verb, request.path) == (Verb.APPLY, "/apis/apps/v1/namespaces/shop/deployments/web")
    assert (request.body, request.manager) == (one.state.change.body, NAMES.field_manager)
    assert one.send.deadline == one.now + REQUEST_SECONDS
    # It has its turn once.
    assert one.tell(Granted()).commands == []


def test_a_removal_is_a_merge_patch() -> None:
    assert OneWorkload(on_it(), REMOVAL).granted().asked == [Verb.MERGE_PATCH]


def test_until_it_has_rolled() -> None:
    one = rolling()
    assert one.said == ("rolling", "deployed", "")
    assert one.state.patched
    for updated in (0, 1, 1):
        one.seen(pods(one.state.object, updated=updated))
        assert one.state.phase == "rolling"
    one.seen(pods(one.state.object, updated=2))
    assert one.said == ("rolled", "deployed", "")
    assert one.state.rollout is not None
    assert one.state.rollout.done == 2
    one.tell(Compared(one.state.object))
    assert one.said == ("done", "deployed", "")


def test_its_time_begins_when_the_patch_is_answered() -> None:
    one = OneWorkload(stored()).granted()
    one.now = 50.0
    one.answered()
    assert one.state.deadline == 50.0 + TIMEOUT
    # It is woken before, to see whether anything moves.
    assert one.commands == [WakeAt(50.0 + LOOK_SECONDS)]
    one.seen(pods(one.state.object, updated=1))
    one.now = 50.0 + TIMEOUT - 1
    assert one.tell(Woken()).state.phase == "rolling"
    one.now = 50.0 + TIMEOUT
    one.tell(Woken())
    assert one.said == ("done", "failed", "rollout_timeout")
    assert one.state.message == "1 of 2 new pods are available after 100 s"
    # Its pods may tell why.
    assert one.state.unexplained


def test_a_time_that_is_over_is_nothing_to_one_that_has_rolled() -> None:
    one = rolled()
    one.now += 2 * TIMEOUT
    assert one.tell(Woken()).state.phase == "rolled"


def test_one_that_its_controller_has_given_up_fails() -> None:
    one = rolling()
    one.seen(pods(one.state.object, updated=1, available=1, conditions=[STUCK]))
    assert one.said == ("done", "failed", "rollout_failed")
    assert (one.state.message, one.state.unexplained) == ("no progress", True)


def test_what_the_controller_had_given_up_before_the_patch_is_waited_for() -> None:
    one = rolling(entry=pods(stored(labels={NAMES.pod_label: R2}), updated=1, available=1, conditions=[STUCK]))
    one.seen(pods(one.state.object, updated=1, available=1, conditions=[STUCK]))
    assert one.said == ("rolling", "deployed", "")
    later = {**STUCK, "lastUpdateTime": "later"}
    one.seen(pods(one.state.object, updated=1, available=1, conditions=[later]))
    assert one.said == ("done", "failed", "rollout_failed")


def test_one_that_is_held_back_by_its_owner_is_held() -> None:
    one = rolling(entry=put(stored(), "spec", "paused", True))
    one.seen(pods(one.state.object, updated=0))
    assert one.said == ("rolled", "held", "rollout_held")
    assert "paused" in one.state.message
    assert one.tell(Compared(one.state.object)).said == ("done", "held", "rollout_held")


@pytest.mark.parametrize("conditions", [[], [STUCK]])
def test_one_that_was_ill_before_is_not_waited_for(conditions: list[Object]) -> None:
    ill = pods(on_it(), updated=2, available=0, conditions=conditions)
    one = OneWorkload(ill)
    assert one.said == ("rolled", "unchanged", "")
    assert one.state.message.endswith(", not changed by this run")


def test_one_that_this_run_changed_was_not_ill_before() -> None:
    one = rolling()
    one.seen(pods(one.state.object, updated=2, available=0))
    assert one.state.phase == "rolling"


def test_one_that_was_not_changed_is_waited_for_until_its_pods_are_new() -> None:
    one = OneWorkload(pods(on_it(), updated=1, available=0))
    assert one.said == ("rolling", "unchanged", "")
    one.seen(pods(one.state.object, updated=1, available=0))
    assert one.state.phase == "rolling"
    one.seen(pods(one.state.object, updated=2, available=0))
    assert one.said == ("rolled", "unchanged", "")


def test_one_that_was_not_changed_and_has_rolled_is_done() -> None:
    one = OneWorkload(on_it())
    assert (one.said, one.state.message) == (("rolled", "unchanged", ""), "")
    assert not one.state.patched


def test_an_older_object_does_not_count() -> None:
    one = rolling()
    one.seen(pods(stored(generation=1), updated=2))
    assert one.said == ("rolling", "deployed", "")


def test_a_newer_generation_counts_for_itself() -> None:
    one = rolling()
    newer = put(one.state.object, "metadata", "generation", 3)
    assert one.seen(pods(newer, updated=1)).state.phase == "rolling"
    assert one.seen(pods(newer, updated=2)).state.phase == "rolled"


def test_check_mode_ends_with_the_answer() -> None:
    one = OneWorkload(stored(), dry_run=True).granted().answered()
    assert (one.said, one.commands) == (("done", "deployed", ""), [])
    assert one.state.patched
    # What has it already is not waited for.
    assert OneWorkload(pods(on_it(), updated=0), dry_run=True).said == ("done", "unchanged", "")


@pytest.mark.parametrize(("dry_run", "verb"), [(False, "came back"), (True, "would come back")])
def test_what_a_webhook_makes_of_the_patch_is_held_against_what_was_sent(dry_run: bool, verb: str) -> None:
    one = OneWorkload(stored(), dry_run=dry_run).granted()
    body = one.send.request.body or {}
    one.answered(patched(stored(), put(body, "spec", "template", "metadata", "annotations", VOLUME, "[]")))
    assert one.said == ("done", "failed", "changed_by_admission")
    assert f"the patch {verb} without the entry {NAMES.volume} of annotation {VOLUME}" in one.state.message
    # It was written all the same.
    assert one.state.patched


def test_what_a_webhook_adds_is_its_own_matter() -> None:
    one = OneWorkload(stored()).granted()
    answer = patched(stored(), put(one.send.request.body or {}, "spec", "template", "metadata", "labels", "more", "x"))
    answer = put(answer, "spec", "template", "metadata", "labels", NAMES.pod_label, R1)
    assert one.answered(answer).said == ("rolling", "deployed", "")


def test_one_that_is_put_back_while_it_rolls_is_reverted() -> None:
    one = rolling()
    one.seen(without_label(one.state.object))
    assert one.said == ("done", "failed", "reverted")
    assert f"label {NAMES.pod_label}={R1} was taken out after the patch" in one.state.message


def test_one_that_is_put_back_once_it_has_rolled_is_reverted() -> None:
    one = rolled()
    assert one.seen(without_label(one.state.object)).said == ("done", "failed", "reverted")
    one = rolled()
    assert one.tell(Compared(without_label(one.state.object))).said == ("done", "failed", "reverted")


def test_one_that_had_it_already_and_lost_it_meanwhile_is_reverted() -> None:
    one = OneWorkload(on_it())
    assert one.tell(Compared(without_label(one.state.object))).said == ("done", "failed", "reverted")


def test_a_removal_that_is_put_back_is_reverted() -> None:
    one = rolled(REMOVAL, entry=on_it())
    labels = {"app": "web", NAMES.pod_label: R1}
    again = put(put(one.state.object, "metadata", "generation", 9), "spec", "template", "metadata", "labels", labels)
    one.seen(pods(again, updated=2))
    assert one.said == ("done", "failed", "reverted")
    assert f"label {NAMES.pod_label} was put back after the patch" in one.state.message


def test_one_that_is_being_deleted_was_not_put_back() -> None:
    one = rolled()
    going = put(without_label(one.state.object), "metadata", "deletionTimestamp", "now")
    assert one.seen(going).state.phase == "rolled"


@pytest.mark.parametrize("status", [400, 403, 422, 500])
def test_a_refusal_ends_it(status: int) -> None:
    one = OneWorkload(stored()).granted().refused(status)
    assert one.said == ("done", "failed", "api_refused")
    assert not one.state.patched
    assert "may have been done" not in one.state.message


def test_where_no_answer_came_it_may_have_been_done() -> None:
    one = OneWorkload(stored()).granted().refused(0)
    assert one.said == ("done", "failed", "api_refused")
    assert one.state.message.endswith("; it may have been done all the same")


def test_what_nobody_waits_for_changes_nothing() -> None:
    one = OneWorkload(stored(labels={"sidecar.istio.io/inject": "false"}))
    assert one.said == ("done", "skipped", "injection_disabled")
    state = one.state
    assert one.seen(pods(stored(), updated=1)).state is state
    assert one.granted().state is state
    assert one.tell(Compared(None)).state is state


def test_a_later_revision_is_from_the_one_before() -> None:
    one = rolling(delivery(R2), entry=on_it())
    assert (one.state.change.from_revision, one.state.change.to_revision) == (R1, R2)
