# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    Outcome,
    Reason,
    WorkloadVerdict,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import namespace
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.conclusion import (
    Conclusion,
    not_started,
    of_ineligible,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Compared, Stopped, Woken
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import WorkloadState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

from tests.simulation.values import Object, merged
from tests.unit.module_utils.engine.workloads import REMOVAL, OneWorkload, pods, rolled, rolling, stored
from tests.unit.objects import NAMES, R1, R2, delivery

WHAT = f"revision {R1} (configmap)"
FAILURE = ("foreign_object", "it is not ours")


def shop(changed: bool = True, **fields: Any) -> NamespaceState:
    state = NamespaceState("shop", delivery(), NamespaceObjects(), **fields)
    return replace(state, before={"a": 1}, after={"a": 2}) if changed else state


def said(
    state: NamespaceState, *workloads: WorkloadState, others: list[WorkloadVerdict] | None = None
) -> NamespaceVerdict:
    return Conclusion(state, list(workloads), others or []).verdict()


def deployed(name: str = "web") -> WorkloadState:
    one = rolled(name=name)
    return one.tell(Compared(one.state.object)).state


def unchanged(name: str = "web") -> WorkloadState:
    return OneWorkload(deployed(name).object).tell(Compared(deployed(name).object)).state


def failed(name: str = "web", status: int = 403) -> WorkloadState:
    return OneWorkload(stored(name=name)).granted().refused(status).state


def test_what_was_done() -> None:
    verdict = said(shop(), deployed(), unchanged("same"))
    assert (verdict.outcome, verdict.changed, verdict.reason) == ("deployed", True, "")
    assert verdict.message == f"{WHAT}: 1 workload patched, 1 already on it"
    assert [(one.kind, one.name, one.outcome) for one in verdict.workloads] == [
        ("Deployment", "web", "deployed"),
        ("Deployment", "same", "unchanged"),
    ]
    assert (verdict.workloads[0].from_revision, verdict.workloads[0].to_revision) == ("none", R1)


def test_nothing_to_do() -> None:
    verdict = said(shop(changed=False), unchanged())
    assert (verdict.outcome, verdict.changed) == ("unchanged", False)
    assert verdict.message == f"nothing to do, {WHAT}: 1 workload already on it"


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_change_on_either_side_is_one(side: str) -> None:
    state = shop(changed=False, **{side: {"a": 1}})
    assert (said(state).outcome, said(state).changed) == ("deployed", True)


def test_a_workload_that_was_patched_is_a_change_and_in_the_diff() -> None:
    verdict = said(shop(changed=False), deployed())
    assert verdict.changed
    assert NAMES.pod_label not in verdict.diff["before"]["Deployment/web"]
    assert verdict.diff["after"]["Deployment/web"][NAMES.pod_label] == R1
    assert said(shop(changed=False), failed()).diff == {"before": {}, "after": {}}


def test_the_diff_shows_no_value_in_the_volumes_of_an_application() -> None:
    own = '[{"name": "mine", "csi": {"volumeAttributes": {"password": "s3cret"}}}]'
    template = {"metadata": {"annotations": {"sidecar.istio.io/userVolume": own}}}
    one = OneWorkload(merged(stored(), {"spec": {"template": template}})).granted().answered()
    diff = said(shop(), one.state).diff
    assert "s3cret" not in str(diff)
    for side in ("before", "after"):
        assert '"name":"mine"' in diff[side]["Deployment/web"]["sidecar.istio.io/userVolume"]
        assert "password" in str(diff[side])
    assert f"wasm-filter-{R1}" in str(diff["after"]["Deployment/web"])


def test_a_removal_says_so() -> None:
    state = NamespaceState("shop", REMOVAL, NamespaceObjects())
    one = rolled(REMOVAL, entry=deployed().object)
    verdict = said(state, one.tell(Compared(one.state.object)).state)
    assert (verdict.outcome, verdict.message) == ("removed", "filter removed: 1 workload patched")


def test_a_failure_is_kept_with_what_was_done_before() -> None:
    verdict = said(shop(failure=FAILURE))
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "foreign_object", True)
    assert verdict.message == f"it is not ours; what was done before: {WHAT}: no workloads"
    assert verdict.diff == {"before": {"a": 1}, "after": {"a": 2}}
    assert said(shop(changed=False, failure=FAILURE)).message == "it is not ours"


def test_a_failure_of_the_namespace_goes_before_those_of_its_workloads() -> None:
    verdict = said(shop(failure=FAILURE), failed())
    assert verdict.message.startswith("it is not ours")
    assert verdict.reason == "foreign_object"


def test_two_namespaces_share_nothing() -> None:
    one, other = said(shop(changed=False), deployed()), said(shop(changed=False))
    one.diff["before"]["b"] = 1
    one.workloads.append(one.workloads[0])
    assert (other.diff, other.workloads) == ({"before": {}, "after": {}}, [])


def test_one_workload_fails_the_namespace_and_the_rest_is_counted() -> None:
    verdict = said(shop(), deployed("a"), failed("bad"), deployed("b"))
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "api_refused", True)
    assert verdict.message == f"Deployment/bad: failed to patch web: no (HTTP 403); {WHAT}: 2 other workloads patched"
    bad = verdict.workloads[1]
    # It is on what it was on.
    assert (bad.outcome, bad.from_revision, bad.to_revision) == ("failed", "none", "none")
    assert said(shop(changed=False), failed()).message == "Deployment/web: failed to patch web: no (HTTP 403)"


def test_the_reason_is_that_of_the_first_workload_that_failed() -> None:
    late = rolling(name="late")
    gone_back = late.seen(
        pods(late.state.object, 1, 1, conditions=[{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}])
    )
    assert said(shop(), deployed(), gone_back.state, failed("z")).reason == Reason.ROLLOUT_FAILED


def test_one_that_was_patched_and_failed_is_on_the_new_revision() -> None:
    one = rolling()
    one.now += 1000
    (late,) = said(shop(), one.tell(Woken()).state).workloads
    assert (late.outcome, late.to_revision) == ("failed", R1)


CRASHING = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}


def test_what_its_pods_say_is_told_of_a_workload_that_is_late() -> None:
    pod: Object = {"metadata": {"name": "web-1", "labels": {"app": "web"}}, "status": CRASHING}
    one = rolling().state
    why = "; pod web-1: container app is waiting: CrashLoopBackOff"
    for unexplained in (True, False):
        late = replace(one, outcome=Outcome.FAILED, message="late", unexplained=unexplained)
        (verdict,) = said(shop(pods=(pod,)), late).workloads
        assert verdict.message == ("late" + why if unexplained else "late")


def test_workloads_of_a_namespace_that_ended_before_their_turn_were_not_started() -> None:
    verdict = said(shop(failure=FAILURE), OneWorkload(stored()).state, unchanged("same"))
    assert [(one.outcome, one.to_revision) for one in verdict.workloads] == [("not_started", "none"), ("unchanged", R1)]


def test_one_that_was_stopped_and_changed_nothing_was_not_started() -> None:
    stopped = OneWorkload(stored()).tell(Stopped()).state
    verdict = said(shop(changed=False), stopped)
    assert (verdict.outcome, verdict.reason) == ("not_started", "stopped")
    assert verdict.message == "the run was stopped before it was begun"
    ended = namespace.ended(shop(changed=False), Reason.STOPPED, "the run was stopped")
    assert (said(ended).outcome, said(ended).message) == ("not_started", "the run was stopped")


def test_one_that_was_stopped_with_something_done_has_failed_and_says_what() -> None:
    stopped = OneWorkload(stored()).tell(Stopped()).state
    verdict = said(shop(), deployed("a"), stopped)
    assert (verdict.outcome, verdict.reason) == ("failed", "stopped")
    assert verdict.message.startswith("the run was stopped before it was begun; what was done before: ")
    assert "1 workload patched; 1 not started (stopped: Deployment/web)" in verdict.message


def test_one_that_may_have_been_changed_has_not_been_left_alone() -> None:
    state = replace(namespace.ended(shop(changed=False), Reason.STOPPED, "not known"), unsure=True)
    assert (said(state).outcome, said(state).changed) == ("failed", False)


LEFT = WorkloadVerdict("Job", "nightly", Outcome.SKIPPED, reason=Reason.KIND_NOT_HANDLED, message="can't be")


def test_one_that_was_set_aside_is_skipped_and_names_what_is_there() -> None:
    verdict = said(shop(changed=False, set_aside=(Reason.NO_WORKLOADS, "")), others=[LEFT])
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("skipped", "no_workloads", False)
    assert verdict.workloads == [LEFT]
    assert verdict.message.endswith("1 skipped (kind_not_handled: Job/nightly)")


def test_what_could_not_be_read_is_named() -> None:
    verdict = said(shop(unreadable=("cronjobs", "pods")), deployed())
    assert verdict.message.endswith("; cronjobs, pods may not be read, and were left alone")


def test_one_that_was_not_eligible_has_the_words_of_preflight() -> None:
    assert of_ineligible("shop", "not_injected", "no") == NamespaceVerdict(
        "shop", Outcome.FAILED, reason="not_injected", message="no"
    )


def test_one_whose_wave_was_not_begun_says_why() -> None:
    verdict = not_started("shop", Reason.EARLIER_WAVE, "1 of 2 failed")
    assert (verdict.outcome, verdict.reason, verdict.message) == ("not_started", "earlier_wave", "1 of 2 failed")


def test_a_workload_that_another_revision_is_on_says_from_which_it_comes() -> None:
    one = rolled(delivery(R2), entry=deployed().object)
    verdict = said(shop(), one.tell(Compared(one.state.object)).state).workloads[0]
    assert (verdict.from_revision, verdict.to_revision) == (R1, R2)


RUNS = PodProof("web-1", Proof.PROVED, labels={"app": "web"})
TRAPS = PodProof("web-2", Proof.DISPROVED, "not_running", "it traps", labels={"app": "web"}, fails=True)
SILENT = PodProof("other-1", Proof.UNPROVED, "proof_forbidden", "it is secret", labels={"app": "other"})


def test_what_its_pods_show_is_added() -> None:
    verdict = said(shop(proofs=(RUNS,)), deployed())
    assert verdict.message == f"{WHAT}: 1 workload patched; the filter runs in 1 pod"
    assert verdict.workloads[0].pods == [RUNS.as_dict()] and verdict.pods == []


def test_a_pod_in_which_it_does_not_run_fails_its_workload() -> None:
    verdict = said(shop(proofs=(RUNS, TRAPS)), deployed())
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "not_running", True)
    assert verdict.message.startswith("Deployment/web: pod web-2: it traps; ")
    (workload,) = verdict.workloads
    assert (workload.outcome, workload.reason, workload.message) == ("failed", "not_running", "pod web-2: it traps")
    assert [pod["name"] for pod in workload.pods] == ["web-1", "web-2"]


def test_a_workload_that_failed_before_keeps_its_reason() -> None:
    verdict = said(shop(proofs=(TRAPS,)), failed())
    assert (verdict.workloads[0].reason, verdict.reason) == ("api_refused", "api_refused")


def test_pods_of_no_workload_are_the_namespaces() -> None:
    verdict = said(shop(proofs=(SILENT,)), deployed())
    assert (verdict.outcome, verdict.pods) == ("deployed", [SILENT.as_dict()])
    assert verdict.message.endswith("; the filter runs in 0 of 1 pod; not known of pod other-1: it is secret")
    verdict = said(shop(proofs=(replace(SILENT, fails=True),)), deployed())
    assert (verdict.outcome, verdict.reason) == ("failed", "proof_forbidden")
    assert verdict.message == f"pod other-1: it is secret; {WHAT}: 1 workload patched; the filter runs in 0 of 1 pod"


def test_a_pod_without_a_sidecar_fails_what_has_nothing_to_do() -> None:
    verdict = said(shop(changed=False, proofs=(TRAPS,)), unchanged())
    assert (verdict.outcome, verdict.changed) == ("failed", False)
    assert verdict.message == "Deployment/web: pod web-2: it traps"


def test_what_was_known_of_the_pods_of_a_deleted_workload_says_nothing() -> None:
    gone = replace(deployed(), outcome=Outcome.SKIPPED, reason=Reason.WORKLOAD_DELETED)
    verdict = said(shop(proofs=(TRAPS,)), gone)
    assert (verdict.outcome, verdict.workloads[0].outcome) == ("deployed", "skipped")
