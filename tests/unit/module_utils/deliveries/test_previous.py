# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.previous import (
    Previous,
    gone,
    previous_of,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.module_utils.deliveries.test_workload_change import applied, deployed, stored
from tests.unit.objects import NAMES, R1, R2

R3 = "0000000003"
LABEL = "wasm-filters.openclarity.io/revision"


def config_map(revision: str, age: int) -> dict[str, Any]:
    metadata = {"name": NAMES.config_map(revision), "labels": {LABEL: revision}}
    return {"metadata": {**metadata, "creationTimestamp": f"2026-01-0{age}T00:00:00Z"}}


def envoy_filter(revision: str, name: str = "", before: str = "") -> dict[str, Any]:
    annotations = {"annotations": {NAMES.previous_annotation: before}} if before else {}
    return {"metadata": {"name": name or NAMES.envoy_filter(revision), "labels": {LABEL: revision}, **annotations}}


def kept(*revisions: str) -> NamespaceObjects:
    """A namespace that has these, the oldest first."""
    maps = [config_map(revision, age + 1) for age, revision in enumerate(revisions)]
    return NamespaceObjects(maps, [envoy_filter(revision) for revision in revisions])


def through(*revisions: str) -> dict[str, Any]:
    entry = deployed(revisions[0])
    for revision in revisions[1:]:
        entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, revision))
    return entry


def back(entry: dict[str, Any], *revisions: str, to: str = "") -> dict[str, Any]:
    """Rolled back by hand, alone in a namespace that has these."""
    return applied(entry, bound(kept(*revisions), entry, to=to).change(DEPLOYMENT, entry))


def goes(objects: NamespaceObjects, *workloads: dict[str, Any], to: str = "") -> list[str | None]:
    """Where each of a namespace's workloads goes; None: it stays."""
    operation = bound(objects, *workloads, to=to)
    changes = [operation.change(DEPLOYMENT, one) for one in workloads]
    return [change.to_revision if change.body else None for change in changes]


def bound(objects: NamespaceObjects, *workloads: dict[str, Any], to: str = "") -> Previous:
    return Previous(NAMES, to).bound(objects, [(DEPLOYMENT, one) for one in workloads])


def test_one_back_and_as_it_was() -> None:
    entry = through(R1, R2)
    operation = bound(kept(R1, R2), entry)
    change = operation.change(DEPLOYMENT, entry)
    assert (change.from_revision, change.to_revision) == (R2, R1)
    assert operation.missing(DEPLOYMENT, change, entry)
    found = applied(entry, change)
    before = deployed(R1)
    assert found["metadata"]["annotations"].pop(NAMES.back_from_annotation) == R2
    assert (found["spec"], found["metadata"]["annotations"]) == (before["spec"], before["metadata"]["annotations"])
    assert operation.missing(DEPLOYMENT, change, found) == []


def test_what_a_killed_run_has_taken_back_stays_where_it_is() -> None:
    objects, taken, left = kept(R1, R2, R3), through(R1, R2), through(R1, R2, R3)
    operation = bound(objects, taken, left)
    assert operation.change(DEPLOYMENT, taken).body is None
    assert operation.change(DEPLOYMENT, left).to_revision == R2


def test_what_has_gone_back_goes_no_further_without_a_name() -> None:
    objects, taken = kept(R1, R2, R3), back(through(R1, R2, R3), R1, R2, R3)
    assert goes(objects, taken) == [None]
    assert bound(objects, taken).description.startswith(f"rolled back from revision {R3} already")
    assert goes(objects, taken, to=R1) == [R1]
    named = back(through(R1, R2, R3), R1, R2, R3, to=R1)
    assert goes(objects, named) == [None]
    # One that came later, on the revision that all of them are back on.
    assert goes(objects, taken, through(R2)) == [None, None]
    # One that was on an older one all along.
    assert goes(objects, taken, through(R1)) == [None, None]


def test_a_run_that_was_killed_is_finished_and_no_more() -> None:
    taken, left = back(through(R1, R2, R3), R1, R2, R3), through(R1, R2, R3)
    assert goes(kept(R1, R2, R3), taken, left) == [None, R2]
    assert goes(kept(R1, R2, R3), taken, back(left, R1, R2, R3)) == [None, None]
    # Some had been on another one: whichever is looked at first.
    both = back(through(R1, R2, R3), R1, R2, R3), back(through(R1, R2), R1, R2, to=R1)
    assert goes(kept(R1, R2, R3), *both, through(R1, R2))[1:] == [None, R1]
    assert goes(kept(R1, R2, R3), *reversed(both), through(R1, R2))[::2] == [None, R1]
    # Gone forward to the older of two, and now back.
    taken, left = back(through(R1, R2, R1), R1, R2), through(R1, R2, R1)
    assert goes(kept(R1, R2), taken, left) == [None, R2]


def test_once_it_is_deployed_again_it_can_go_back_again() -> None:
    taken = back(through(R1, R2), R1, R2)
    change = workload_change.deploy(DEPLOYMENT, taken, NAMES, R3)
    assert change.body is not None and change.back_from == R2
    assert NAMES.back_from_annotation not in change.body["metadata"]["annotations"]
    # A deploy has left one out since: what it was back from is older than what the others are on.
    assert goes(kept(R1, R2, R3), taken, through(R1, R3)) == [None, R1]


def test_a_removal_takes_the_mark_too() -> None:
    taken = back(through(R1, R2), R1, R2)
    change = workload_change.remove(DEPLOYMENT, taken, NAMES)
    assert change.body is not None
    assert not any(key.startswith("wasm-filters") for key in applied(taken, change)["metadata"].get("annotations", {}))


def test_from_none_it_goes_back_to_none() -> None:
    entry = through(R1)
    operation = bound(kept(R1), entry)
    change = operation.change(DEPLOYMENT, entry)
    assert (change.to_revision, change.outcome) == ("none", "removed")
    assert operation.missing(DEPLOYMENT, change, applied(entry, change)) == []


@pytest.mark.parametrize(("to", "expected"), [(R1, R1), (R2, R2), (R3, R3)])
def test_a_named_one(to: str, expected: str) -> None:
    entry = through(R1, R2, R3)
    change = bound(kept(R1, R2, R3), entry, to=to).change(DEPLOYMENT, entry)
    assert change.to_revision == expected and (change.body is None) == (to == R3)


def test_one_that_is_gone_is_said() -> None:
    entry = through(R1, R2)
    without_filter = NamespaceObjects(kept(R1, R2).config_maps, [envoy_filter(R2)])
    for objects in (kept(R2), without_filter):
        change = bound(objects, entry).change(DEPLOYMENT, entry)
        assert (change.body, change.outcome, change.reason) == (None, "failed", "no_revision")
        assert change.message == gone(R1)


def test_a_workload_without_the_filter_is_left_alone() -> None:
    assert bound(kept(R1), stored(), to=R1).change(DEPLOYMENT, stored()).body is None
    assert bound(kept(), stored()).steps_before("shop", kept()) == []


def test_inline_it_is_the_envoy_filter_that_goes_back() -> None:
    inline = envoy_filter(R2, NAMES.envoy_filter(None), f"{R1},none")
    objects = NamespaceObjects([config_map(R1, 1), config_map(R2, 2)], [inline])
    # What an earlier delivery has left on a workload stays.
    entry = through(R1, R2)
    operation = bound(objects, entry)
    assert operation.change(DEPLOYMENT, entry).body is None
    fetch, ensure = operation.steps_before("shop", objects)
    assert (fetch.action, fetch.path) == ("fetch", f"/api/v1/namespaces/shop/configmaps/{NAMES.config_map(R1)}")
    assert (ensure.action, ensure.label, ensure.found) == ("ensure", f"EnvoyFilter/{NAMES.envoy_filter(None)}", inline)
    assert bound(objects, entry, to=R2).steps_before("shop", objects) == []


def test_inline_what_has_gone_back_goes_no_further_without_a_name() -> None:
    inline = envoy_filter(R2, NAMES.envoy_filter(None), f"{R1},none")
    inline["metadata"]["annotations"][NAMES.back_from_annotation] = R3
    objects = NamespaceObjects([config_map(R1, 1), config_map(R2, 2), config_map(R3, 3)], [inline])
    operation = bound(objects)
    assert operation.refusal is None and operation.steps_before("shop", objects) == []
    assert R3 in operation.description
    assert len(bound(objects, to=R1).steps_before("shop", objects)) == 2


def test_inline_a_revision_that_is_gone_is_refused_before_anything_is_begun() -> None:
    inline = envoy_filter(R2, NAMES.envoy_filter(None), f"{R1},none")
    assert bound(NamespaceObjects([config_map(R2, 2)], [inline])).refusal == ("no_revision", gone(R1))
    assert bound(NamespaceObjects([config_map(R1, 1)], [inline])).refusal is None
    assert bound(NamespaceObjects([], [inline]), to=R2).refusal is None, "it is there already"
    first = envoy_filter(R1, NAMES.envoy_filter(None))
    assert bound(NamespaceObjects([config_map(R1, 1)], [first])).refusal == ("no_revision", gone("none"))
    assert bound(kept(R1), through(R1, R2)).refusal is None


def test_what_an_envoy_filter_says_of_before() -> None:
    assert previous_of(envoy_filter(R2, before=f"{R1},none"), NAMES) == [R1, "none"]
    assert previous_of(envoy_filter(R2), NAMES) == ["none"]
    assert "remove.yml" in gone("none") and R1 in gone(R1)
