# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Outcome, Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.other_pods import INJECTED, verdicts

from tests.simulation.values import Object


def pod(name: str, kind: str = "", owner: str = "", injected: bool = True, controller: bool = True) -> Object:
    metadata: Object = {"name": name, "annotations": {INJECTED: "{}"} if injected else None}
    if kind:
        metadata["ownerReferences"] = [{"kind": "Other", "name": "x"}] if not controller else []
        metadata["ownerReferences"] += [{"kind": kind, "name": owner, "controller": controller}]
    return {"metadata": metadata}


def found(*pods: Object, handled: set[tuple[str, str]] | None = None) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in verdicts(list(pods), handled or set())]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Job", "a Job's pod template can't be changed"),
        ("ReplicaSet", "pods of a ReplicaSet are not replaced when its template changes"),
        ("ReplicationController", "pods of a ReplicationController are not replaced"),
    ],
)
def test_each_owner_is_named_once_with_the_reason(kind: str, said: str) -> None:
    (one,) = verdicts([pod("a", kind, "owner"), pod("b", kind, "owner")], set())
    assert (one.kind, one.name, one.outcome, one.reason) == (kind, "owner", Outcome.SKIPPED, Reason.KIND_NOT_HANDLED)
    assert one.message.startswith(said)
    assert "wasm_filter_delivery=inline" in one.message


def test_a_pod_without_an_owner_is_named_itself() -> None:
    (one,) = verdicts([pod("alone")], set())
    assert (one.kind, one.name) == ("Pod", "alone")
    assert one.message.startswith("a bare pod can't be given a volume while it runs")


def test_who_only_refers_to_a_pod_does_not_make_it() -> None:
    assert found(pod("a", "Job", "j", controller=False)) == [("Pod", "a")]


def test_pods_without_a_sidecar_are_nobodys_matter() -> None:
    assert found(pod("a", "Job", "j", injected=False), pod("b", injected=False)) == []


def test_pods_of_what_is_handled_are_not_told_of() -> None:
    assert found(pod("a", "ReplicaSet", "web-1"), handled={("ReplicaSet", "web-1")}) == []
    assert found(pod("a", "ReplicaSet", "web-1"), handled={("ReplicaSet", "web-2")}) == [("ReplicaSet", "web-1")]


def test_a_job_of_a_cron_job_that_is_handled_is_not_told_of() -> None:
    handled = {("CronJob", "nightly")}
    assert found(pod("a", "Job", "nightly-29123456"), handled=handled) == []
    others = [pod("a", "Job", name) for name in ("nightly-now", "other-29123456", "nightly")]
    assert len(found(*others, handled=handled)) == 3


def test_they_are_in_an_order_that_is_always_the_same() -> None:
    pods = [pod("b"), pod("x", "Job", "z"), pod("y", "Job", "a"), pod("a")]
    assert found(*pods) == found(*reversed(pods)) == [("Job", "a"), ("Job", "z"), ("Pod", "a"), ("Pod", "b")]
