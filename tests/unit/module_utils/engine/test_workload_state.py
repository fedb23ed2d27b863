# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    IN_FLIGHT,
    SETTLED,
    Phase,
)

from tests.unit.module_utils.engine.workloads import OneWorkload, stored


def test_a_label_is_what_people_type() -> None:
    assert OneWorkload(stored()).state.label == "Deployment/web"


def test_it_is_known_by_kind_namespace_and_name() -> None:
    state = OneWorkload(stored(name="api", namespace="pay")).state
    assert state.key == ("Deployment", "pay", "api")
    assert (state.namespace, state.name) == ("pay", "api")


def test_a_slot_is_taken_from_the_patch_until_the_pods_are_done() -> None:
    assert {Phase.PATCHING, Phase.READING, Phase.ROLLING} == IN_FLIGHT


def test_what_is_settled_has_no_slot_and_waits_for_nobody() -> None:
    assert {Phase.ROLLED, Phase.DONE} == SETTLED
    # What waits for its turn, or gives up its fields, is neither.
    assert set(Phase) - IN_FLIGHT - SETTLED == {Phase.PENDING, Phase.RELEASING}
