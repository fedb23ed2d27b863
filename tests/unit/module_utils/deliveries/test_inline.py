# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.config_map import ConfigMapDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.inline import InlineDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NONE, Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.objects import R1, R2, release, workload


def one(revision: str = R1) -> InlineDelivery:
    return InlineDelivery(release(revision, "inline"))


def test_all_revisions_share_one_envoy_filter() -> None:
    assert one(R1).envoy_filter_name == one(R2).envoy_filter_name == "trace-filter"
    assert not one().conflicts_with({"metadata": {"name": "trace-filter"}})
    assert one().conflicts_with({"metadata": {"name": f"trace-filter-{R1}"}})


def test_no_workload_is_touched() -> None:
    change = one().change(DEPLOYMENT, workload())
    assert (change.body, change.outcome, change.to_revision) == (None, Outcome.UNCHANGED, NONE)
    assert one().missing(DEPLOYMENT, change, workload()) == []
    assert not one().restarts_pods


def test_it_takes_less_as_every_proxy_gets_a_copy_and_names_the_other_way() -> None:
    assert InlineDelivery.bytes_max < ConfigMapDelivery.bytes_max
    assert "use wasm_filter_delivery=configmap" in InlineDelivery.limit


def test_it_is_for_gateways_too() -> None:
    assert InlineDelivery.contexts == ("outbound", "inbound", "gateway")


def test_it_says_what_it_has_come_to() -> None:
    assert one().description == f"revision {R1} (inline)"
