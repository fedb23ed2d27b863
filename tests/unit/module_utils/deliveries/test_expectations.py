# SPDX-License-Identifier: Apache-2.0
"""What a pod is to show, by the EnvoyFilter that is there for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import expectations

from tests.unit.module_utils.status.sidecars import configuration, envoy_filter, found, pod
from tests.unit.objects import NAMES, R1, R2, delivery


def test_a_pod_is_held_against_the_revision_of_its_own_label() -> None:
    there = found(envoy_filter(R1), envoy_filter(R2))
    for revision in (R1, R2):
        wanted = there.expectations.of(pod("a", revision=revision))
        assert wanted is not None and (wanted.expected.revision, wanted.expected.mounted) == (revision, True)
    assert there.expectations.selector == NAMES.pod_label


def test_one_whose_envoy_filter_is_gone_or_that_has_no_label_is_not_meant() -> None:
    there = found(envoy_filter(R1))
    assert there.expectations.of(pod("a", revision=R2)) is None
    assert there.expectations.of(pod("a", revision="")) is None


def test_inline_has_one_revision_for_all_that_its_selector_takes() -> None:
    there = found(envoy_filter(R2, inline=True, app="web"))
    wanted = there.expectations.of(pod("a"))
    assert wanted is not None and (wanted.expected.revision, wanted.expected.mounted) == (R2, False)
    assert there.expectations.of(pod("a", app="api")) is None
    assert there.expectations.selector == "app=web"
    assert found(envoy_filter(inline=True)).expectations.selector == ""


def test_pods_that_the_users_selector_leaves_out_are_not_meant() -> None:
    there = found(envoy_filter(tier="front"))
    assert there.expectations.of(pod("a")) is None


def test_a_gateway_is_not_meant_by_a_filter_for_sidecars() -> None:
    gateway = pod("a", revision="")
    gateway["spec"]["containers"][0]["args"] = ["proxy", "router"]
    assert found(envoy_filter(inline=True)).expectations.of(gateway) is None
    assert found(envoy_filter(inline=True, context="GATEWAY")).expectations.of(gateway) is not None


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (configuration(), 5),
        (configuration(seconds=60), 60),
        (configuration(R2), 0),
        ({"revision": R1}, 0),
        ({"heartbeat_seconds": 5}, 0),
        ({"revision": R1, "heartbeat_seconds": "5"}, 0),
        ({}, 0),
        ("text", 0),
        ([], 0),
    ],
)
def test_only_a_configuration_with_revision_and_heartbeat_is_of_a_filter_that_shows_them(
    given: Any, seconds: int
) -> None:
    assert expectations.period_seconds(envoy_filter(given=given)["spec"], R1) == seconds


@pytest.mark.parametrize("value", ["{not JSON", None, 5])
def test_what_is_no_json_is_foreign(value: Any) -> None:
    config = {"configuration": {"value": value}}
    spec = {"configPatches": [{"patch": {"value": {"typed_config": {"config": config}}}}, {"applyTo": "CLUSTER"}]}
    assert expectations.period_seconds(spec, R1) == 0
    assert expectations.period_seconds({}, R1) == 0


@pytest.mark.parametrize(
    ("name", "mounted", "selector"), [("configmap", True, f"{NAMES.pod_label}={R1}"), ("inline", False, "")]
)
def test_a_delivery_has_one_revision(name: str, mounted: bool, selector: str) -> None:
    there = delivery(name=name).expected()
    assert (there.mounted, there.selector) == (mounted, selector)
    wanted = there.of(pod("a"))
    assert wanted is not None and (wanted.expected.revision, wanted.period_seconds) == (R1, 5)
    assert (there.of(pod("a", revision=R2)) is None) == mounted


def test_a_template_of_the_users_own_may_write_the_field_as_json_has_it() -> None:
    spec = envoy_filter()["spec"]
    value = spec["configPatches"][0]["patch"]["value"]
    value["typedConfig"] = value.pop("typed_config")
    assert expectations.period_seconds(spec, R1) == 5
