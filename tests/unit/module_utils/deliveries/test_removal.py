# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import (
    NamespaceObjects,
    StepAction,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NONE, Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.values import merged
from tests.unit.objects import NAMES, R1, R2, binary, delivery, release, workload

REMOVAL = Removal(NAMES)


def objects() -> NamespaceObjects:
    maps = [release(revision).config_map("shop", "x") for revision in (R1, R2)]
    filters = [release(R1).envoy_filter("shop", f"trace-filter-{R1}")]
    filters.append(release(R2, "inline").envoy_filter("shop", "trace-filter"))
    return NamespaceObjects([{"metadata": one["metadata"]} for one in maps], filters)


def test_nothing_is_put_anywhere() -> None:
    assert REMOVAL.steps_before("shop", objects()) == []
    # What refers to its revisions is not asked for: all of them go.
    assert REMOVAL.superseded(objects()) == []


def test_the_objects_of_every_delivery_go_the_envoy_filters_first() -> None:
    steps = REMOVAL.steps_after("shop", objects(), set(), all_well=True)
    assert {step.action for step in steps} == {StepAction.DELETE}
    assert [step.label for step in steps] == [
        f"EnvoyFilter/trace-filter-{R1}",
        "EnvoyFilter/trace-filter",
        f"ConfigMap/wasm-filter-{R1}",
        f"ConfigMap/wasm-filter-{R2}",
    ]
    assert binary().sha256 in str(steps[-1].before)


def test_pods_of_a_workload_that_failed_keep_their_file() -> None:
    steps = REMOVAL.steps_after("shop", objects(), set(), all_well=False)
    assert [step.kind for step in steps] == ["EnvoyFilter", "EnvoyFilter"]


def test_a_workload_is_as_it_was_and_nothing_is_left_then() -> None:
    entry = merged(workload(), {"metadata": {"uid": "u", "resourceVersion": "1"}})
    deployed = merged(entry, delivery().change(DEPLOYMENT, entry).body)
    change = REMOVAL.change(DEPLOYMENT, deployed)
    assert (change.outcome, change.from_revision, change.to_revision) == (Outcome.REMOVED, R1, NONE)
    assert len(REMOVAL.missing(DEPLOYMENT, change, deployed)) == 2
    assert REMOVAL.missing(DEPLOYMENT, change, merged(deployed, change.body)) == []


def test_it_says_what_it_has_come_to() -> None:
    assert (REMOVAL.done, REMOVAL.description, REMOVAL.restarts_pods) == (Outcome.REMOVED, "filter removed", False)
