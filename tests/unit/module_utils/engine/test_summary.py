# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NONE,
    Outcome,
    Reason,
    WorkloadVerdict,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.summary import (
    NAMES_MAX,
    failure_sentence,
    summary,
)

from tests.unit.objects import R1

WHAT = f"revision {R1} (configmap)"
GONE = "filter removed"
DEPLOYED, REMOVED, UNCHANGED = Outcome.DEPLOYED, Outcome.REMOVED, Outcome.UNCHANGED


def one(name: str, outcome: Outcome = DEPLOYED, to: str = R1, kind: str = "Deployment", **more: Any) -> WorkloadVerdict:
    return WorkloadVerdict(kind, name, outcome, NONE, to, **more)


def skipped(name: str, reason: str, kind: str = "Deployment") -> WorkloadVerdict:
    return one(name, Outcome.SKIPPED, NONE, kind, reason=reason)


def failed(name: str, message: str, reason: str = Reason.API_REFUSED) -> WorkloadVerdict:
    return one(name, Outcome.FAILED, reason=reason, message=message)


def said(done: Outcome, *workloads: WorkloadVerdict, what: str = WHAT, patched: str = "") -> str:
    keys = {(found.kind, found.name) for found in workloads if found.name in patched.split()}
    return summary(done, what, list(workloads), keys)


def test_a_deployment_counts_those_patched_and_those_that_had_it_already() -> None:
    assert said(DEPLOYED, one("a"), patched="a") == f"{WHAT}: 1 workload patched"
    assert said(DEPLOYED, one("a"), one("b"), one("c", UNCHANGED), patched="a b") == (
        f"{WHAT}: 2 workloads patched, 1 already on it"
    )
    # Its objects were mended, or a ConfigMap of old was deleted.
    assert said(DEPLOYED, one("a", UNCHANGED)) == f"{WHAT}: 1 workload already on it"


def test_a_removal_says_what_the_others_are() -> None:
    workloads = [one(name, REMOVED, NONE) for name in "abcde"] + [one(name, UNCHANGED, NONE) for name in "wxyz"]
    assert said(REMOVED, *workloads, what=GONE, patched="a b c d e") == (
        "filter removed: 5 workloads patched, 4 had no filter"
    )


def test_without_restarts_without_workloads_and_without_anything_of_it_are_three_things() -> None:
    inline = "revision 1 (inline)"
    assert said(DEPLOYED, one("a", UNCHANGED, NONE), what=inline) == "revision 1 (inline): no pod restarts"
    assert said(REMOVED, one("a", UNCHANGED, NONE), what=GONE) == "filter removed: no workload patched"
    assert said(DEPLOYED) == f"{WHAT}: no workloads"


def test_those_skipped_are_named_by_reason() -> None:
    workloads = [
        one("a"),
        skipped("b", "host_network"),
        skipped("c", "injection_disabled"),
        skipped("d", "host_network"),
    ]
    groups = "2 skipped (host_network: Deployment/b, Deployment/d); 1 skipped (injection_disabled: Deployment/c)"
    assert said(DEPLOYED, *workloads, patched="a") == f"{WHAT}: 1 workload patched; {groups}"
    assert said(DEPLOYED, *workloads[1:]) == f"{WHAT}: no workload patched; {groups}"


def test_where_nothing_takes_the_filter_what_is_there_is_named() -> None:
    pods = [skipped(f"job-{number}", Reason.KIND_NOT_HANDLED, "Pod") for number in range(NAMES_MAX + 2)]
    names = ", ".join(f"Pod/job-{number}" for number in range(NAMES_MAX))
    assert said(DEPLOYED, *pods) == (
        f"{WHAT}: no workload patched; {len(pods)} skipped (kind_not_handled: {names} and 2 more)"
    )


def test_one_held_back_counts_as_patched_where_it_was_and_is_named_either_way() -> None:
    held = one("h", Outcome.HELD, reason=Reason.ROLLOUT_HELD)
    named = "1 held back (rollout_held: Deployment/h)"
    assert said(DEPLOYED, one("a"), held, patched="a h") == f"{WHAT}: 2 workloads patched; {named}"
    assert said(DEPLOYED, one("a", UNCHANGED), held) == f"{WHAT}: 1 workload already on it; {named}"


def test_what_failed_is_not_counted_as_patched() -> None:
    workloads = [failed("bad", "it can't"), one("x"), one("same", UNCHANGED)]
    assert said(DEPLOYED, *workloads, patched="bad x") == f"{WHAT}: 1 other workload patched, 1 already on it"
    assert said(DEPLOYED, *workloads[::2], patched="bad") == f"{WHAT}: 1 other workload already on it"
    assert said(DEPLOYED, workloads[0], patched="bad") == f"{WHAT}: no other workload patched"


def refusal(name: str) -> str:
    return f"failed to patch /apis/apps/v1/namespaces/shop/deployments/{name}: no (HTTP 403)"


def test_the_same_sentence_is_told_once_with_the_names_of_all() -> None:
    assert failure_sentence([failed("a", refusal("a")), failed("b", "late"), failed("c", refusal("c"))]) == (
        "Deployment/a, Deployment/c: failed to patch /apis/apps/v1/namespaces/shop/deployments/NAME: no (HTTP 403); "
        "Deployment/b: late"
    )


def test_a_sentence_of_one_workload_stays_as_it_is() -> None:
    assert failure_sentence([failed("a", refusal("a"))]) == f"Deployment/a: {refusal('a')}"


@pytest.mark.parametrize(("count", "more"), [(NAMES_MAX, ""), (NAMES_MAX + 1, " and 1 more"), (200, " and 195 more")])
def test_of_many_names_only_the_first_are_told(count: int, more: str) -> None:
    message = failure_sentence([failed(f"w{number}", refusal(f"w{number}")) for number in range(count)])
    labels, _colon, _rest = message.partition(": ")
    assert labels == ", ".join(f"Deployment/w{number}" for number in range(NAMES_MAX)) + more
    assert message.count("HTTP 403") == 1


def test_what_each_workload_says_for_itself_is_not_changed() -> None:
    workloads = [failed("a", refusal("a")), failed("b", refusal("b"))]
    failure_sentence(workloads)
    assert [workload.message for workload in workloads] == [refusal("a"), refusal("b")]


def test_what_was_not_begun_is_named() -> None:
    waiting = [one("c", Outcome.NOT_STARTED, NONE, reason=Reason.STOPPED), one("d", Outcome.NOT_STARTED, NONE)]
    assert said(DEPLOYED, one("b"), *waiting, patched="b") == (
        f"{WHAT}: 1 workload patched; 1 not started (stopped: Deployment/c); 1 not started (Deployment/d)"
    )
