# SPDX-License-Identifier: Apache-2.0
"""How often a namespace is looked at, whoever asks: on whole runs."""

from __future__ import annotations

from itertools import pairwise

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.looking import LOOK_SECONDS

from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.runs import Simulated
from tests.unit.wires import Losing, Slow

PODS, EVENTS = "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/events"


def sick(_pod: Object) -> bool:
    return False


def stuck(count: int = 8) -> Simulated:
    """StatefulSets whose new pods end before they are ready, but not often enough to be given up."""
    entries = [objects.workload("shop", f"w{number}", kind="StatefulSet") for number in range(count)]
    found = Simulated(objects.namespace("shop"), *entries)
    found.controllers.healthy, found.controllers.crashes = sick, 0
    return found


def looks(found: Simulated, path: str) -> list[float]:
    return [
        time
        for time, one in found.executor.dispatched
        if (one.request.verb, one.request.path) == (Verb.LIST, path) and not one.request.metadata_only
    ]


def test_one_look_in_ten_seconds_serves_all_workloads_of_a_namespace() -> None:
    found = stuck()
    assert found.deploy("shop", timeout_seconds=55)["shop"].reason == "rollout_timeout"
    # The last is for the words of the verdict.
    times = looks(found, PODS)[:-1]
    assert len(times) in (4, 5)
    assert all(round(later - earlier, 6) >= LOOK_SECONDS for earlier, later in pairwise(times))
    assert looks(found, EVENTS) == times


def test_events_ask_for_warnings_only() -> None:
    found = stuck(1)
    found.deploy("shop", timeout_seconds=15)
    (asked,) = [one.request for _time, one in found.executor.dispatched if one.request.path == EVENTS]
    assert asked.field_selector == "type=Warning"


def test_who_may_not_read_events_is_asked_once() -> None:
    found = stuck()
    found.refuse("LIST .*/events", 403)
    found.controllers.crashes = 4
    verdict = found.deploy("shop")["shop"]
    # Pods tell what they tell all the same.
    assert verdict.reason == "rollout_failed" and "CrashLoopBackOff" in verdict.message
    assert len(looks(found, EVENTS)) == 1


def test_where_pods_can_not_be_read_it_takes_its_time() -> None:
    found = stuck(1)
    found.controllers.crashes = 4
    found.refuse("LIST .*/shop/pods", 403)
    assert found.deploy("shop", timeout_seconds=40)["shop"].reason == "rollout_timeout"


def test_a_look_under_way_serves_those_who_ask_meanwhile() -> None:
    found = stuck()
    found.wire = Slow("list .*/shop/pods", 25)
    assert found.deploy("shop", timeout_seconds=45)["shop"].reason == "rollout_timeout"
    times = looks(found, PODS)
    assert all(later - earlier >= 25 for earlier, later in pairwise(times[:-1]))


def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    found = stuck(1)
    found.controllers.crashes = 4
    found.wire = Losing("list .*/shop/(pods|events)", times=2)
    assert found.deploy("shop")["shop"].reason == "rollout_failed"


def test_nobody_looks_where_all_goes_well() -> None:
    found = Simulated(objects.namespace("shop"), *(objects.workload("shop", f"w{number}") for number in range(4)))
    assert found.deploy("shop")["shop"].outcome == "deployed"
    assert looks(found, PODS) == looks(found, EVENTS) == []
