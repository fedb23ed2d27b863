# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Dispatch,
    Request,
    Send,
    SetTimer,
    Tell,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered, Failed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Refusal, Reply
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.requests import READS


def send(verb: Verb) -> Send:
    return Send(Request(verb, "/x"), 60.0)


def nobody(_message: Reply | Refusal, _now: float) -> None:
    pass


def test_commands_collect_until_they_are_taken() -> None:
    bus = Bus(0)
    assert bus.send(send(Verb.GET), nobody)
    bus.wake(3.0, lambda _now: None)
    bus.tell("shop", "patched", step=True)
    first, second, third = bus.taken()
    assert isinstance(first, Dispatch)
    assert isinstance(second, SetTimer)
    assert third == Tell("shop", "patched", True, 0, 0, 0)
    assert bus.taken() == []


def test_a_timer_goes_off_once_with_the_time_that_it_is() -> None:
    bus = Bus(0)
    heard: list[float] = []
    bus.wake(3.0, heard.append)
    (timer,) = bus.taken()
    assert isinstance(timer, SetTimer)
    assert bus.fired(timer.token, 3.5)
    assert not bus.fired(timer.token, 4.0)
    assert heard == [3.5]


def test_tokens_are_never_used_twice() -> None:
    bus = Bus(0)
    for _each in range(3):
        bus.send(send(Verb.GET), nobody)
        bus.wake(1.0, lambda _now: None)
    tokens = [command.token for command in bus.taken() if isinstance(command, (Dispatch, SetTimer))]
    assert len(set(tokens)) == 6


@pytest.mark.parametrize("verb", list(Verb))
def test_of_a_run_that_is_stopped_only_reads_are_sent(verb: Verb) -> None:
    bus = Bus(0)
    bus.stopping = True
    assert bus.send(send(verb), nobody) == (verb in READS)
    assert len(bus.taken()) == (verb in READS)


def test_a_request_that_waits_to_be_sent_again_is_sent_by_its_timer() -> None:
    bus = Bus(0)
    bus.send(send(Verb.APPLY), nobody)
    (first,) = bus.taken()
    assert isinstance(first, Dispatch)
    bus.answered(Failed(first.token, api_error("x", 503, "busy")), 0.0)
    (timer,) = bus.taken()
    assert isinstance(timer, SetTimer)
    assert bus.fired(timer.token, timer.at)
    (again,) = bus.taken()
    assert isinstance(again, Dispatch)
    assert again.request == first.request


@pytest.mark.parametrize(("verb", "sent"), [(Verb.APPLY, False), (Verb.DELETE, False), (Verb.LIST, True)])
def test_what_changes_the_cluster_is_sent_again_only_while_that_is_allowed(verb: Verb, sent: bool) -> None:
    bus = Bus(0)
    bus.guard = lambda _request, _now: False
    bus.send(send(verb), nobody)
    (first,) = bus.taken()
    assert isinstance(first, Dispatch)
    bus.answered(Failed(first.token, api_error("x", 503, "busy")), 0.0)
    (timer,) = bus.taken()
    assert isinstance(timer, SetTimer)
    assert bus.fired(timer.token, timer.at) == sent
    assert len(bus.taken()) == sent


def test_a_lease_is_no_change_and_its_end_belongs_to_an_orderly_one() -> None:
    bus = Bus(0)
    bus.send(Send(Request(Verb.CREATE, "/apis/coordination.k8s.io/v1/namespaces/shop/leases"), 60.0), nobody)
    assert bus.writes_under_way() == bus.writes_under_way("shop") == 0
    bus.stopping = True
    assert bus.send(send(Verb.DELETE), nobody, ends=True)


def test_what_waits_to_be_sent_again_is_given_up_by_namespace() -> None:
    bus = Bus(0)
    told: list[str] = []
    for name in ("shop", "pay"):
        request = Request(Verb.APPLY, f"/api/v1/namespaces/{name}/configmaps/x", {})
        bus.send(Send(request, 60.0), lambda message, _now: told.append(message.request.path))
    for command in bus.taken():
        assert isinstance(command, Dispatch)
        bus.answered(Failed(command.token, api_error("x", 503, "busy")), 0.0)
    bus.give_up(1.0, "shop")
    assert told == ["/api/v1/namespaces/shop/configmaps/x"]


def test_only_writes_without_an_answer_are_waited_for() -> None:
    bus = Bus(0)
    bus.send(send(Verb.LIST), nobody)
    bus.send(send(Verb.CREATE), nobody)
    _list, create = bus.taken()
    assert bus.writes_under_way() == 1
    assert isinstance(create, Dispatch)
    bus.answered(Answered(create.token, {}), 0.0)
    assert bus.writes_under_way() == 0


def test_lines_of_progress_count_from_where_the_last_wave_was() -> None:
    bus = Bus(5)
    bus.begin_wave()
    bus.count(done=2, rolling=3)
    bus.tell("a", "x")
    bus.begin_wave()
    bus.count(done=1, rolling=0)
    bus.tell("b", "y")
    assert bus.taken() == [Tell("a", "x", False, 2, 5, 3), Tell("b", "y", False, 3, 5, 0)]
