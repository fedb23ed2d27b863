# SPDX-License-Identifier: Apache-2.0
"""One lock by hand: its requests are carried out on a simulated server, and time goes on only where a test says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import lease, lock
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Send
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lease import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lock import Phase

from tests.simulation.api_server import ApiServer
from tests.simulation.values import put
from tests.unit import objects
from tests.unit.driving import answer
from tests.unit.locking import PATH, PLACE, Locked, lost, touch, with_theirs
from tests.unit.objects import NAMES


def test_one_that_nobody_has_takes_one_request() -> None:
    found = Locked()
    assert found.held and found.asked == ["create"]
    found.release()
    assert not found.held and found.asked == ["create", "delete"] and found.lease is None


def test_it_is_renewed_as_long_as_it_is_needed() -> None:
    found = Locked()
    found.until(100.0)
    assert found.held
    assert found.asked == ["create", *["replace"] * 10]
    found.release()
    found.until(200.0)
    assert found.asked[11:] == ["delete"]


def test_what_somebody_else_has_is_waited_for() -> None:
    found = Locked(with_theirs())
    assert (found.state.phase, found.held) == (Phase.WAITING, False)
    found.until(9.0)
    assert found.asked == ["create", *["get"] * 5]
    found.server.delete(PATH)
    found.until(10.0)
    assert found.held and found.asked[-2:] == ["get", "create"]


def test_in_vain() -> None:
    found = Locked(with_theirs(), wait_seconds=5.0)
    found.until(5.0)
    assert found.state.phase == Phase.OVER
    text = "locked by somebody since 1970-01-01T00:00:00Z, and still after 5 s (wasm_filter_lock_seconds)"
    assert found.state.failure == (Reason.LOCKED, text)
    asked = list(found.asked)
    found.until(60.0)
    assert found.asked == asked


def test_without_time_to_wait_it_is_asked_for_once() -> None:
    found = Locked(with_theirs(), wait_seconds=0.0)
    assert found.asked == ["create", "get"]
    assert found.state.failure is not None and found.state.failure[0] == Reason.LOCKED


@pytest.mark.parametrize("renewed", ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
def test_one_that_has_not_changed_for_its_time_is_taken_whatever_other_clocks_say(renewed: str) -> None:
    found = Locked(with_theirs(leaseDurationSeconds=7, renewTime=renewed))
    found.until(7.9)
    assert not found.held
    found.until(8.0)
    assert found.held
    held = found.lease
    assert held is not None
    assert (lease.holder(held), held["spec"]["leaseDurationSeconds"]) == ("me", 30)


def test_one_that_is_renewed_is_not_taken() -> None:
    found = Locked(with_theirs(leaseDurationSeconds=5))
    for second in range(4, 60, 4):
        found.until(float(second))
        touch(found.server)
    assert not found.held and found.state.phase == Phase.WAITING


def test_one_that_was_given_back_without_being_deleted_is_taken_at_once() -> None:
    found = Locked(with_theirs(holderIdentity=""))
    assert found.held and found.asked == ["create", "get", "replace"]


def test_whoever_is_faster_has_it() -> None:
    server = with_theirs(leaseDurationSeconds=5)
    first, second = Locked(server, wait_seconds=20.0), Locked(server, wait_seconds=20.0)
    second.state = replace(second.state, terms=replace(second.state.terms, holder="other"))
    first.until(6.0)
    assert first.held
    # It saw it expire as well, and its write comes too late.
    second.refuse = lambda request: api_error("put", 409, "modified") if request.verb == "replace" else None
    second.until(6.0)
    assert not second.held and second.state.phase == Phase.WAITING


def test_what_is_not_ours_is_left_alone() -> None:
    server = ApiServer(objects.namespace("shop"))
    server.seed(put(lease.new(NAMES, "shop", Terms("operator"), 0.0), "metadata", "labels", {}))
    found = Locked(server)
    assert found.state.failure is not None and found.state.failure[0] == Reason.FOREIGN_OBJECT
    found.until(100.0)
    assert found.asked == ["create", "get"]


def test_it_is_held_from_when_it_was_asked_for_not_from_when_that_was_answered() -> None:
    found = Locked()
    found.until(5.0)
    found.refuse = lost
    found.until(29.9)
    assert found.held
    found.until(30.0)
    assert not found.held
    assert found.state.failure is not None
    assert found.state.failure[0] == Reason.LOCK_LOST and "could not be renewed within 30 s" in found.state.failure[1]


def test_a_renewal_is_tried_again_in_time() -> None:
    found = Locked()
    found.refuse = lost
    found.until(25.0)
    found.refuse = lambda _request: None
    found.until(50.0)
    assert found.held


@pytest.mark.parametrize(
    ("verb", "expected"), [("create", ["create", "get", "replace"]), ("replace", ["create", "replace", "replace"])]
)
def test_what_was_done_though_its_answer_was_lost(verb: str, expected: list[str]) -> None:
    server = ApiServer(objects.namespace("shop"))
    done: list[Request] = []

    def refuse(request: Request) -> ApiError | None:
        if request.verb != verb or done:
            return None
        done.append(request)
        answer(server, request)
        return lost(request)

    class Losing(Locked):
        def _sent(self, send: Send) -> None:
            self.refuse = refuse
            super()._sent(send)

    found = Losing(server)
    found.until(15.0)
    assert found.held
    assert found.asked[: len(expected)] == expected
    found.release()
    assert found.lease is None


def test_one_that_is_deleted_is_lost() -> None:
    found = Locked()
    found.server.delete(PATH)
    found.until(10.0)
    assert not found.held
    assert found.state.failure == (
        Reason.LOCK_LOST,
        "the lock of the namespace was lost: somebody has deleted its Lease",
    )


def test_one_that_somebody_else_takes_is_lost_and_left_to_him() -> None:
    found = Locked()
    held = found.lease
    assert held is not None
    found.server.store.put(put(held, "spec", "holderIdentity", "other"), "other")
    found.until(10.0)
    assert found.state.failure is not None
    assert found.state.failure[0] == Reason.LOCK_LOST and "taken by other since" in found.state.failure[1]
    found.release()
    assert found.lease is not None


def test_one_that_was_taken_meanwhile_is_not_deleted() -> None:
    found = Locked()
    held = found.lease
    assert held is not None
    found.server.store.put(put(held, "spec", "holderIdentity", "other"), "other")
    found.release()
    assert found.state.phase == Phase.OVER
    assert found.asked == ["create", "delete", "get"] and found.lease is not None


def test_one_that_somebody_labels_is_still_ours() -> None:
    found = Locked()
    touch(found.server)
    found.until(10.0)
    assert found.held and found.asked == ["create", "replace", "get", "replace"]
    touch(found.server)
    found.release()
    assert found.asked[4:] == ["delete", "get", "delete"] and found.lease is None


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_refusal_ends_it(status: int) -> None:
    server = ApiServer(objects.namespace("shop"))

    class Refused(Locked):
        def _sent(self, send: Send) -> None:
            self.refuse = lambda _request: api_error("post", status, "no")
            super()._sent(send)

    found = Refused(server)
    assert found.state.failure == (Reason.API_REFUSED, str(api_error("post", status, "no")))


@pytest.mark.parametrize("status", [0, 429, 503])
def test_what_is_turned_away_is_asked_again_for_a_minute(status: int) -> None:
    found = Locked(with_theirs())
    found.refuse = lambda _request: api_error("get", status, "not now")
    found.until(58.0)
    assert found.state.failure is None
    found.until(70.0)
    assert found.state.failure is not None and found.state.failure[0] == Reason.API_REFUSED


@pytest.mark.parametrize("verb", ["create", "replace"])
def test_a_write_that_is_never_answered_is_given_up_though_reads_are(verb: str) -> None:
    server = ApiServer(objects.namespace("shop")) if verb == "create" else with_theirs(leaseDurationSeconds=1)

    class Never(Locked):
        def _sent(self, send: Send) -> None:
            self.refuse = lambda request: lost(request) if request.verb == verb else None
            super()._sent(send)

    found = Never(server, wait_seconds=1000.0)
    found.until(100.0)
    assert found.state.failure is not None and found.state.failure[0] == Reason.API_REFUSED


def test_turned_away_now_and_then_it_goes_on_waiting() -> None:
    found = Locked(with_theirs(leaseDurationSeconds=1000), wait_seconds=500.0)
    for minute in range(8):
        found.refuse = lambda _request: api_error("get", 503, "not now")
        found.until(60.0 * minute + 30.0)
        found.refuse = lambda _request: None
        found.until(60.0 * minute + 59.0)
    assert found.state.phase == Phase.WAITING


@pytest.mark.parametrize("busy", [False, True])
def test_in_check_mode_it_is_named_and_neither_waited_for_nor_taken(busy: bool) -> None:
    server = with_theirs() if busy else ApiServer(objects.namespace("shop"))
    server.dry_run = True
    found = Locked(server, dry_run=True)
    assert found.held
    assert found.state.note == ("somebody since 1970-01-01T00:00:00Z" if busy else "")
    found.until(100.0)
    found.release()
    assert found.asked == (["create", "get"] if busy else ["create"])


def test_one_that_is_not_needed_any_more_before_it_is_had_is_given_back() -> None:
    server = ApiServer(objects.namespace("shop"))
    state, commands = lock.begin(NAMES, "shop", Terms("me"), 0.0)
    state, nothing = lock.release(state, 1.0)
    assert nothing == []
    (send,) = commands
    assert isinstance(send, Send)
    state, commands = lock.advance(state, answer(server, send.request), 2.0)
    (send,) = commands
    assert isinstance(send, Send)
    state, commands = lock.advance(state, answer(server, send.request), 3.0)
    assert (state.phase, commands, server.store.get(PLACE)) == (Phase.OVER, [], None)


def test_one_that_is_abandoned_is_neither_renewed_nor_deleted() -> None:
    found = Locked()
    found.state = lock.abandon(found.state)
    found.until(100.0)
    assert found.asked == ["create"] and found.lease is not None
