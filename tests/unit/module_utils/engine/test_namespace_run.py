from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.rollout_wait import GONE, Awaited
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.snapshot import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.workload_change import WorkloadChange
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace_run import (
    LABELS_MAX,
    NamespaceRun,
    WorkloadRun,
    concluded,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import (
    FAILED,
    HELD,
    ROLLED,
    ROLLING,
    Rollout,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.objects import R1, workload

BODY: dict[str, Any] = {"spec": {}}


def entry(
    name: str = "web", said: str = "deployed", body: dict[str, Any] | None = BODY, to: str = R1, **more: Any
) -> WorkloadRun:
    change = WorkloadChange("none", to, body)
    verdict = WorkloadVerdict("Deployment", name, said, "none", to, **more)
    return WorkloadRun(DEPLOYMENT, workload(name=name), change, verdict)


def failed(name: str, message: str, reason: str = "api_refused") -> WorkloadRun:
    return entry(name, "failed", reason=reason, message=message)


def run(*workloads: WorkloadRun, changed: bool = True) -> NamespaceRun:
    found = NamespaceRun(NamespaceState("shop"), NamespaceVerdict("shop", "unchanged"), list(workloads))
    if changed:
        found.before, found.after = {"a": 1}, {"a": 2}
    return found


def said(found: NamespaceRun) -> NamespaceVerdict:
    return concluded(found, "deployed", "revision 1")


def awaited(state: str, changed: bool = True, replaced: bool = False) -> WorkloadRun:
    found = entry()
    found.workload["metadata"]["uid"] = "u"
    found.awaited = Awaited(DEPLOYMENT, found.workload, changed)
    found.awaited.rollout = Rollout(state, 0, 2, "m", replaced)
    return found


def test_a_label_is_what_people_type() -> None:
    assert entry("web").label == "Deployment/web"


def test_what_is_not_waited_for_has_rolled() -> None:
    assert entry().rolled


@pytest.mark.parametrize(("state", "rolled"), [(ROLLED, True), (HELD, True), (GONE, True), (ROLLING, False)])
def test_what_has_settled_has_rolled(state: str, rolled: bool) -> None:
    assert awaited(state).rolled is rolled


def test_what_failed_has_not_rolled_but_for_what_was_ill_before() -> None:
    assert not awaited(FAILED).rolled
    assert not awaited(FAILED, changed=False).rolled
    assert not awaited(FAILED, replaced=True).rolled
    assert not awaited(ROLLING, replaced=True).rolled
    assert awaited(FAILED, changed=False, replaced=True).rolled
    assert awaited(ROLLING, changed=False, replaced=True).rolled


def test_a_failure_is_kept() -> None:
    found = run()
    assert not found.failed
    found.fail("not_injected", "it is not")
    assert found.failed
    verdict = said(found)
    assert (verdict.verdict, verdict.reason, verdict.message) == ("failed", "not_injected", "it is not")
    assert verdict.changed
    assert verdict.diff == {"before": {"a": 1}, "after": {"a": 2}}


def test_a_failure_of_the_namespace_goes_before_those_of_its_workloads() -> None:
    found = run(failed("web", "no"))
    found.fail("foreign_object", "not ours")
    assert said(found).message == "not ours"


def test_two_runs_share_nothing() -> None:
    one, other = run(), run(changed=False)
    one.before["b"] = 1
    one.workloads.append(entry())
    assert (other.before, other.after, other.workloads) == ({}, {}, [])


def test_what_was_done() -> None:
    web = entry()
    verdict = said(run(web, entry("same", "unchanged", None)))
    assert (verdict.verdict, verdict.changed, verdict.reason) == ("deployed", True, "")
    assert verdict.message == "revision 1, 1 of 2 workloads patched"
    assert verdict.workloads[0] is web.verdict


def test_nothing_to_do() -> None:
    verdict = said(run(entry(said="unchanged", body=None), changed=False))
    assert (verdict.verdict, verdict.changed) == ("unchanged", False)
    assert verdict.message == "nothing to do, revision 1"


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_change_on_either_side_is_one(side: str) -> None:
    found = run(changed=False)
    getattr(found, side)["a"] = 1
    assert (said(found).verdict, said(found).changed) == ("deployed", True)


def test_where_no_pod_has_to_change_it_is_said_so() -> None:
    assert said(run(entry(said="unchanged", body=None, to="none"))).message == "revision 1, no workload restarted"
    assert said(run()).message == "revision 1, no workload restarted"


def test_those_skipped_and_held_back_are_named_with_the_reason() -> None:
    skipped = entry("plain", "skipped", None, "none", reason="host_network")
    held = entry("held", reason="rollout_held")
    assert said(run(entry(), skipped, held)).message == (
        "revision 1, 2 of 3 workloads patched, 1 skipped (Deployment/plain: host_network), "
        "1 held back (Deployment/held: rollout_held)"
    )


@pytest.mark.parametrize(("others", "rest"), [(0, ""), (1, "; 1 other done"), (2, "; 2 others done")])
def test_one_workload_fails_the_namespace_and_the_rest_is_counted(others: int, rest: str) -> None:
    done = [entry(f"w{number}") for number in range(others)]
    verdict = said(run(*done, failed("bad", "it can't", "rollout_timeout")))
    assert (verdict.verdict, verdict.reason, verdict.changed) == ("failed", "rollout_timeout", True)
    assert verdict.message == f"Deployment/bad: it can't{rest}"


def refusal(name: str) -> str:
    return f"failed to patch /apis/apps/v1/namespaces/shop/deployments/{name}: no (HTTP 403)"


def test_the_same_sentence_is_told_once_with_the_names_of_all() -> None:
    verdict = said(run(failed("a", refusal("a")), failed("b", "late"), failed("c", refusal("c"))))
    assert verdict.message == (
        "Deployment/a, Deployment/c: failed to patch /apis/apps/v1/namespaces/shop/deployments/NAME: no (HTTP 403); "
        "Deployment/b: late"
    )


def test_a_sentence_of_one_workload_stays_as_it_is() -> None:
    assert said(run(failed("a", refusal("a")))).message == f"Deployment/a: {refusal('a')}"


@pytest.mark.parametrize(("count", "more"), [(LABELS_MAX, ""), (LABELS_MAX + 1, " and 1 more"), (200, " and 195 more")])
def test_of_many_names_only_the_first_are_told(count: int, more: str) -> None:
    message = said(run(*[failed(f"w{number}", refusal(f"w{number}")) for number in range(count)])).message
    labels, _colon, _rest = message.partition(": ")
    assert labels == ", ".join(f"Deployment/w{number}" for number in range(LABELS_MAX)) + more
    assert message.count("HTTP 403") == 1


def test_what_each_workload_says_for_itself_is_not_changed() -> None:
    verdict = said(run(failed("a", refusal("a")), failed("b", refusal("b"))))
    assert [workload.message for workload in verdict.workloads] == [refusal("a"), refusal("b")]
