# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    VERSION,
    Binary,
    DeliveryName,
    Exclusion,
    Options,
    Plan,
    Run,
    State,
    Target,
)


def plan(**fields: Any) -> Plan:
    given: dict[str, Any] = {
        "state": State.PRESENT,
        "filter_name": "trace",
        "config_map_name": "filters",
        "targets": (Target("east", "shop"), Target("east", "pay", "not_injected", "no"), Target("east", "bank")),
        "waves": (("shop",), ("pay", "bank")),
        "run": Run("r1", 12.5, True, {"to": "backend"}),
        "options": Options(60, 7, 25, 30, "/tmp/result.json"),
        "delivery": DeliveryName.INLINE,
        "revision": "0123456789",
        "binary": Binary("/f.wasm", "ab", 3, ("proxy_log", "proxy_on_tick")),
        "envoy_filter_spec": {"configPatches": [{"applyTo": "HTTP_FILTER"}]},
        "exclusions": (
            Exclusion("east", "shop", "Deployment", "web", "no_sidecar", "m"),
            Exclusion("east", "bank", "Deployment", "web", "no_mount", "m"),
        ),
    }
    return Plan(**given | fields)


def through_ansible(one: Plan) -> dict[str, Any]:
    """A registered variable is JSON."""
    found: dict[str, Any] = json.loads(json.dumps(one.as_dict()))
    return found


@pytest.mark.parametrize(
    "one",
    [
        plan(),
        plan(state=State.ABSENT, binary=None, revision="", envoy_filter_spec={}, delivery=DeliveryName.CONFIG_MAP),
        plan(targets=(), waves=()),
    ],
)
def test_what_crosses_as_json_is_the_same_plan(one: Plan) -> None:
    again = Plan.from_dict(through_ansible(one))
    assert again == one
    # Values of the same types, so that it can be a key and be changed by nobody.
    assert (type(again.state), type(again.delivery)) == (State, DeliveryName)
    assert {type(wave) for wave in again.waves} <= {tuple}


def test_its_json_is_plain_text_with_a_version() -> None:
    written = through_ansible(plan())
    assert (written["version"], written["state"], written["delivery"]) == (VERSION, "present", "inline")
    assert {type(plan().as_dict()[key]) for key in ("state", "delivery")} == {str}


@pytest.mark.parametrize("version", [None, 0, VERSION + 1, str(VERSION)])
def test_a_plan_of_another_version_is_refused(version: object) -> None:
    written = through_ansible(plan())
    written["version"] = version
    with pytest.raises(ValueError, match=f"version {version}; this collection reads version {VERSION}"):
        Plan.from_dict(written)
    del written["version"]
    with pytest.raises(ValueError, match="version None"):
        Plan.from_dict(written)


def test_a_part_has_its_targets_and_what_is_left_of_the_waves() -> None:
    part = plan().part(["bank", "shop", "somebody-elses"])
    assert [target.namespace for target in part.targets] == ["shop", "bank"]
    assert part.waves == (("shop",), ("bank",))
    assert [one.namespace for one in part.exclusions] == ["shop", "bank"]
    assert [one.namespace for one in plan().part(["bank"]).exclusions] == ["bank"]
    # A wave without any is none.
    assert plan().part(["bank"]).waves == (("bank",),)
    assert plan().part([]).targets == plan().part([]).waves == ()


def test_a_part_is_else_the_same_and_the_whole_stays_whole() -> None:
    whole = plan()
    part = whole.part(["shop"])
    assert (part.revision, part.binary, part.options, part.run) == (
        whole.revision,
        whole.binary,
        whole.options,
        whole.run,
    )
    assert whole == plan()
    assert whole.part(["shop", "pay", "bank"]) == whole


def test_a_target_with_a_reason_is_not_eligible() -> None:
    assert [target.eligible for target in plan().targets] == [True, False, True]


def test_its_names_are_those_of_its_filter() -> None:
    assert plan().names == FilterNames("trace", "filters")
