# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    Request,
    Send,
    SetTimer,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered, Failed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Refusal, Reply
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.requests import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Requests,
)

PATCH = Request(Verb.APPLY, "/x", {"a": 1}, "me")
DEADLINE = 60.0


class Sent:
    """One request, and what has come of it."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self.heard: list[tuple[Reply | Refusal, float]] = []
        self.requests = Requests(itertools.count(1).__next__)
        self.now = 0.0
        self.commands = self.requests.send(
            Send(PATCH, deadline), lambda message, now: self.heard.append((message, now))
        )

    @property
    def dispatch(self) -> Dispatch:
        (command,) = self.commands
        assert isinstance(command, Dispatch)
        return command

    def answered(self, answer: object) -> None:
        self.commands = self.requests.answered(Answered(self.dispatch.token, answer), self.now)

    def refused(self, error: ApiError) -> None:
        self.commands = self.requests.answered(Failed(self.dispatch.token, error), self.now)

    def wait(self) -> float:
        """Until its timer goes off; how long that took."""
        (timer,) = self.commands
        assert isinstance(timer, SetTimer)
        before, self.now = self.now, timer.at
        self.commands = self.requests.fired(timer.token, self.now, anything)
        return self.now - before


def anything(_request: Request, _now: float) -> bool:
    return True


def error(status: int, retry_after: float = 0.0) -> ApiError:
    return api_error("patch /x", status, "no", retry_after)


def test_an_answer_goes_to_who_asked_once() -> None:
    sent = Sent()
    token = sent.dispatch.token
    assert sent.dispatch.request == PATCH
    sent.answered({"b": 2})
    assert sent.heard == [(Reply(PATCH, {"b": 2}), 0.0)]
    assert sent.commands == []
    assert sent.requests.answered(Answered(token, {}), 1.0) == []
    assert len(sent.heard) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504, 0])
def test_what_is_turned_away_or_not_answered_is_sent_again(status: int) -> None:
    sent = Sent()
    sent.refused(error(status))
    assert sent.heard == []
    sent.wait()
    assert sent.dispatch.request == PATCH
    sent.answered({})
    # Who asked is told if the first may have been carried out; a 429 says that it was not.
    assert sent.heard == [(Reply(PATCH, {}, resent=status != 429), sent.now)]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422, 500, -1])
def test_a_refusal_is_one(status: int) -> None:
    sent = Sent()
    refusal = error(status)
    sent.refused(refusal)
    assert sent.heard == [(Refusal(PATCH, refusal), 0.0)]
    assert sent.commands == []


def test_a_refusal_of_what_was_sent_again_says_so() -> None:
    sent = Sent()
    sent.refused(error(0))
    sent.wait()
    conflict = error(409)
    sent.refused(conflict)
    assert sent.heard == [(Refusal(PATCH, conflict, resent=True), sent.now)]


def test_it_is_sent_again_until_its_deadline_less_and_less_often() -> None:
    sent = Sent()
    pauses = []
    while not sent.heard:
        sent.refused(error(503))
        if not sent.heard:
            pauses.append(sent.wait())
    (message, now), *_none = sent.heard
    assert isinstance(message, Refusal)
    assert (message.error.status, message.resent) == (503, True)
    # The next would have come too late; none came after the deadline.
    assert DEADLINE - 2 * LONGEST_PAUSE_SECONDS < now <= DEADLINE
    assert all(FIRST_PAUSE_SECONDS <= pause <= 1.5 * LONGEST_PAUSE_SECONDS for pause in pauses)
    assert pauses[0] < pauses[2] < pauses[4]


def test_what_comes_back_after_the_deadline_is_not_sent_again() -> None:
    sent = Sent()
    sent.now = DEADLINE
    sent.refused(error(0))
    assert len(sent.heard) == 1


def test_the_pause_that_the_server_asks_for_is_kept() -> None:
    sent = Sent()
    sent.refused(error(429, retry_after=12.5))
    assert sent.wait() == 12.5
    # One that is shorter than ours is no haste.
    sent.refused(error(429, retry_after=0.1))
    assert sent.wait() >= 2 * FIRST_PAUSE_SECONDS


def test_a_pause_beyond_the_deadline_is_not_waited_for() -> None:
    sent = Sent(deadline=10.0)
    sent.refused(error(429, retry_after=11.0))
    assert len(sent.heard) == 1


def test_what_was_turned_away_together_does_not_come_back_together() -> None:
    requests = Requests(itertools.count(1).__next__)
    sent = [requests.send(Send(PATCH, DEADLINE), lambda *_heard: None)[0] for _each in range(16)]
    timers: list[Command] = []
    for command in sent:
        assert isinstance(command, Dispatch)
        timers += requests.answered(Failed(command.token, error(503)), 0.0)
    assert len({timer.at for timer in timers if isinstance(timer, SetTimer)}) == 16


def test_a_timer_of_somebody_else_is_none_of_ours() -> None:
    assert Sent().requests.fired(99, 0.0, anything) == []


def test_what_was_once_without_an_answer_may_have_been_done_whatever_came_after() -> None:
    sent = Sent()
    for status in (0, 429):
        sent.refused(error(status))
        sent.wait()
    sent.answered({})
    assert sent.heard == [(Reply(PATCH, {}, resent=True), sent.now)]


def test_of_a_run_that_is_stopped_nothing_is_sent_again() -> None:
    sent = Sent()
    busy = error(503)
    assert sent.requests.answered(Failed(sent.dispatch.token, busy), 0.0, again=False) == []
    assert sent.heard == [(Refusal(PATCH, busy), 0.0)]


def test_what_waits_to_be_sent_again_can_be_given_up() -> None:
    sent = Sent()
    turned_away = error(503)
    sent.refused(turned_away)
    (timer,) = sent.commands
    assert isinstance(timer, SetTimer)
    sent.requests.give_up(3.0, lambda request: request is PATCH)
    assert sent.heard == [(Refusal(PATCH, turned_away, resent=True), 3.0)]
    assert sent.requests.fired(timer.token, 4.0, anything) == []


def test_what_is_not_meant_goes_on_waiting() -> None:
    sent = Sent()
    sent.refused(error(503))
    sent.requests.give_up(3.0, lambda _request: False)
    assert sent.heard == []
    sent.wait()
    assert sent.dispatch.request == PATCH


def test_what_may_not_be_sent_any_more_is_refused_with_what_it_last_met() -> None:
    sent = Sent()
    turned_away = error(503)
    sent.refused(turned_away)
    (timer,) = sent.commands
    assert isinstance(timer, SetTimer)
    assert sent.requests.fired(timer.token, 2.0, lambda request, now: (request, now) != (PATCH, 2.0)) == []
    assert sent.heard == [(Refusal(PATCH, turned_away, resent=True), 2.0)]
    assert sent.requests.fired(timer.token, 3.0, anything) == []


def test_writes_under_way_are_counted_by_namespace() -> None:
    sent = Sent()
    requests = sent.requests
    lease = "/apis/coordination.k8s.io/v1/namespaces/shop/leases/x"
    for request in (
        Request(Verb.GET, "/api/v1/namespaces/shop/configmaps/x"),
        Request(Verb.DELETE, lease),
        Request(Verb.CREATE, "/api/v1/namespaces/shop/configmaps", {}, rehearsal=True),
    ):
        requests.send(Send(request, DEADLINE), lambda *_heard: None)
    assert requests.writes == {"": 1}
    # What waits to be sent again is not under way.
    sent.refused(error(503))
    assert requests.writes == {}
    sent.wait()
    requests.send(Send(Request(Verb.DELETE, "/api/v1/namespaces/shop/configmaps/x"), DEADLINE), lambda *_heard: None)
    assert (requests.writes, requests.writes.total()) == ({"": 1, "shop": 1}, 2)
    sent.answered({})
    assert requests.writes == {"shop": 1}
