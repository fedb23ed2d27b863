# SPDX-License-Identifier: Apache-2.0
"""What both deliveries promise; the requests that come of it are in engine/test_object_steps.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import (
    NamespaceObjects,
    ObjectStep,
    StepAction,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import (
    REVISIONS_KEPT,
    Delivery,
    is_as_wanted,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.registry import DELIVERIES
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import DNS_FAMILY

from tests.unit.objects import NAMES, R1, R2, delivery

BOTH = sorted(DELIVERIES)


def steps(wanted: Delivery, objects: NamespaceObjects) -> list[tuple[str, str]]:
    return [(str(step.action), step.label) for step in wanted.steps_before("shop", objects)]


def config_map(revision: str, created: str = "") -> dict[str, Any]:
    name = NAMES.config_map(revision)
    return {"metadata": {"name": name, "labels": NAMES.labels(revision), "creationTimestamp": created}}


def envoy_filter(wanted: Delivery, created: str = "") -> dict[str, Any]:
    found = wanted.release.envoy_filter("shop", wanted.envoy_filter_name)
    found["metadata"]["creationTimestamp"] = created
    return found


def there(*deliveries: Delivery) -> NamespaceObjects:
    return NamespaceObjects(
        [config_map(one.release.revision) for one in deliveries], [envoy_filter(one) for one in deliveries]
    )


@pytest.mark.parametrize("name", BOTH)
def test_what_is_larger_than_it_takes_is_refused_with_the_way_out(name: str) -> None:
    one = DELIVERIES[name]
    one.check_size(one.bytes_max, "x.wasm")
    with pytest.raises(InputError, match=f"has {one.bytes_max + 1} bytes; .*at most {one.bytes_max}") as caught:
        one.check_size(one.bytes_max + 1, "x.wasm")
    assert caught.value.variable == "wasm_filter_binary_path"


@pytest.mark.parametrize("name", BOTH)
def test_the_config_map_comes_before_what_refers_to_it(name: str) -> None:
    one = delivery(R1, name)
    assert steps(one, NamespaceObjects()) == [
        ("ensure", f"ConfigMap/wasm-filter-{R1}"),
        ("ensure", f"EnvoyFilter/{one.envoy_filter_name}"),
    ]
    assert steps(one, there(one)) == []


@pytest.mark.parametrize(("first", "then"), [("configmap", "inline"), ("inline", "configmap")])
def test_what_the_other_delivery_left_goes_once_ours_would_be_taken(first: str, then: str) -> None:
    had, one = delivery(R1, first), delivery(R2, then)
    assert steps(one, there(had))[1:] == [
        ("rehearse", f"EnvoyFilter/{one.envoy_filter_name}"),
        ("delete", f"EnvoyFilter/{had.envoy_filter_name}"),
        ("ensure", f"EnvoyFilter/{one.envoy_filter_name}"),
    ]


def test_the_diff_is_against_the_newest() -> None:
    had = [envoy_filter(delivery(R1), "2026-01-02T00:00:00Z"), envoy_filter(delivery(R2), "2026-01-01T00:00:00Z")]
    *_others, ensure = delivery("0000000003").steps_before("shop", NamespaceObjects([], had))
    assert list(ensure.before["EnvoyFilter"]) == [f"trace-filter-{R1}"]
    assert list(ensure.after["EnvoyFilter"]) == ["trace-filter-0000000003"]


def test_superseded_is_all_but_the_newest_and_ours() -> None:
    revisions = [f"{number:010x}" for number in range(1, 7)]
    maps = [config_map(revision, f"2026-01-0{at}T00:00:00Z") for at, revision in enumerate(revisions, 1)]
    for ours in (revisions[-1], revisions[0]):
        gone = [one["metadata"]["name"] for one in delivery(ours).superseded(NamespaceObjects(maps))]
        kept = {NAMES.config_map(revision) for revision in revisions} - set(gone)
        assert len(kept) == REVISIONS_KEPT
        assert NAMES.config_map(ours) in kept
    assert delivery(R1).superseded(NamespaceObjects(maps[:REVISIONS_KEPT])) == []


def test_a_revision_that_goes_takes_its_envoy_filter_along_first() -> None:
    revisions = [f"{number:010x}" for number in range(1, 6)]
    maps = [config_map(revision, f"2026-01-0{at}T00:00:00Z") for at, revision in enumerate(revisions, 1)]
    objects = NamespaceObjects(maps, [envoy_filter(delivery(revisions[0]))])
    last = delivery(revisions[-1])
    used = {revisions[1]}
    found = [(step.action, step.label) for step in last.steps_after("shop", objects, used, True)]
    assert found == [
        (StepAction.DELETE, f"EnvoyFilter/trace-filter-{revisions[0]}"),
        (StepAction.DELETE, f"ConfigMap/wasm-filter-{revisions[0]}"),
    ]
    assert last.steps_after("shop", objects, used, all_well=False) == []


def test_as_wanted_is_the_spec_and_our_labels() -> None:
    one = delivery()
    ensure = one.steps_before("shop", NamespaceObjects())[-1]
    theirs_too = envoy_filter(one)
    theirs_too["metadata"]["labels"]["theirs"] = "x"
    assert is_as_wanted(ensure, theirs_too)
    for spec, labels in ((one.release.spec, {}), ({}, NAMES.labels(R1)), (one.release.spec, NAMES.labels(R2))):
        assert not is_as_wanted(ensure, {"spec": spec, "metadata": {"labels": labels}})
    # What is immutable is as it should be, whatever is in it.
    assert is_as_wanted(ObjectStep(StepAction.ENSURE, "ConfigMap", "/x", "y"), {"metadata": {}})


def test_what_an_older_collection_left_is_as_wanted_where_the_revision_is_the_same() -> None:
    one = delivery()
    cluster = {"name": "wasm-filter-trace|9000||a.example.com", "type": "STRICT_DNS"}
    config_patch = {"applyTo": "CLUSTER", "patch": {"operation": "ADD", "value": {**cluster, **DNS_FAMILY}}}
    one.release.spec["configPatches"].append(config_patch)
    ensure = one.steps_before("shop", NamespaceObjects())[-1]
    older = copy.deepcopy(envoy_filter(one))
    older["spec"]["configPatches"][-1]["patch"]["value"] = cluster
    assert is_as_wanted(ensure, older)
    older["spec"]["configPatches"][-1]["patch"]["value"] = {**cluster, "type": "STATIC"}
    assert not is_as_wanted(ensure, older)
