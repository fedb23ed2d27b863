# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import lease
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lease import Terms

from tests.simulation.values import Object
from tests.unit.objects import NAMES

TERMS = Terms("me", epoch=1_800_000_000.0)
AT = "2027-01-15T08:00:10.500000Z"


def stored(**spec: object) -> Object:
    """One as the API server has it."""
    found = lease.new(NAMES, "shop", Terms("somebody", epoch=1_700_000_000.0), 0.0)
    metadata = {**found["metadata"], "uid": "u", "resourceVersion": "7", "managedFields": [{}]}
    return {**found, "metadata": metadata, "spec": {**found["spec"], **spec}}


def test_a_new_one_says_who_since_when_and_for_how_long() -> None:
    assert lease.path(NAMES, "shop") == "/apis/coordination.k8s.io/v1/namespaces/shop/leases/wasm-filter-trace"
    found = lease.new(NAMES, "shop", TERMS, 10.5)
    assert (found["apiVersion"], found["kind"], found["metadata"]["name"]) == (
        "coordination.k8s.io/v1",
        "Lease",
        "wasm-filter-trace",
    )
    expected = {"holderIdentity": "me", "leaseDurationSeconds": 30, "acquireTime": AT, "renewTime": AT}
    assert found["spec"] == expected
    assert lease.is_ours(found, NAMES)


def test_taken_over_it_is_ours_and_counts_that() -> None:
    found = lease.taken_over(stored(), TERMS, 10.5)
    assert (lease.holder(found), found["spec"]["acquireTime"], found["spec"]["leaseTransitions"]) == ("me", AT, 1)
    again = lease.taken_over(stored(leaseTransitions=4), TERMS, 10.5)
    assert again["spec"]["leaseTransitions"] == 5
    # Only where nobody else was faster.
    assert lease.version(found) == ("u", "7") and "managedFields" not in found["metadata"]


def test_renewed_it_is_still_from_when_it_was_taken() -> None:
    found = lease.renewed(stored(), TERMS, 10.5)
    assert found["spec"] == {**stored()["spec"], "renewTime": AT}
    assert lease.preconditions(found) == {"uid": "u", "resourceVersion": "7"}


@pytest.mark.parametrize(
    ("labels", "ours"),
    [
        (NAMES.lease_labels, True),
        ({**NAMES.lease_labels, "more": "x"}, True),
        ({**NAMES.lease_labels, "app.kubernetes.io/managed-by": "helm"}, False),
        ({**NAMES.lease_labels, "wasm-filters.openclarity.io/filter": "audit"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_whose_it_is(labels: dict[str, str] | None, ours: bool) -> None:
    assert lease.is_ours({"metadata": {"labels": labels}}, NAMES) is ours


def test_what_others_write_may_lack_anything() -> None:
    bare = {"metadata": {"uid": "u", "resourceVersion": "1"}}
    assert (lease.holder(bare), lease.seconds(bare, TERMS), lease.held_by(bare)) == ("", 30.0, "")
    assert lease.seconds(stored(leaseDurationSeconds=5), TERMS) == 5.0
    assert lease.held_by(stored()) == "somebody since 2023-11-14T22:13:20Z"
    assert lease.taken_over(bare, TERMS, 0.0)["spec"]["leaseTransitions"] == 1


def test_what_is_about_a_lock() -> None:
    assert lease.is_of_lock(Request(Verb.GET, lease.path(NAMES, "shop")))
    assert not lease.is_of_lock(Request(Verb.GET, "/api/v1/namespaces/shop/configmaps/leases"))


@pytest.mark.parametrize(("namespaces", "seconds"), [(1, 30), (500, 30), (501, 31), (1_000, 60), (10_000, 600)])
def test_locks_of_a_larger_wave_hold_longer(namespaces: int, seconds: int) -> None:
    terms = TERMS.for_wave(namespaces)
    assert terms.lease_seconds == seconds
    assert lease.new(NAMES, "shop", terms, 0.0)["spec"]["leaseDurationSeconds"] == seconds
    # Each is renewed three times in its duration.
    assert 3 * namespaces / seconds <= 50
