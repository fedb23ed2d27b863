# SPDX-License-Identifier: Apache-2.0
"""Whole waves of which somebody else has a namespace locked, or takes the lock away."""

from __future__ import annotations

import random

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.inline import InlineDelivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lease import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.requests import changes
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings

from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.simulation import Mortal
from tests.simulation.store import Change
from tests.simulation.tasks import Task
from tests.simulation.together import Side, run_beside
from tests.simulation.wire import Wire
from tests.unit import objects
from tests.unit.locking import leases, lock_of, locked
from tests.unit.objects import NAMES, R1, R2, delivery, release
from tests.unit.runs import Simulated, cluster
from tests.unit.wires import Slow

BOTH = (("Deployment", "web"), ("StatefulSet", "data"))
PODS_READ_ONCE = "LIST /api/v1/pods"


def test_a_deploy_costs_a_lease_and_a_second_reading_for_each_namespace_and_no_more() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop", "pay")
    assert sorted(found.leases) == ["CREATE"] * 2 + ["DELETE"] * 2
    assert leases(found) == []
    listed = [one for one in found.server.requests if one.startswith("LIST")]
    # Both together; how many namespaces there are, and pods of no workload, only once.
    assert listed.count("LIST /api/v1/namespaces") == listed.count(PODS_READ_ONCE) == 1
    # And what was set is looked for at the end.
    assert listed.count("LIST /apis/networking.istio.io/v1alpha3/envoyfilters") == 3
    assert listed.count("LIST /apis/apps/v1/deployments") == 3


def test_a_long_rollout_renews_its_lease() -> None:
    shop = [objects.workload("shop", f"w{number}") for number in range(8)]
    found = Simulated(objects.namespace("shop"), *shop)
    began = found.server.clock.now
    found.deploy("shop", max_in_flight=1)
    renewals = int((found.server.clock.now - began) / 10)
    assert renewals >= 2
    assert found.leases.count("REPLACE") in (renewals - 1, renewals)


@pytest.mark.parametrize("operation", [delivery(), InlineDelivery(release()), Removal(NAMES)])
def test_a_namespace_with_nothing_to_do_is_not_locked(operation: Operation) -> None:
    found = cluster("shop")
    found.run(operation, ["shop"])
    found.server.requests.clear()
    locked(found, "shop")
    verdict = found.run(operation, ["shop"])["shop"]
    assert (verdict.outcome, found.leases, found.writes) == ("unchanged", [], [])


def test_what_somebody_else_has_is_waited_for_and_holds_up_nobody() -> None:
    found = cluster("shop", "pay")
    locked(found, "shop", 45)
    began = found.server.clock.now
    released: list[float] = []

    def changed(change: Change) -> None:
        if change.place == lock_of("pay") and change.type == "DELETED":
            released.append(change.time - began)

    found.server.store.listeners.append(changed)
    verdicts = found.deploy("shop", "pay")
    assert {verdict.outcome for verdict in verdicts.values()} == {"deployed"}
    # `pay` was done, said to be so and given back before that.
    (done,) = released
    assert done < 40 < 45 <= found.server.clock.now - began
    assert leases(found) == []
    assert ("shop", "waits: locked by alice@host since 2027-01-15T08:00:00Z", False) in found.told


def test_what_is_not_given_back_in_time_fails_and_is_not_touched() -> None:
    found = cluster("shop", "pay")
    locked(found, "shop")
    verdicts = found.deploy("shop", "pay", lock=Terms("me", wait_seconds=20))
    shop = verdicts["shop"]
    assert (shop.outcome, shop.reason, shop.changed) == ("failed", "locked", False)
    since = "2027-01-15T08:00:00Z"
    assert shop.message == f"locked by alice@host since {since}, and still after 20 s (wasm_filter_lock_seconds)"
    assert {(one.outcome, one.to_revision) for one in shop.workloads} == {("not_started", "none")}
    assert verdicts["pay"].outcome == "deployed"
    assert not [one for one in found.writes if "/shop/" in one]
    assert leases(found) == [NAMES.lease]


def test_what_another_run_has_done_meanwhile_is_seen() -> None:
    found = cluster("shop")
    locked(found, "shop", 20)

    def other() -> None:
        for kind, name in BOTH:
            found.edit(kind, "shop", name, {"spec": {"template": {"metadata": {"labels": {"theirs": "1"}}}}})
        found.server.seed(release().config_map("shop", "x"))

    found.server.clock.after(10, other)
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "deployed"
    # Planned on what is there now: no conflict, and no ConfigMap once more.
    sent = [dispatch.request for _at, dispatch in found.executor.dispatched]
    assert [str(request.verb) for request in sent if changes(request)] == ["create", "apply", "apply"]
    assert not [request for request in sent if request.verb == "get" and "/apps/" in request.path]


def test_the_lease_of_a_run_that_was_killed_is_taken_once_it_has_expired() -> None:
    found = cluster("shop")
    locked(found, "shop", leaseDurationSeconds=30)
    began = found.server.clock.now
    assert found.deploy("shop")["shop"].outcome == "deployed"
    assert found.server.clock.now - began > 30
    assert leases(found) == []


def test_check_mode_names_who_has_it_and_waits_for_nobody() -> None:
    found = cluster("shop", "pay", dry_run=True)
    locked(found, "shop")
    began = found.server.clock.now
    verdicts = found.deploy("shop", "pay")
    assert found.server.clock.now - began < 5
    said = "it would have to wait: locked by alice@host since 2027-01-15T08:00:00Z"
    assert verdicts["shop"].outcome == "deployed" and said in verdicts["shop"].message
    assert "locked" not in verdicts["pay"].message
    # A dry run of a creation, which tells whether that is allowed, too.
    assert sorted(found.leases) == ["CREATE", "CREATE", "GET"]
    assert leases(found) == [NAMES.lease]


@pytest.mark.parametrize("dry_run", [False, True])
def test_who_may_not_lock_changes_nothing(dry_run: bool) -> None:
    found = cluster("shop", dry_run=dry_run)
    found.refuse("CREATE .*/leases", 403)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason, found.names("ConfigMap", "shop")) == ("failed", "api_refused", [])


def test_one_that_is_made_anew_in_a_namespace_with_nothing_to_do_locks_it_first() -> None:
    found = cluster("shop")
    found.deploy("shop")
    found.server.requests.clear()
    locked(found, "shop", 10)
    original = objects.workload("shop", "web")

    def anew(executor: object) -> None:
        def act() -> None:
            found.server.delete(RESOURCES["Deployment"].path("shop", "web"))
            found.server.seed(original)

        # While pods that somebody restarts are waited for.
        restart = {"metadata": {"annotations": {"restarted": "now"}}}
        for kind, name in BOTH:
            found.edit(kind, "shop", name, {"spec": {"template": restart}})
        found.server.clock.after(0.5, act)

    verdict = found.deploy("shop", before=anew)["shop"]
    assert (verdict.outcome, verdict.changed) == ("deployed", True)
    assert NAMES.pod_label in found.template("shop")["labels"]
    assert "waits: locked by" in str(found.told)
    assert leases(found) == []


def test_what_a_killed_run_has_left_rolling_counts_while_its_lock_is_waited_for() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop")
    found.server.seed(objects.workload("shop", "new"))
    restart = {"metadata": {"annotations": {"restarted": "now"}}}
    found.edit("Deployment", "shop", "web", {"spec": {"template": restart}})
    locked(found, "shop", 40)
    done: list[str] = []

    def changed(change: Change) -> None:
        status = change.after.get("status") or {}
        if (change.place.namespace, change.place.name) == ("shop", "web") and status.get("updatedReplicas") == 2:
            done.append("shop is rolled")
        elif change.by == NAMES.field_manager and change.place.resource.kind in ("Deployment", "StatefulSet"):
            done.append(f"{change.place.namespace} is patched")

    found.server.store.listeners.append(changed)
    verdicts = found.deploy("shop", "pay", max_in_flight=1)
    assert {str(verdict.outcome) for verdict in verdicts.values()} == {"deployed"}
    assert done[0] == "shop is rolled"
    assert done.index("pay is patched") < done.index("shop is patched")


def test_what_rolls_where_the_lock_is_not_to_be_had_holds_up_nobody_for_good() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop")
    found.server.seed(objects.workload("shop", "new"))
    # Its pods are never replaced.
    found.edit("StatefulSet", "shop", "data", {"spec": {"template": {"metadata": {"annotations": {"again": "1"}}}}})
    found.controllers.healthy = lambda pod: (
        pod["metadata"]["namespace"] != "shop" or "data" not in pod["metadata"]["name"]
    )
    locked(found, "shop")
    verdicts = found.deploy("shop", "pay", max_in_flight=1, lock=Terms("me", wait_seconds=2))
    assert [str(verdict.reason) for verdict in verdicts.values()] == ["locked", ""]


def test_garbage_of_an_earlier_run_is_collected_under_the_lock() -> None:
    found = cluster("shop")
    revisions = [f"{number:010x}" for number in range(1, 5)]
    for revision in revisions:
        found.server.clock.run(found.server.clock.now + 10)
        found.deploy("shop", operation=delivery(revision))
    # Until nothing refers to the oldest any more.
    for kind in ("ReplicaSet", "ControllerRevision"):
        for entry in list(found.server.store.collection(RESOURCES[kind], "shop")):
            if entry["metadata"]["labels"].get(NAMES.pod_label) == revisions[0]:
                found.server.store.remove(Place(RESOURCES[kind], "shop", entry["metadata"]["name"]), "gc")
    found.server.requests.clear()
    verdict = found.deploy("shop", operation=delivery(revisions[-1]))["shop"]
    assert (verdict.outcome, verdict.changed) == ("deployed", True)
    assert f"wasm-filter-{revisions[0]}" not in found.names("ConfigMap", "shop")
    assert found.leases == ["CREATE", "DELETE"]


@pytest.mark.parametrize("urgent", [False, True])
def test_a_run_that_is_stopped_while_it_waits_has_changed_nothing(urgent: bool) -> None:
    found = cluster("shop")
    locked(found, "shop")
    began = found.server.clock.now
    operation = InlineDelivery(release())
    verdict = found.deploy(
        "shop",
        operation=operation,
        before=lambda executor: found.server.clock.after(5, lambda: executor.post(Stop(urgent))),
    )["shop"]
    assert (verdict.outcome, verdict.reason, verdict.changed) == ("not_started", "stopped", False)
    assert found.server.clock.now - began < 6


def test_a_run_that_is_stopped_gives_back_what_it_has() -> None:
    found = cluster("shop")
    verdict = found.deploy("shop", before=lambda executor: found.server.clock.after(1, lambda: executor.post(Stop())))[
        "shop"
    ]
    assert (verdict.outcome, verdict.reason) == ("failed", "stopped")
    assert found.leases[-1] == "DELETE" and leases(found) == []


def side(found: Simulated, name: str, operation: Operation, *namespaces: str) -> Side:
    machine = Run(operation, [list(namespaces)], {}, Settings(lock=Terms(name)))
    executor = Mortal(found.server, Wire(random.Random(name)))
    return Side(machine, executor, Record(Task((tuple(namespaces),)), 0.0, holder=name), found.server.clock.now)


def test_two_runs_that_have_what_the_other_waits_for_both_come_to_their_end() -> None:
    found = cluster("shop", "pay")
    first, second = side(found, "one", delivery(R1), "shop", "pay"), side(found, "two", delivery(R2), "pay", "shop")
    for one, slow in ((first, "pay"), (second, "shop")):
        one.executor.wire = Slow(f"create .*/{slow}/leases", 0.5)
    run_beside(found.server.clock, [first, second])
    for one in (first, second):
        assert {str(verdict.outcome) for verdict in one.record.verdicts} == {"deployed"}
        assert any("waits: locked by" in tell.text for tell in one.executor.told)
    for namespace, last in (("shop", R2), ("pay", R1)):
        labels = {found.template(namespace, kind, name)["labels"][NAMES.pod_label] for kind, name in BOTH}
        assert labels == {last}
