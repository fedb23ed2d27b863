# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.going_back import GoingBack
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NONE, Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    IN_FLIGHT,
    SETTLED,
    Phase,
)

from tests.unit.module_utils.engine.workloads import OneWorkload, stored
from tests.unit.objects import NAMES


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


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_is_as_it_was_went_back_whoever_has_made_it_so(outcome: Outcome) -> None:
    state = replace(OneWorkload(stored()).state, outcome=outcome)
    assert not state.went_back
    back = replace(state, back=GoingBack(NAMES, NONE))
    # Unchanged: somebody has made it anew, or was faster.
    assert back.went_back == (outcome not in (Outcome.FAILED, Outcome.NOT_STARTED, Outcome.SKIPPED))
