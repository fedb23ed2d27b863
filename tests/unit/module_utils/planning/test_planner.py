# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    DeliveryName,
    Exclusion,
    Plan,
    Run,
    State,
    Target,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import planner

from tests.unit.module_utils.planning.test_request import granted

RUN = Run("id", 1.5, True)


def draft(*names: str, **changes: Any) -> Plan:
    request = granted(namespaces=list(names), **changes)
    return planner.draft(request, tuple(Target("c", name) for name in names), RUN)


def test_the_plan_is_what_was_asked_for() -> None:
    plan = draft("shop", "pay", filter_name="one", config_map_name="cm", delivery="inline", result_file="/r")
    assert (plan.state, plan.filter_name, plan.config_map_name) == (State.PRESENT, "one", "cm")
    assert (plan.delivery, plan.options.result_file, plan.run) == (DeliveryName.INLINE, "/r", RUN)
    assert plan.targets == (Target("c", "shop"), Target("c", "pay"))
    assert plan.binary and plan.binary.size > 0
    assert (plan.revision, plan.envoy_filter_spec, plan.exclusions) == ("", {}, ())
    left_alone = (Exclusion("c", "shop", "Deployment", "web", "no_sidecar", "m"),)
    assert planner.draft(granted(), plan.targets, RUN, left_alone).exclusions == left_alone


@pytest.mark.parametrize(
    ("serial", "waves"),
    [
        (["100%"], (("a", "b", "c", "d", "e"),)),
        ([1, "40%"], (("a",), ("b", "c"), ("d", "e"))),
        (2, (("a", "b"), ("c", "d"), ("e",))),
    ],
)
def test_each_target_is_in_one_wave_in_order(serial: object, waves: tuple[tuple[str, ...], ...]) -> None:
    assert draft(*"abcde", variables={"wasm_filter_serial": serial}).waves == waves


def test_complete() -> None:
    plan = planner.complete(draft("a"), "00000000ab", {"configPatches": []})
    assert (plan.revision, plan.envoy_filter_spec) == ("00000000ab", {"configPatches": []})
    assert Plan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan
    gone = draft("a", state="absent")
    assert planner.complete(gone, "", {}) == gone


@pytest.mark.parametrize(("revision", "spec"), [("", {}), ("00000000ab", {}), ("", {"a": 1})])
def test_a_plan_to_roll_out_needs_both(revision: str, spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="state present needs revision and envoy_filter_spec"):
        planner.complete(draft("a"), revision, spec)


@pytest.mark.parametrize(("revision", "spec"), [("00000000ab", {}), ("", {"a": 1})])
def test_a_plan_to_take_out_has_neither(revision: str, spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="state absent takes no revision and envoy_filter_spec"):
        planner.complete(draft("a", state="absent"), revision, spec)
