# SPDX-License-Identifier: Apache-2.0
"""Whole runs: all their waves in one, against a simulated cluster. How they are stopped is in test_run_stopped.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings

from tests.simulation.store import Change
from tests.unit import objects
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import Simulated, cluster

WAVES = (["a1", "a2"], ["b1", "b2"], ["c1"])
ALL = [name for wave in WAVES for name in wave]


def sick_in(*namespaces: str) -> Simulated:
    """All waves' namespaces; pods of some don't get ready once they have the filter."""
    found = cluster(*ALL)
    ill = set(namespaces)
    found.controllers.healthy = lambda pod: (
        not (pod["metadata"]["namespace"] in ill and NAMES.pod_label in pod["metadata"]["labels"])
    )
    return found


def patches(found: Simulated) -> Iterator[Change]:
    """Our writes of workloads, in the order of time."""
    for change in found.server.store.history:
        if change.by == NAMES.field_manager and change.place.resource.kind in ("Deployment", "StatefulSet"):
            yield change


def test_all_waves_are_one_run_and_each_waits_for_the_one_before() -> None:
    found = cluster(*ALL)
    verdicts = found.run(delivery(), *WAVES)
    assert {verdict.outcome for verdict in verdicts.values()} == {"deployed"}
    order = [change.place.namespace for change in patches(found)]
    assert [name[0] for name in order] == sorted(name[0] for name in order)
    # No wave begins before the pods of the one before it are done.
    texts = [(namespace[0], text.partition(" ")[2]) for namespace, text, _step in found.told]
    for before, after in (("a", "b"), ("b", "c")):
        last = max(at for at, (wave, text) in enumerate(texts) if wave == before and text.startswith("rolled"))
        assert last < min(at for at, (wave, text) in enumerate(texts) if wave == after)


def test_objects_of_a_later_wave_come_with_it() -> None:
    found = sick_in("a1")
    found.run(delivery(), *WAVES, timeout_seconds=20)
    assert found.names("EnvoyFilter", "a2") == [f"trace-filter-{R1}"]
    for name in ("b1", "b2", "c1"):
        assert found.names("EnvoyFilter", name) == found.names("ConfigMap", name) == []


def test_a_wave_that_failed_leaves_the_rest_not_started() -> None:
    found = sick_in("a1")
    verdicts = found.run(delivery(), *WAVES, timeout_seconds=20)
    assert (verdicts["a1"].outcome, verdicts["a2"].outcome) == ("failed", "deployed")
    for name in ("b1", "b2", "c1"):
        assert (verdicts[name].outcome, verdicts[name].reason) == ("not_started", "earlier_wave")
        assert verdicts[name].message == "its wave was not begun: 1 of 2 namespaces of wave 1 failed"
        assert not verdicts[name].changed
    assert not [request for request in found.server.requests if "/b1/" in request or "/c1/" in request]


@pytest.mark.parametrize(("percentage", "begun"), [(0, False), (49, False), (50, True), (100, True)])
def test_the_next_wave_begins_unless_more_than_the_share_has_failed(percentage: int, begun: bool) -> None:
    found = sick_in("a1")
    verdicts = found.run(delivery(), *WAVES, timeout_seconds=20, max_fail_percentage=percentage)
    assert [verdicts[name].outcome == "deployed" for name in ("b1", "b2", "c1")] == [begun] * 3


def test_each_wave_is_judged_for_itself() -> None:
    found = sick_in("a1", "b1", "b2")
    verdicts = found.run(delivery(), *WAVES, timeout_seconds=20, max_fail_percentage=50)
    assert verdicts["c1"].message == "its wave was not begun: 2 of 2 namespaces of wave 2 failed"


def test_one_that_is_not_eligible_counts_as_failed() -> None:
    ineligible = {"a2": ("not_injected", "no")}
    verdicts = cluster(*ALL).run(delivery(), *WAVES, ineligible=ineligible)
    assert (verdicts["a1"].outcome, verdicts["b1"].reason) == ("deployed", "earlier_wave")
    verdicts = cluster(*ALL).run(delivery(), *WAVES, ineligible=ineligible, max_fail_percentage=50)
    assert verdicts["c1"].outcome == "deployed"


def test_one_that_was_skipped_does_not_count_as_failed() -> None:
    found = cluster(*ALL[1:])
    found.server.seed(objects.namespace("a1"))
    verdicts = found.run(delivery(), *WAVES)
    assert (verdicts["a1"].outcome, verdicts["a1"].reason) == ("skipped", "no_workloads")
    assert verdicts["c1"].outcome == "deployed"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_than_so_many_are_in_flight_over_all_namespaces(most: int) -> None:
    found = cluster(*ALL)
    under_way: set[tuple[str, str]] = set()
    highest = 0
    for change in _run_and_watch(found, most):
        key = (change.place.namespace, change.place.name)
        if change.by == NAMES.field_manager:
            under_way.add(key)
        elif key in under_way and _is_rolled(change):
            under_way.discard(key)
        highest = max(highest, len(under_way))
    # As many as may be are, where a wave has as many.
    assert highest == min(most, 4)


def _run_and_watch(found: Simulated, most: int) -> list[Change]:
    before = len(found.server.store.history)
    assert {verdict.outcome for verdict in found.run(delivery(), *WAVES, max_in_flight=most).values()} == {"deployed"}
    kinds = ("Deployment", "StatefulSet")
    return [change for change in found.server.store.history[before:] if change.place.resource.kind in kinds]


def _is_rolled(change: Change) -> bool:
    status, replicas = change.after.get("status") or {}, change.after["spec"]["replicas"]
    counts = (status.get("updatedReplicas"), status.get("readyReplicas"), status.get("replicas"))
    return counts == (replicas,) * 3 and status["observedGeneration"] == change.after["metadata"]["generation"]


def test_what_a_killed_run_has_left_rolling_is_in_flight() -> None:
    found = sick_in("a1")
    found.run(delivery(), ["a1"], timeout_seconds=5)
    found.controllers.healthy = lambda _pod: True
    found.server.clock.after(20, found.controllers.recheck_pods)
    began = found.server.clock.now
    found.deploy("a1", "a2", max_in_flight=2)
    first = next(change for change in patches(found) if change.place.namespace == "a2")
    assert first.time >= began + 20


def test_verdicts_are_in_the_order_of_the_waves() -> None:
    waves = (["c1"], ["b2", "a1"], ["b1"])
    assert list(cluster(*ALL).run(delivery(), *waves)) == ["c1", "b2", "a1", "b1"]


def test_a_run_over_nothing_is_finished_at_once() -> None:
    nothing: list[list[list[str]]] = [[], [[], []]]
    for waves in nothing:
        machine = Run(delivery(), waves, {}, Settings())
        assert machine.start(0.0) == []
        assert (machine.finished, machine.verdicts()) == (True, [])


def test_an_empty_wave_is_none() -> None:
    found = cluster("a1", "b1")
    assert {one.outcome for one in found.run(delivery(), ["a1"], [], ["b1"]).values()} == {"deployed"}


def test_check_mode_goes_through_all_waves() -> None:
    found = cluster(*ALL, dry_run=True)
    verdicts = found.run(delivery(), *WAVES)
    assert {(one.outcome, one.changed) for one in verdicts.values()} == {("deployed", True)}


def test_filters_deployed_in_turn_change_nothing_the_second_time() -> None:
    found = cluster("a1")
    other = objects.FilterNames("other")
    both = [delivery(R1), delivery(R2, names=other)]
    for operation in both:
        assert found.deploy("a1", operation=operation)["a1"].outcome == "deployed"
    for operation in both * 2:
        assert found.deploy("a1", operation=operation)["a1"].outcome == "unchanged"
