# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import ObjectStep, StepAction
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.going_back import GoingBack, undone
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.module_utils.deliveries.test_workload_change import applied, deployed, stored
from tests.unit.objects import NAMES, R1, R2


@pytest.mark.parametrize(("before", "revision"), [(stored(), "none"), (deployed(R1), R1)], ids=["none", "revision"])
def test_a_workload_is_as_it_was(before: dict[str, Any], revision: str) -> None:
    after = applied(before, workload_change.deploy(DEPLOYMENT, before, NAMES, R2))
    back = GoingBack(NAMES, revision)
    change = back.change(DEPLOYMENT, after)
    assert (change.outcome, change.from_revision, change.to_revision) == ("rolled_back", R2, revision)
    assert back.missing(DEPLOYMENT, change, after)
    found = applied(after, change)
    pods, before_pods = found["spec"]["template"]["metadata"], before["spec"]["template"]["metadata"]
    # The API server leaves out a map that is empty.
    assert {**pods, "annotations": pods["annotations"] or None} == {"annotations": None, **before_pods}
    assert found["metadata"].get("annotations", {}) == before["metadata"].get("annotations", {})
    assert back.missing(DEPLOYMENT, change, found) == []
    assert back.change(DEPLOYMENT, found).body is None


def test_what_had_been_rolled_back_by_hand_is_marked_again() -> None:
    before = applied(deployed(R2), workload_change.deploy(DEPLOYMENT, deployed(R2), NAMES, R1, back=True, back_from=R2))
    forward = workload_change.deploy(DEPLOYMENT, before, NAMES, "3333333333")
    after = applied(before, forward)
    del after["metadata"]["annotations"][NAMES.back_from_annotation]
    found = applied(after, GoingBack(NAMES, R1, back_from=forward.back_from).change(DEPLOYMENT, after))
    assert found["metadata"]["annotations"][NAMES.back_from_annotation] == R2


def step(action: StepAction, name: str, found: dict[str, Any] | None, kind: str = "EnvoyFilter") -> ObjectStep:
    body = {"kind": kind, "metadata": {"name": name, "labels": {"of": "new"}}, "spec": {"new": True}}
    return ObjectStep(action, kind, f"/{kind}", name, body, found, before={"a": 1}, after={"a": 2})


OLD = {
    "metadata": {"name": "old", "namespace": "shop", "uid": "u", "resourceVersion": "7", "labels": {"of": "old"}},
    "spec": {"old": True},
}
AGAIN = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "EnvoyFilter",
    "metadata": {"name": "old", "namespace": "shop", "labels": {"of": "old"}},
    "spec": {"old": True},
}


def test_what_was_created_goes() -> None:
    created = [step(StepAction.ENSURE, "a", None, "ConfigMap"), step(StepAction.ENSURE, "b", None)]
    assert [(one.action, one.path, one.body) for one in undone(created)] == [
        ("delete", "/EnvoyFilter/b", None),
        ("delete", "/ConfigMap/a", None),
    ]


def test_what_was_replaced_or_deleted_is_there_again_as_it_was() -> None:
    (replaced,) = undone([step(StepAction.ENSURE, "old", OLD)])
    assert (replaced.action, replaced.body, replaced.found, replaced.replaceable) == ("ensure", AGAIN, OLD, True)
    (deleted,) = undone([replace(step(StepAction.DELETE, "old", OLD), body=None)])
    assert (deleted.action, deleted.body, deleted.found) == ("ensure", AGAIN, None)
    assert (deleted.before, deleted.after) == ({}, {}), "what is as it was is no difference"
