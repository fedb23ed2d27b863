# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import (
    Object,
    Rollout,
    RolloutState,
    WorkloadKind,
    new_among,
    observed,
)


def rollout(_workload: Object, _before: Object | None) -> Rollout:
    return Rollout(RolloutState.ROLLED, 0, 0)


KIND = WorkloadKind("Toy", "toys.example.com/v1", "toys", rollout)
NESTED = WorkloadKind("Nest", "toys.example.com/v1", "nests", rollout, ("spec", "eggs", "template"))


def test_paths() -> None:
    assert KIND.collection() == "/apis/toys.example.com/v1/toys"
    assert KIND.collection("shop") == "/apis/toys.example.com/v1/namespaces/shop/toys"
    assert KIND.path("shop", "bear") == "/apis/toys.example.com/v1/namespaces/shop/toys/bear"


def test_a_kind_knows_where_its_pod_template_is() -> None:
    assert KIND.template({"spec": {"template": {"a": 1}}}) == {"a": 1}
    assert KIND.with_template({"a": 1}) == {"spec": {"template": {"a": 1}}}
    assert NESTED.template(NESTED.with_template({"a": 1})) == {"a": 1}
    empties: list[Object] = [{}, {"spec": None}, {"spec": {"eggs": {}}}]
    for empty in empties:
        assert NESTED.template(empty) == {}


def test_the_labels_of_its_pods() -> None:
    assert KIND.pod_labels({"spec": {"selector": {"matchLabels": {"app": "web"}}}}) == {"app": "web"}
    unknown: list[Object] = [
        {},
        {"selector": None},
        {"selector": {"matchLabels": None}},
        {"selector": {"matchFields": 1}},
    ]
    for spec in unknown:
        assert KIND.pod_labels({"spec": spec}) == {}


def test_observed() -> None:
    assert observed({"metadata": {"generation": 2}, "status": {"observedGeneration": 2}})
    assert observed({"metadata": {"generation": 2}, "status": {"observedGeneration": 3}})
    assert observed({"metadata": {}, "status": {}})
    assert not observed({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}})
    assert not observed({"metadata": {"generation": 1}, "status": None})
    assert not observed({"metadata": {"generation": 1}})


def test_a_good_pod_counts_as_new_only_if_no_old_one_can_be_meant() -> None:
    assert new_among(good=3, pods=4, updated=1) == 0
    assert new_among(good=4, pods=4, updated=1) == 1
    assert new_among(good=1, pods=4, updated=1) == 0
    assert new_among(good=3, pods=3, updated=3) == 3
    assert new_among(good=3, pods=0, updated=2) == 2
