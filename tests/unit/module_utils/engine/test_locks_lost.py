# SPDX-License-Identifier: Apache-2.0
"""Whole waves whose lock is lost on the way."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import lease

from tests.simulation.store import Change
from tests.unit import objects
from tests.unit.locking import lock_of
from tests.unit.objects import NAMES, R1
from tests.unit.runs import Simulated, cluster
from tests.unit.wires import Losing, Slow


def taken_away(found: Simulated, when: Callable[[Change], bool]) -> None:
    """Somebody deletes the Lease as soon as that has happened."""

    def delete() -> None:
        found.server.delete(lease.path(NAMES, "shop"))

    def changed(change: Change) -> None:
        if when(change):
            found.server.store.listeners.remove(changed)
            found.server.clock.after(0.01, delete)

    found.server.store.listeners.append(changed)


def first_patch(change: Change) -> bool:
    return change.by == NAMES.field_manager and change.place.resource.kind in ("Deployment", "StatefulSet")


def test_without_its_lock_nothing_more_is_written() -> None:
    shop = [objects.workload("shop", f"w{number}") for number in range(5)]
    found = Simulated(objects.namespace("shop"), *shop)
    taken_away(found, first_patch)
    verdict = found.deploy("shop", max_in_flight=1)["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("failed", "lock_lost", True)
    assert "somebody has deleted its Lease; what was done before: " in verdict.message
    patched = [one.name for one in verdict.workloads if one.outcome == "failed"]
    rest = [one for one in verdict.workloads if one.outcome != "failed"]
    assert rest and {(str(one.outcome), str(one.reason)) for one in rest} == {("not_started", "lock_lost")}
    for one in verdict.workloads:
        on_it = NAMES.pod_label in found.template("shop", one.kind, one.name)["labels"]
        assert on_it == (one.name in patched) == (one.to_revision == R1)


def test_a_patch_that_is_under_way_when_the_lock_is_lost_is_waited_for() -> None:
    found = cluster("shop")
    found.wire = Slow("apply .*/statefulsets", 15)
    taken_away(found, first_patch)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.reason, verdict.changed) == ("lock_lost", True)
    data = verdict.workloads[1]
    assert (data.outcome, data.reason, data.to_revision) == ("failed", "lock_lost", R1)
    assert data.message.startswith("patched by this run; ")


def test_what_waits_to_be_sent_again_is_not_when_the_lock_is_lost() -> None:
    found = cluster("shop")
    found.refuse("APPLY .*/statefulsets", 503, meanwhile=lambda: found.server.store.remove(lock_of("shop"), "kubectl"))
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "lock_lost")
    assert verdict.workloads[1].reason == "api_refused"


def test_a_lease_that_can_not_be_renewed_is_lost_after_its_time() -> None:
    shop = [objects.workload("shop", f"w{number}") for number in range(8)]
    found = Simulated(objects.namespace("shop"), *shop)
    found.wire = Losing("replace .*/leases", arrives=False)
    began = found.server.clock.now
    verdict = found.deploy("shop", max_in_flight=1)["shop"]
    assert (verdict.reason, verdict.changed) == ("lock_lost", True)
    sent = [at - began for at, dispatch in found.executor.dispatched if dispatch.request.verb == "apply"]
    assert len(sent) > 1 and max(sent) < 31
