# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.pod_diagnosis import SOON, Trouble
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.progress_lines import (
    of_objects,
    of_workload,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import WorkloadState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import Rollout, RolloutState

from tests.unit.module_utils.engine.workloads import OneWorkload, stored


def with_rollout(state: RolloutState, done: int, total: int = 2, message: str = "") -> WorkloadState:
    return replace(OneWorkload(stored()).state, rollout=Rollout(state, done, total, message))


WAITING = OneWorkload(stored()).state
ROLLING = with_rollout(RolloutState.ROLLING, 1, message="1 of 2 new pods are available")


def test_a_patch_is_a_step() -> None:
    patched = replace(WAITING, patched=True)
    assert of_workload(WAITING, patched, dry_run=False) == [("Deployment/web patched", True)]
    assert of_workload(WAITING, patched, dry_run=True) == [("Deployment/web would be patched", True)]
    assert of_workload(patched, patched, dry_run=False) == []


def test_pods_on_their_way_are_steps_and_the_end_is_told() -> None:
    assert of_workload(WAITING, ROLLING, False) == [("Deployment/web 1 of 2 new pods are available", True)]
    rolled = with_rollout(RolloutState.ROLLED, 2)
    assert of_workload(ROLLING, rolled, False) == [("Deployment/web rolled, 2 pods", False)]
    assert of_workload(ROLLING, with_rollout(RolloutState.ROLLED, 1, 1), False) == [
        ("Deployment/web rolled, 1 pod", False)
    ]


def test_what_is_held_or_has_failed_is_told() -> None:
    for state in (RolloutState.HELD, RolloutState.FAILED):
        assert of_workload(ROLLING, with_rollout(state, 1, message="why"), False) == [("Deployment/web why", False)]


def test_what_keeps_it_is_told_once() -> None:
    kept = replace(ROLLING, trouble=Trouble("pod a: not scheduled: no room", SOON))
    assert of_workload(ROLLING, kept, False) == [
        ("Deployment/web does not go on: pod a: not scheduled: no room", False)
    ]
    assert of_workload(kept, replace(kept, looks=2), False) == []


def test_what_is_to_be_known_of_a_patch_is_told() -> None:
    noted = replace(WAITING, change=replace(WAITING.change, message="note"))
    assert of_workload(noted, replace(noted, patched=True), True) == [("Deployment/web would be patched: note", False)]


def test_what_has_not_changed_is_not_told_again() -> None:
    assert of_workload(ROLLING, replace(ROLLING, deadline=9.0), False) == []


def test_objects_are_named_in_one_line() -> None:
    assert of_objects(("ConfigMap/a", "EnvoyFilter/b"), "set", False) == "ConfigMap/a and EnvoyFilter/b set"
    assert of_objects(("ConfigMap/a",), "deleted", True) == "ConfigMap/a would be deleted"
