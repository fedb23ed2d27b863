# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.config_map import ConfigMapDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Outcome, Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Exclusion
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.values import merged
from tests.unit.objects import NAMES, R1, R2, release, workload


def one(revision: str = R1) -> ConfigMapDelivery:
    return ConfigMapDelivery(release(revision))


def stored() -> dict[str, object]:
    entry: dict[str, object] = workload()
    return merged(entry, {"metadata": {"uid": "u", "resourceVersion": "1"}})


def test_each_revision_has_an_envoy_filter_of_its_own() -> None:
    assert one(R1).envoy_filter_name == f"trace-filter-{R1}"
    assert one(R2).envoy_filter_name == f"trace-filter-{R2}"
    # They select the pods of their revision, and stand side by side.
    assert not one(R2).conflicts_with({"metadata": {"name": one(R1).envoy_filter_name}})
    assert one(R2).conflicts_with({"metadata": {"name": "trace-filter"}})


def test_a_config_map_leaves_room_for_what_lies_beside_the_binary() -> None:
    assert 900_000 < ConfigMapDelivery.bytes_max < 1024 * 1024


def test_it_is_not_for_gateways() -> None:
    assert ConfigMapDelivery.contexts == ("outbound", "inbound")


def test_a_workload_is_put_on_the_revision_and_nothing_is_missing_then() -> None:
    entry = stored()
    assert len(one().missing(DEPLOYMENT, one().change(DEPLOYMENT, entry), entry)) == 3
    change = one().change(DEPLOYMENT, entry)
    assert (change.outcome, change.to_revision) == (Outcome.DEPLOYED, R1)
    done = merged(entry, change.body)
    assert one().missing(DEPLOYMENT, change, done) == []
    assert one(R2).missing(DEPLOYMENT, change, done)


def test_only_what_the_users_selector_means_is_changed() -> None:
    wanted = release()
    wanted.spec["workloadSelector"]["labels"]["app"] = "other"
    change = ConfigMapDelivery(wanted).change(DEPLOYMENT, stored())
    assert (change.body, change.reason) == (None, Reason.NOT_SELECTED)


def test_it_says_what_it_has_come_to() -> None:
    assert one().description == f"revision {R1} (configmap)"
    assert (one().done, one().restarts_pods, one().names) == (Outcome.DEPLOYED, True, NAMES)


def test_a_workload_that_is_excluded_is_left_alone_unless_it_is_as_wanted_already() -> None:
    excluded = Exclusion("c", "shop", "Deployment", "web", "no_sidecar", "none")
    delivery = ConfigMapDelivery(release(), [excluded])
    change = delivery.change(DEPLOYMENT, stored())
    assert (change.body, change.outcome, change.reason, change.message) == (None, "skipped", "no_sidecar", "none")
    assert (change.from_revision, change.to_revision) == ("none", "none")
    deployed = merged(stored(), one().change(DEPLOYMENT, stored()).body)
    assert delivery.change(DEPLOYMENT, deployed).outcome == Outcome.UNCHANGED
    # On an older revision it stays there.
    older = merged(stored(), one(R2).change(DEPLOYMENT, stored()).body)
    assert (delivery.change(DEPLOYMENT, older).from_revision, delivery.change(DEPLOYMENT, older).to_revision) == (
        R2,
        R2,
    )


@pytest.mark.parametrize("other", [{"namespace": "pay"}, {"kind": "StatefulSet"}, {"name": "other"}])
def test_others_are_not(other: dict[str, str]) -> None:
    excluded = replace(Exclusion("c", "shop", "Deployment", "web", "no_sidecar", "none"), **other)
    assert ConfigMapDelivery(release(), [excluded]).change(DEPLOYMENT, stored()).body
