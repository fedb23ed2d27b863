# SPDX-License-Identifier: Apache-2.0
"""The simulated executor: side by side, in order, lost on the way."""

from __future__ import annotations

import random

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    ApiError,
    Conflict,
    Expired,
    Unreachable,
    api_error,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Dispatch,
    EndWatch,
    Request,
    SetTimer,
    StartWatch,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import (
    Answered,
    Event,
    Failed,
    Stop,
    TimerFired,
    WatchClosed,
    WatchEvent,
)

from tests.simulation.api_server import ApiServer
from tests.simulation.executor import WORKERS, SimulatedExecutor, Stuck
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.wire import Fate, Wire
from tests.simulation.writes import delete
from tests.unit.objects import namespace, workload

DEPLOYMENTS = "/apis/apps/v1/deployments"
PLACE = Place(RESOURCES["Deployment"], "shop", "web")
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
PATCH = Request(Verb.MERGE_PATCH, WEB, {"metadata": {"labels": {"a": "b"}}}, "me")


def executor(wire: Wire | None = None) -> SimulatedExecutor:
    server = ApiServer(namespace("shop"), workload("shop", "web"))
    return SimulatedExecutor(server, wire or Wire(random.Random(3)))


def events(one: SimulatedExecutor, count: int) -> list[Event]:
    return [one.next() for _number in range(count)]


def test_requests_run_side_by_side_and_are_answered_out_of_order() -> None:
    one = executor()
    for token in range(10):
        one.do(Dispatch(token, Request(Verb.GET, WEB)))
    tokens = [event.token for event in events(one, 10) if isinstance(event, Answered)]
    assert sorted(tokens) == list(range(10))
    assert tokens != sorted(tokens)
    assert one.now() < 0.2


def test_no_more_than_the_workers_at_a_time() -> None:
    one = executor(Wire(random.Random(3), (1.0, 1.0)))
    for token in range(WORKERS + 1):
        one.do(Dispatch(token, Request(Verb.GET, WEB)))
    events(one, WORKERS)
    assert one.now() == 2.0
    events(one, 1)
    assert one.now() == 4.0


def test_verbs_and_refusals() -> None:
    one = executor()
    one.do(Dispatch(1, Request(Verb.LIST, DEPLOYMENTS, metadata_only=True)))
    (listed,) = events(one, 1)
    assert isinstance(listed, Answered)
    assert listed.answer[1] == str(one.server.store.version)
    stale = {"metadata": {"resourceVersion": "1"}}
    one.do(Dispatch(2, Request(Verb.MERGE_PATCH, WEB, stale, "me")))
    (refused,) = events(one, 1)
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, Conflict)
    one.do(Dispatch(3, Request(Verb.DELETE, WEB, rehearsal=True)))
    assert events(one, 1) == [Answered(3, True)]
    assert one.server.get(WEB)


class Doomed(Wire):
    def __init__(self, fate: Fate) -> None:
        super().__init__(random.Random(1))
        self._fate = fate

    def fate(self, request: Request) -> Fate:
        return self._fate


UNREACHABLE = api_error("patch", 0, "reset")


@pytest.mark.parametrize(
    ("fate", "written", "error"),
    [
        (Fate(0.1, 0.1, lost=UNREACHABLE), True, Unreachable),
        (Fate(0.1, 0.1, lost=UNREACHABLE, arrives=False), False, Unreachable),
        (Fate(0.1, 0.1, turned_away=api_error("patch", 429, "slow down")), False, ApiError),
    ],
)
def test_what_gets_lost(fate: Fate, written: bool, error: type[ApiError]) -> None:
    one = executor(Doomed(fate))
    one.do(Dispatch(1, PATCH))
    (event,) = events(one, 1)
    assert isinstance(event, Failed)
    assert isinstance(event.error, error)
    assert ("labels" in (one.server.get(WEB) or {})["metadata"]) is written


def test_a_watch_goes_on_from_its_version_in_order() -> None:
    one = executor()
    version = str(one.server.store.version)
    for number in range(5):
        one.server.merge_patch(WEB, {"metadata": {"labels": {"n": str(number)}}}, "me")
    one.do(StartWatch(7, DEPLOYMENTS, version))
    one.server.clock.after(1.0, lambda: delete(one.server.store, PLACE, "somebody"))
    seen = events(one, 7)
    assert [event.type for event in seen if isinstance(event, WatchEvent)] == ["MODIFIED"] * 5 + ["DELETED"]
    labels = [event.object["metadata"]["labels"]["n"] for event in seen if isinstance(event, WatchEvent)]
    assert labels == ["0", "1", "2", "3", "4", "4"]
    assert seen[-1] == WatchClosed(7)
    assert one.now() > 59


def test_a_watch_that_is_ended_or_too_old() -> None:
    one = executor()
    one.server.compacted = 100
    one.do(StartWatch(1, DEPLOYMENTS, "5"))
    (closed,) = events(one, 1)
    assert isinstance(closed, WatchClosed)
    assert isinstance(closed.error, Expired)
    one.do(StartWatch(2, DEPLOYMENTS, "100"))
    one.server.clock.run(5)
    one.do(EndWatch(2))
    one.server.merge_patch(WEB, {"metadata": {"labels": {"a": "b"}}}, "me")
    with pytest.raises(Stuck):
        one.next()


def test_timers_and_what_comes_from_outside() -> None:
    one = executor()
    one.do(SetTimer(1, 30.0))
    one.do(SetTimer(2, 10.0))
    one.server.clock.at(20.0, lambda: one.post(Stop()))
    assert events(one, 3) == [TimerFired(2), Stop(), TimerFired(1)]
    assert one.now() == 30.0


def test_what_is_under_way_arrives_though_nobody_listens_any_more() -> None:
    one = executor()
    one.do(Dispatch(1, PATCH))
    one.close()
    one.server.clock.run(10)
    assert (one.server.get(WEB) or {})["metadata"]["labels"] == {"a": "b"}
