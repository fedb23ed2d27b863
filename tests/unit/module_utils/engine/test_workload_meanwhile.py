# SPDX-License-Identifier: Apache-2.0
"""One workload that others change meanwhile: conflicts, lost answers, deleted, made anew; what it owes in the end."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Compared
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload import (
    CONFLICTS_MAX,
    RECREATED_MAX,
)

from tests.simulation.values import Object, put
from tests.unit.module_utils.engine.workloads import (
    REMOVAL,
    OneWorkload,
    patched,
    pods,
    rolled,
    rolling,
    stored,
    without_label,
)
from tests.unit.objects import MOUNT, NAMES, R1, R2, VOLUME, delivery

THEIRS = {VOLUME: '[ {"name": "theirs"} ]', MOUNT: "[]"}


def changed(entry: Object, **metadata: object) -> Object:
    """Somebody else's write, of what is none of ours."""
    return {**entry, "metadata": {**entry["metadata"], "resourceVersion": "99", **metadata}}


@pytest.mark.parametrize("status", [409, 404])
def test_what_was_planned_for_an_object_that_is_no_more_is_planned_again(status: int) -> None:
    one = OneWorkload(stored()).granted().refused(status)
    assert one.asked == [Verb.GET]
    newer = changed(put(stored(), "spec", "template", "metadata", "annotations", THEIRS))
    one.answered(newer)
    # It keeps its turn, and what it sends is about what is there now.
    assert one.asked == [Verb.APPLY]
    body = one.send.request.body or {}
    assert body["metadata"]["resourceVersion"] == "99"
    assert "theirs" in body["spec"]["template"]["metadata"]["annotations"][VOLUME]
    assert one.answered().said == ("rolling", "deployed", "")


def test_conflicts_are_bounded() -> None:
    one = OneWorkload(stored()).granted()
    for _each in range(CONFLICTS_MAX):
        one.refused(409).answered(changed(stored()))
        assert one.asked == [Verb.APPLY]
    one.refused(409)
    assert (one.said, one.commands) == (("done", "failed", "api_refused"), [])


def test_one_that_can_not_be_read_after_a_conflict_fails() -> None:
    one = OneWorkload(stored()).granted().refused(409).refused(403)
    assert one.said == ("done", "failed", "api_refused")


def test_one_that_another_run_has_changed_is_waited_for() -> None:
    one = OneWorkload(stored()).granted()
    theirs = changed(pods(patched(stored(), one.send.request.body or {}), updated=1))
    one.refused(409).answered(theirs)
    assert one.said == ("rolling", "unchanged", "")
    assert not one.state.patched
    assert len(one.commands) == 1


def test_an_answer_that_was_lost_is_a_patch_all_the_same() -> None:
    one = OneWorkload(stored()).granted()
    ours = patched(stored(), one.send.request.body or {})
    one.refused(409, resent=True).answered(ours)
    assert one.said == ("rolling", "deployed", "")
    assert one.state.patched
    # From what it was, to what it is: not from ours to ours.
    assert (one.state.change.from_revision, one.state.change.to_revision) == ("none", R1)
    assert one.state.before == one.state.object


def test_a_lost_answer_is_not_forgotten_by_a_second_conflict() -> None:
    one = OneWorkload(stored()).granted()
    ours = patched(stored(), one.send.request.body or {})
    one.refused(409, resent=True).answered(changed(stored())).refused(409).answered(ours)
    assert (one.said, one.state.patched) == (("rolling", "deployed", ""), True)


def test_what_was_made_anew_is_not_what_an_answer_was_lost_of() -> None:
    one = OneWorkload(stored()).granted()
    copy = changed(patched(stored(), one.send.request.body or {}), uid="u2")
    one.refused(409, resent=True).answered(copy)
    assert (one.said, one.state.patched) == (("rolling", "unchanged", ""), False)


def test_where_ours_was_put_back_before_it_was_answered_it_is_sent_again() -> None:
    one = OneWorkload(stored()).granted()
    one.refused(409, resent=True).answered(changed(stored()))
    assert one.asked == [Verb.APPLY]
    assert one.answered().said == ("rolling", "deployed", "")


def test_where_part_of_ours_was_dropped_before_it_was_answered_it_is_from_what_it_was() -> None:
    one = OneWorkload(rolled().state.object, delivery(R2)).granted()
    before = one.state.object
    ours = patched(before, one.send.request.body or {})
    dropped = put(ours, "spec", "template", "metadata", "annotations", {})
    one.refused(409, resent=True).answered(dropped)
    assert one.asked == [Verb.APPLY]
    change = one.state.change
    assert (change.from_revision, change.to_revision, change.before[NAMES.pod_label]) == (R1, R2, R1)


def test_one_that_is_gone_is_not_created() -> None:
    one = OneWorkload(stored()).granted().refused(404).tell_gone()
    assert (one.said, one.commands) == (("done", "skipped", "workload_deleted"), [])


@pytest.mark.parametrize("one", [OneWorkload(stored()), rolling(), rolled()], ids=["pending", "rolling", "rolled"])
def test_one_that_goes_is_gone(one: OneWorkload) -> None:
    one.seen(None)
    assert one.said == ("done", "skipped", "workload_deleted")
    assert one.state.message == "it was deleted meanwhile"


def test_one_that_the_last_look_does_not_find_is_gone() -> None:
    assert rolled().tell(Compared(None)).said == ("done", "skipped", "workload_deleted")


def test_one_that_is_made_anew_waits_for_its_turn_again() -> None:
    one = rolling()
    one.seen(None).seen(stored(uid="u2"))
    assert one.said == ("pending", "deployed", "")
    assert (one.state.recreated, one.state.patched) == (1, False)
    assert one.granted().answered().said == ("rolling", "deployed", "")


def test_another_object_of_the_same_name_is_one_that_was_made_anew() -> None:
    # A LIST after a lost connection has no word of the one that went.
    for one in (rolling(), rolled()):
        assert one.seen(stored(uid="u2")).said == ("pending", "deployed", "")
    assert rolled().tell(Compared(stored(uid="u2"))).said == ("pending", "deployed", "")


def test_one_that_is_made_anew_with_the_filter_is_waited_for_only() -> None:
    one = rolling()
    copy = put(pods(one.state.object, updated=1), "metadata", "uid", "u2")
    one.seen(copy)
    assert one.said == ("rolling", "unchanged", "")
    assert len(one.commands) == 1


def test_one_that_is_made_anew_without_end_fails() -> None:
    one = rolling()
    for number in range(RECREATED_MAX):
        one.seen(stored(uid=f"n{number}")).granted().answered()
    assert one.state.phase == "rolling"
    one.seen(stored(uid="last"))
    assert one.said == ("done", "failed", "recreated")
    assert f"made anew {RECREATED_MAX + 1} times" in one.state.message


def test_made_anew_between_conflicts_counts_too() -> None:
    one = OneWorkload(stored()).granted()
    for number in range(RECREATED_MAX):
        one.refused(409).answered(stored(uid=f"n{number}"))
        assert one.asked == [Verb.APPLY]
    one.refused(409).answered(stored(uid="last"))
    assert (one.said, one.commands) == (("done", "failed", "recreated"), [])


def test_what_a_watch_tells_before_the_answer_is_kept_for_after_it() -> None:
    one = OneWorkload(stored()).granted()
    ours = patched(stored(), one.send.request.body or {})
    one.seen(pods(ours, updated=2))
    assert one.state.phase == "patching"
    assert one.answered(ours).state.phase == "rolled"
    one = OneWorkload(stored()).granted().seen(None)
    assert one.answered(ours).said == ("done", "skipped", "workload_deleted")


def test_what_a_watch_tells_before_the_answer_may_be_that_it_was_put_back() -> None:
    one = OneWorkload(stored()).granted()
    ours = patched(stored(), one.send.request.body or {})
    assert one.seen(without_label(ours)).answered(ours).said == ("done", "failed", "reverted")


def test_what_a_watch_tells_while_it_is_read_again_is_kept_for_after_it() -> None:
    # What was read may be older than that, and a watch tells everything once.
    one = OneWorkload(stored()).granted()
    ours = patched(stored(), one.send.request.body or {})
    one.refused(409, resent=True).seen(pods(ours, updated=2)).answered(pods(ours, updated=1))
    assert one.said == ("rolled", "deployed", "")
    one = OneWorkload(stored()).granted()
    one.refused(409).seen(pods(ours, updated=2)).answered(pods(ours, updated=1))
    assert one.said == ("rolled", "unchanged", "")
    one = OneWorkload(stored()).granted().refused(409).seen(None).answered(ours)
    assert one.said == ("done", "skipped", "workload_deleted")


def test_what_is_sent_after_it_was_read_again_does_not_forget_it_either() -> None:
    one = OneWorkload(stored()).granted().refused(409)
    one.seen(None).answered(changed(stored()))
    assert one.asked == [Verb.APPLY]
    assert one.refused(404).tell_gone().said == ("done", "skipped", "workload_deleted")
    one, newer = OneWorkload(stored()).granted(), changed(stored(generation=2))
    ours = patched(newer, one.send.request.body or {})
    one.refused(409).seen(pods(ours, updated=2)).answered(newer)
    assert one.asked == [Verb.APPLY]
    assert one.answered(ours).said == ("rolled", "deployed", "")


def test_one_that_was_made_anew_while_it_is_read_again_is_not_the_former() -> None:
    one = OneWorkload(stored()).granted()
    former = patched(stored(), one.send.request.body or {})
    one.refused(409).seen(former).answered(changed(stored(uid="u2")))
    assert (one.asked, one.state.recreated) == ([Verb.APPLY], 1)
    assert one.answered().said == ("rolling", "deployed", "")
    one = OneWorkload(stored()).granted().refused(404).seen(stored(uid="u2")).tell_gone()
    assert one.said == ("pending", "deployed", "")
    one = OneWorkload(stored()).granted().refused(404).seen(former).tell_gone()
    assert one.said == ("done", "skipped", "workload_deleted")


def owned(entry: Object, *managers: str) -> Object:
    return put(entry, "metadata", "managedFields", [{"manager": name, "time": "2026-01-01"} for name in managers])


def removing(*managers: str) -> OneWorkload:
    """A removal whose pods are done; `managers` own fields of the workload."""
    had = rolled().state.object
    one = rolling(REMOVAL, entry=had)
    return one.seen(owned(pods(one.state.object, updated=2), *managers))


def read(one: OneWorkload) -> OneWorkload:
    """What is to be given up was read."""
    return one.answered(one.state.object)


def test_what_we_own_of_a_workload_is_given_up_once_its_pods_are_done() -> None:
    one = removing("them", NAMES.field_manager)
    assert one.state.phase == "releasing"
    assert one.asked == [Verb.GET]
    # What is kept of a workload has not all of what others own, and that is sent back.
    fields: Object = {"f:spec": {"f:template": {"f:spec": {}}}}
    whole = owned(one.state.object, "them", NAMES.field_manager)
    whole["metadata"]["managedFields"][0]["fieldsV1"] = fields
    one.answered(whole)
    assert one.asked == [Verb.MERGE_PATCH]
    body = one.send.request.body or {}
    assert [(one["manager"], one["fieldsV1"]) for one in body["metadata"]["managedFields"]] == [("them", fields)]
    assert "spec" not in body
    one.answered(owned(one.state.object, "them"))
    assert one.said == ("rolled", "removed", "")


def test_what_we_do_not_own_is_not_given_up() -> None:
    one = removing("them")
    assert (one.said, one.commands) == (("rolled", "removed", ""), [])
    # While the filter is there its fields are ours.
    assert rolled(entry=owned(stored(), NAMES.field_manager)).state.phase == "rolled"


def test_a_conflict_over_it_is_read_again() -> None:
    one = read(removing(NAMES.field_manager)).refused(409)
    assert one.asked == [Verb.GET]
    one.answered(changed(owned(one.state.object, "them", NAMES.field_manager)))
    assert one.asked == [Verb.MERGE_PATCH]
    assert (one.send.request.body or {})["metadata"]["resourceVersion"] == "99"


def test_what_can_not_be_given_up_is_said_and_fails_nobody() -> None:
    one = read(removing(NAMES.field_manager)).refused(403)
    assert one.said == ("rolled", "removed", "")
    assert one.state.message.startswith("fields of it are still owned by our field manager: ")
    assert removing(NAMES.field_manager).refused(403).said == ("rolled", "removed", "")
    one = read(removing(NAMES.field_manager))
    for _each in range(CONFLICTS_MAX):
        one.refused(409).answered(owned(one.state.object, NAMES.field_manager))
    assert one.refused(409).said == ("rolled", "removed", "")


def test_one_that_goes_while_it_is_given_up_is_gone() -> None:
    assert removing(NAMES.field_manager).tell_gone().said == ("done", "skipped", "workload_deleted")
    one = read(removing(NAMES.field_manager))
    assert one.refused(404).tell_gone().said == ("done", "skipped", "workload_deleted")


def test_another_revision_that_another_run_puts_there_is_not_ours() -> None:
    one = rolled()
    theirs = OneWorkload(one.state.object, delivery(R2)).granted().answered().state.object
    assert one.seen(pods(theirs, updated=2)).said == ("done", "failed", "reverted")
