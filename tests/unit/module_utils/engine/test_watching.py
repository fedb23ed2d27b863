# SPDX-License-Identifier: Apache-2.0
"""Scripted watches: how they go on when they end, are cut, or are too old."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    EndWatch,
    SetTimer,
    StartWatch,
    Verb,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import (
    Answered,
    Failed,
    WatchClosed,
    WatchEvent,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.watching import PAUSE_SECONDS, Watching
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.stateful_set import STATEFUL_SET

from tests.simulation.values import Object

PATH = "/apis/apps/v1/deployments"


def item(name: str = "web", version: int = 1) -> Object:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": str(version)}}


class Watched:
    """A watch of Deployments, what it was told, and what it asks for."""

    def __init__(self, scope: str | None = None) -> None:
        self.bus, self._scope = Bus(0), scope
        self.seen: list[tuple[str, str, str]] = []
        self.listed: list[tuple[str, str | None, list[tuple[str, str]]]] = []
        self.watching = Watching(self.bus, self._see, self._list)
        self.now = 0.0
        self.watching.want(DEPLOYMENT, scope, "5")
        self.commands = self.bus.taken()

    def _see(self, kind: Any, scope: str | None, event: str, found: Object, _now: float) -> None:
        assert scope == self._scope
        self.seen.append((kind.kind, event, found["metadata"]["name"]))

    def _list(self, kind: Any, scope: str | None, found: dict[tuple[str, str], Object], _now: float) -> None:
        self.listed.append((kind.kind, scope, list(found)))

    @property
    def command(self) -> Command:
        (command,) = self.commands
        return command

    @property
    def watch(self) -> StartWatch:
        command = self.command
        assert isinstance(command, StartWatch)
        return command

    @property
    def list_request(self) -> Dispatch:
        command = self.command
        assert isinstance(command, Dispatch)
        assert command.request.verb == Verb.LIST
        return command

    def event(self, kind: str, found: Object) -> None:
        self.watching.event(WatchEvent(self.watch.token, kind, found), self.now)

    def closed(self, error: ApiError | None = None) -> None:
        self.watching.closed(WatchClosed(self.watch.token, error), self.now)
        self.commands = self.bus.taken()

    def answered(self, answer: list[Object] | ApiError) -> None:
        token = self.list_request.token
        if isinstance(answer, ApiError):
            self.bus.answered(Failed(token, answer), self.now)
        else:
            self.bus.answered(Answered(token, (answer, "77")), self.now)
        self.commands = self.bus.taken()

    def wait(self) -> float:
        timer = self.command
        assert isinstance(timer, SetTimer)
        before, self.now = self.now, timer.at
        assert self.bus.fired(timer.token, self.now)
        self.commands = self.bus.taken()
        return self.now - before


EXPIRED, CUT = api_error("watch", 410, "too old"), api_error("watch", 0, "reset")


def test_a_watch_goes_on_from_the_list() -> None:
    assert (Watched().watch.path, Watched().watch.resource_version) == (PATH, "5")
    assert Watched("shop").watch.path == "/apis/apps/v1/namespaces/shop/deployments"


def test_one_watch_for_each_kind_and_scope() -> None:
    found = Watched()
    found.watching.want(DEPLOYMENT, None, "6")
    assert found.bus.taken() == []
    found.watching.want(STATEFUL_SET, "shop", "6")
    found.watching.want(STATEFUL_SET, "pay", "6")
    assert [command.path for command in found.bus.taken() if isinstance(command, StartWatch)] == [
        "/apis/apps/v1/namespaces/shop/statefulsets",
        "/apis/apps/v1/namespaces/pay/statefulsets",
    ]


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED"])
def test_each_event_is_handed_on(kind: str) -> None:
    found = Watched()
    found.event(kind, item())
    assert found.seen == [("Deployment", kind, "web")]


def test_a_watch_that_ends_goes_on_from_where_it_was() -> None:
    found = Watched()
    found.event("MODIFIED", item(version=9))
    found.closed()
    # Never at once: a proxy that ends each watch as soon as it is open would be asked without end.
    assert found.wait() > 0
    assert (found.watch.path, found.watch.resource_version) == (PATH, "9")
    # Where nothing has changed a bookmark says how far it is; it is no change.
    found.event("BOOKMARK", item(version=12))
    found.closed()
    found.wait()
    assert found.watch.resource_version == "12"
    assert len(found.seen) == 1


def test_a_watch_that_ended_is_not_begun_again_where_it_is_of_no_use_any_more() -> None:
    found = Watched()
    found.closed()
    found.watching.end()
    found.wait()
    assert found.commands == []


def test_an_expired_watch_is_begun_again_from_a_list_at_once() -> None:
    found = Watched()
    found.closed(EXPIRED)
    assert found.list_request.request.path == PATH
    found.answered([item("web"), item("other")])
    assert found.listed == [("Deployment", None, [("shop", "web"), ("shop", "other")])]
    assert (found.watch.path, found.watch.resource_version) == (PATH, "77")


@pytest.mark.parametrize("error", [CUT, api_error("watch", 403, "no"), api_error("watch", 500, "no")])
def test_a_watch_that_is_cut_is_made_up_for_by_a_list_after_a_pause(error: ApiError) -> None:
    found = Watched()
    found.closed(error)
    assert found.wait() == PAUSE_SECONDS
    found.answered([item()])
    assert found.listed == [("Deployment", None, [("shop", "web")])]
    assert found.watch.resource_version == "77"


def test_a_list_of_a_namespace_is_about_that_one() -> None:
    found = Watched("shop")
    found.closed(EXPIRED)
    found.answered([])
    # What was deleted meanwhile has no event of its own: it is missing here.
    assert found.listed == [("Deployment", "shop", [])]


def test_a_list_that_fails_too_is_tried_again() -> None:
    found = Watched()
    found.closed(EXPIRED)
    for _each in range(3):
        found.answered(api_error("list", 500, "no"))
        assert found.wait() == PAUSE_SECONDS
    found.answered([item()])
    assert found.watch.resource_version == "77"


def test_no_event_of_a_watch_of_old_counts() -> None:
    found = Watched()
    old = found.watch.token
    found.closed(EXPIRED)
    found.watching.event(WatchEvent(old, "MODIFIED", item()), 0.0)
    found.watching.closed(WatchClosed(old), 0.0)
    assert found.seen == []
    assert found.bus.taken() == []


def test_what_is_of_no_use_any_more_is_ended() -> None:
    found = Watched()
    found.watching.end()
    assert found.bus.taken() == [EndWatch(found.watch.token)]
    found.event("MODIFIED", item())
    found.closed(EXPIRED)
    assert (found.seen, found.commands) == ([], [])


def test_after_the_end_no_watch_is_begun_again() -> None:
    # In the pause, and between a LIST and its answer.
    found = Watched()
    found.closed(CUT)
    found.watching.end()
    found.wait()
    assert found.commands == []
    found = Watched()
    found.closed(EXPIRED)
    found.watching.end()
    found.answered([item()])
    assert (found.listed, found.commands) == ([], [])


def test_what_is_wanted_again_is_watched_again() -> None:
    found = Watched()
    found.watching.end()
    found.bus.taken()
    found.watching.want(DEPLOYMENT, None, "8")
    (command,) = found.bus.taken()
    assert isinstance(command, StartWatch)
    assert command.resource_version == "8"
