# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.members import Members
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    Phase,
    WorkloadState,
)

from tests.unit.module_utils.engine.workloads import OneWorkload, stored
from tests.unit.objects import delivery


def waiting(name: str) -> WorkloadState:
    return OneWorkload(stored(name=name)).state


def shop(*names: str) -> Members:
    """A namespace with workloads that wait for their turn."""
    found = Members()
    found.add(NamespaceState("shop", delivery(), NamespaceObjects()))
    found.add_workloads("shop", [waiting(name) for name in names], [])
    return found


def move(members: Members, name: str, phase: Phase) -> None:
    old = members.workloads["Deployment", "shop", name]
    members.put(old, replace(old, phase=phase))


def test_a_namespace_is_unsettled_until_all_of_its_workloads_are() -> None:
    members = shop("a", "b")
    assert (members.unsettled, members.done) == ({"shop"}, 0)
    members.begin("shop")
    for name in ("a", "b"):
        assert members.unsettled == {"shop"}
        for phase in (Phase.PATCHING, Phase.ROLLING, Phase.ROLLED):
            move(members, name, phase)
    assert (members.unsettled, members.done, members.in_flight) == (set(), 1, 0)
    # One is made anew: it is rolled like the others.
    move(members, "a", Phase.PENDING)
    assert (members.unsettled, members.done) == ({"shop"}, 0)


def test_slots_are_counted_as_workloads_move() -> None:
    members = shop("a", "b", "c")
    members.begin("shop")
    counts = []
    for name, phase in [
        ("a", Phase.PATCHING),
        ("b", Phase.PATCHING),
        ("a", Phase.READING),
        ("a", Phase.ROLLING),
        ("a", Phase.RELEASING),
        ("b", Phase.DONE),
    ]:
        move(members, name, phase)
        counts.append(members.in_flight)
    assert counts == [1, 2, 2, 2, 1, 0]


def test_what_a_killed_run_has_left_rolling_counts_from_its_turn_on() -> None:
    members = shop("a", "b")
    move(members, "a", Phase.ROLLING)
    assert members.in_flight == 0
    assert [one.name for one in members.begin("shop")] == ["a", "b"]
    assert members.in_flight == 1


def test_what_moves_before_its_turn_counts_for_nothing() -> None:
    members = shop("a", "b")
    move(members, "a", Phase.DONE)
    move(members, "b", Phase.ROLLING)
    move(members, "b", Phase.ROLLED)
    assert (members.in_flight, members.unsettled) == (0, {"shop"})
    assert members.begin("shop") == []
    assert (members.in_flight, members.unsettled) == (0, set())
    assert members.rolled() == [members.workloads["Deployment", "shop", "b"]]


def test_its_turn_is_settled_where_nothing_has_to_change() -> None:
    members = shop()
    assert (members.begin("shop"), members.unsettled, members.done) == ([], set(), 1)


def test_one_that_never_began_its_way_is_done_once_it_has_its_verdict() -> None:
    members = shop("a")
    members.conclude("pay")
    assert members.done == 1
    members.conclude("shop")
    assert members.done == 2
    assert members.of("pay") == []


def test_each_namespace_has_its_own() -> None:
    members = shop("a")
    members.add(NamespaceState("pay", delivery(), NamespaceObjects()))
    members.add_workloads("pay", [OneWorkload(stored(namespace="pay")).state], [])
    members.begin("pay")
    move(members, "a", Phase.PATCHING)
    assert [one.namespace for one in members.of("pay")] == ["pay"]
    assert (members.begun("pay"), members.begun("shop")) == (True, False)
    assert members.unsettled == {"shop", "pay"}
