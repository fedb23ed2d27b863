# SPDX-License-Identifier: Apache-2.0
"""Which filters there are, and which revision a namespace is on."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.reading import NamespaceRead
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.found import Found, by_filter

from tests.unit.objects import NAMES, R1, R2, delivery, kind_of, release, workload

AUDIT = FilterNames("audit")


def read(*workloads: dict[str, Any], config_maps: tuple[str, ...] = (), filters: tuple[str, ...] = ()) -> NamespaceRead:
    objects = NamespaceObjects()
    for at, revision in enumerate(config_maps):
        objects.config_maps.append(release(revision).config_map("shop", "x"))
        objects.config_maps[-1]["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{at}Z"
    for at, revision in enumerate(filters):
        objects.envoy_filters.append(release(revision).envoy_filter("shop", f"trace-filter-{revision}"))
        objects.envoy_filters[-1]["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{at}Z"
    return NamespaceRead("shop", [(kind_of(one), one) for one in workloads], objects)


def on(revision: str, name: str, names: FilterNames = NAMES) -> dict[str, Any]:
    return workload(name=name, labels={names.pod_label: revision})


def trace(found: NamespaceRead) -> Found:
    return by_filter(found, [])["trace"]


def test_filters_are_known_by_objects_labels_and_what_is_kept_on_workloads() -> None:
    kept = workload(name="kept")
    kept["metadata"]["annotations"] = {FilterNames("old").original_annotation: "{}"}
    there = read(on(R1, "web", AUDIT), kept, config_maps=(R1,))
    assert list(by_filter(there, [])) == ["audit", "old", "trace"]
    assert list(by_filter(there, [], "audit")) == ["audit"]
    assert list(by_filter(there, [], "nobody")) == []


def test_labels_of_others_are_no_filters() -> None:
    assert (
        by_filter(read(workload(labels={"wasm-filters.openclarity.io/Not_A_Name": "x", "example.org/trace": "y"})), [])
        == {}
    )


def test_the_revision_is_what_most_workloads_name() -> None:
    there = read(on(R1, "a"), on(R1, "b"), on(R2, "c"), config_maps=(R1, R2), filters=(R1, R2))
    assert (trace(there).revision, trace(there).counts) == (R1, {R1: 2, R2: 1})


def test_of_as_many_it_is_the_newer() -> None:
    assert trace(read(on(R1, "a"), on(R2, "b"), filters=(R1, R2))).revision == R2
    assert trace(read(on(R1, "a"), on(R2, "b"), filters=(R2, R1))).revision == R1


def test_without_workloads_it_is_the_newest() -> None:
    assert trace(read(filters=(R1, R2))).revision == R2
    assert trace(read(config_maps=(R1,))).revision == "none"


def test_inline_says_it_itself() -> None:
    there = read(on(R1, "a"), config_maps=(R1, R2))
    there.objects.envoy_filters.append(delivery(R2, "inline").release.envoy_filter("shop", "trace-filter"))
    assert trace(there).inline is not None and trace(there).revision == R2


def test_the_newest_three_are_kept_the_one_in_use_among_them() -> None:
    revisions = tuple(f"000000000{number}" for number in range(5))
    found = trace(read(on(revisions[0], "a"), config_maps=revisions, filters=revisions))
    assert [one["metadata"]["name"][-10:] for one in found.superseded] == [revisions[2], revisions[1]]
