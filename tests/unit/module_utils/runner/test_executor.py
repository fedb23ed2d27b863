# SPDX-License-Identifier: Apache-2.0
"""The real executor; its client is a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Conflict, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.slim import shared, slim
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    Dispatch,
    EndWatch,
    Request,
    SetTimer,
    StartWatch,
    Tell,
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
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.executor import (
    INTERNAL,
    WORKERS,
    Executor,
)

Item = dict[str, Any]
# For what must not happen to be noticed, and no more.
PATIENCE_SECONDS = 20.0


class Script(ClusterApi):
    """Each call is noted; `answers` says what comes of a path."""

    def __init__(self, **answers: Any) -> None:
        self.dry_run = False
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[str, Callable[[], Any]] = {f"/{path}": answer for path, answer in answers.items()}
        self.events: list[Callable[[], tuple[str, Item]]] = []

    def _called(self, *call: Any) -> Any:
        self.calls.append(call)
        return self.answers.get(call[1], lambda: call[0])()

    def get(self, path: str) -> Item | None:
        return self._called("get", path)

    def get_text(self, path: str) -> str:
        return str(self._called("get_text", path))

    def list(
        self,
        path: str,
        label_selector: str = "",
        metadata_only: bool = False,
        field_selector: str = "",
        kept: Callable[[Item], Item] | None = None,
    ) -> tuple[list[Item], str]:
        return self._called("list", path, label_selector, metadata_only, kept)

    def create(self, path: str, body: Item, manager: str, rehearsal: bool = False) -> Item:
        return self._called("create", path, body, manager, rehearsal)

    def apply(self, path: str, body: Item, manager: str) -> Item:
        return self._called("apply", path, body, manager)

    def replace(self, path: str, body: Item, manager: str) -> Item:
        return self._called("replace", path, body, manager)

    def merge_patch(self, path: str, body: Item, manager: str) -> Item:
        return self._called("merge_patch", path, body, manager)

    def delete(self, path: str, preconditions: Any = None) -> bool:
        return self._called("delete", path, preconditions)

    def watch(self, path: str, resource_version: str, seconds: int) -> Iterator[tuple[str, Item]]:
        self.calls.append(("watch", path, resource_version))
        for event in self.events:
            yield event()


class Running:
    """An executor, closed at the end."""

    def __init__(self, api: ClusterApi) -> None:
        self.told: list[Tell] = []
        self.executor = Executor(api, self.told.append)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.executor.close()

    def do(self, *commands: Command) -> None:
        for command in commands:
            self.executor.do(command)

    def events(self, count: int) -> list[Event]:
        return [self.executor.next() for _each in range(count)]


def raising(error: Exception) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


REQUESTS = [
    (Request(Verb.GET, "/x"), ("get", "/x")),
    (Request(Verb.GET_TEXT, "/x"), ("get_text", "/x")),
    (Request(Verb.LIST, "/x", label_selector="a=b", metadata_only=True), ("list", "/x", "a=b", True, shared)),
    (Request(Verb.LIST, "/x", slim=True), ("list", "/x", "", False, slim)),
    (Request(Verb.CREATE, "/x", {"a": 1}, "me"), ("create", "/x", {"a": 1}, "me", False)),
    (Request(Verb.CREATE, "/x", {"a": 1}, "me", rehearsal=True), ("create", "/x", {"a": 1}, "me", True)),
    (Request(Verb.APPLY, "/x", {"a": 1}, "me"), ("apply", "/x", {"a": 1}, "me")),
    (Request(Verb.REPLACE, "/x", {"a": 1}, "me"), ("replace", "/x", {"a": 1}, "me")),
    (Request(Verb.MERGE_PATCH, "/x", {"a": 1}, "me"), ("merge_patch", "/x", {"a": 1}, "me")),
    (Request(Verb.DELETE, "/x"), ("delete", "/x", None)),
    (Request(Verb.DELETE, "/x", {"preconditions": {"uid": "u"}}), ("delete", "/x", {"uid": "u"})),
]


def test_each_verb_is_here() -> None:
    assert {request.verb for request, _call in REQUESTS} == set(Verb)


@pytest.mark.parametrize(("request_", "call"), REQUESTS)
def test_each_request_is_one_call_of_the_client(request_: Request, call: tuple[Any, ...]) -> None:
    api = Script()
    with Running(api) as running:
        running.do(Dispatch(7, request_))
        assert running.events(1) == [Answered(7, call[0])]
    assert api.calls == [call]


def test_of_workloads_is_kept_what_is_read() -> None:
    whole = {"metadata": {"name": "web"}, "spec": {"replicas": 1, "template": {"spec": {"containers": [{}]}}}}
    api = Script(x=lambda: whole)
    with Running(api) as running:
        running.do(Dispatch(7, Request(Verb.APPLY, "/x", {}, slim=True)))
        running.do(Dispatch(8, Request(Verb.APPLY, "/x", {})))
        answers = {event.token: event.answer for event in running.events(2) if isinstance(event, Answered)}
    assert answers == {7: slim(whole), 8: whole}
    assert slim(whole) != whole


def test_what_is_refused_is_an_event() -> None:
    refusal = api_error("get /x", 409, "no")
    with Running(Script(x=raising(refusal))) as running:
        running.do(Dispatch(7, Request(Verb.GET, "/x")))
        assert running.events(1) == [Failed(7, refusal)]
    assert isinstance(refusal, Conflict)


@pytest.mark.parametrize("fault", [KeyError("unforeseen"), RecursionError(), MemoryError("x")])
def test_a_fault_of_the_client_is_an_event_too(fault: Exception) -> None:
    api = Script(x=raising(fault))
    with Running(api) as running:
        # One worker less would be one for good.
        running.do(*[Dispatch(number, Request(Verb.GET, "/x")) for number in range(2 * WORKERS)])
        events = running.events(2 * WORKERS)
        running.do(Dispatch(99, Request(Verb.GET, "/y")))
        assert running.events(1) == [Answered(99, "get")]
    assert {event.token for event in events if isinstance(event, Failed)} == set(range(2 * WORKERS))
    (error, *_others) = [event.error for event in events if isinstance(event, Failed)]
    # It is no status, so that it is not sent again.
    assert error.status == INTERNAL
    assert type(fault).__name__ in str(error)
    assert "get /x" in str(error)


def test_requests_run_side_by_side() -> None:
    together = threading.Barrier(WORKERS, timeout=PATIENCE_SECONDS)
    with Running(Script(x=together.wait)) as running:
        running.do(*[Dispatch(number, Request(Verb.GET, "/x")) for number in range(WORKERS)])
        assert {type(event) for event in running.events(WORKERS)} == {Answered}


def test_timers_go_off_in_their_order_and_not_before_their_time() -> None:
    with Running(Script()) as running:
        now = running.executor.now()
        running.do(SetTimer(1, now + 0.03), SetTimer(2, now + 0.01), SetTimer(3, now - 5))
        assert running.events(3) == [TimerFired(3), TimerFired(2), TimerFired(1)]
        assert running.executor.now() >= now + 0.03


def test_an_event_does_not_wait_for_a_timer() -> None:
    with Running(Script()) as running:
        running.do(SetTimer(1, running.executor.now() + 10 * PATIENCE_SECONDS), Dispatch(2, Request(Verb.GET, "/x")))
        assert running.events(1) == [Answered(2, "get")]


def test_what_comes_from_outside_is_an_event() -> None:
    with Running(Script()) as running:
        threading.Thread(target=running.executor.put, args=(Stop(urgent=True),)).start()
        assert running.events(1) == [Stop(urgent=True)]


def test_lines_of_progress_are_handed_on() -> None:
    line = Tell("shop", "patched", True, 0, 1)
    with Running(Script()) as running:
        running.do(line)
    assert running.told == [line]


def change(name: str) -> Callable[[], tuple[str, Item]]:
    return lambda: ("MODIFIED", {"metadata": {"name": name}})


def test_a_watch_gives_its_events_and_its_end() -> None:
    api = Script()
    api.events = [change("a"), change("b")]
    with Running(api) as running:
        running.do(StartWatch(5, "/x", "9"))
        assert running.events(3) == [
            WatchEvent(5, "MODIFIED", {"metadata": {"name": "a"}}),
            WatchEvent(5, "MODIFIED", {"metadata": {"name": "b"}}),
            WatchClosed(5),
        ]
    assert api.calls == [("watch", "/x", "9")]


def test_a_watch_that_fails_says_why() -> None:
    expired = api_error("watch /x", 410, "too old")
    for fault, status in ((expired, 410), (KeyError("unforeseen"), INTERNAL)):
        api = Script()
        api.events = [change("a"), raising(fault)]
        with Running(api) as running:
            running.do(StartWatch(5, "/x", "9"))
            _event, closed = running.events(2)
        assert isinstance(closed, WatchClosed)
        assert closed.error is not None
        assert closed.error.status == status


def test_of_a_watch_that_was_ended_nothing_is_heard() -> None:
    api = Script()
    begun, ended = threading.Event(), threading.Event()

    def after_its_end() -> tuple[str, Item]:
        begun.set()
        assert ended.wait(PATIENCE_SECONDS)
        return change("late")()

    api.events = [after_its_end, after_its_end]
    with Running(api) as running:
        before = set(threading.enumerate())
        running.do(StartWatch(5, "/x", "9"))
        assert begun.wait(PATIENCE_SECONDS)
        (thread,) = set(threading.enumerate()) - before
        running.do(EndWatch(5))
        ended.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
        running.executor.put(Stop())
        assert running.events(1) == [Stop()]


def test_closing_does_not_wait_for_a_server_that_does_not_answer() -> None:
    before = set(threading.enumerate())
    asked, answer = threading.Event(), threading.Event()

    def dead() -> Any:
        asked.set()
        assert answer.wait(10 * PATIENCE_SECONDS)

    api = Script(x=dead)
    api.events = [dead]
    with Running(api) as running:
        running.do(Dispatch(1, Request(Verb.GET, "/x")), StartWatch(2, "/y", "9"))
        assert asked.wait(PATIENCE_SECONDS)
    # Here already. Nor does Python wait for those threads when it ends.
    assert not answer.is_set()
    ours = set(threading.enumerate()) - before
    assert ours
    assert all(thread.daemon for thread in ours)
    answer.set()


def test_after_closing_its_workers_go() -> None:
    before = set(threading.enumerate())
    with Running(Script()):
        workers = set(threading.enumerate()) - before
        assert len(workers) == WORKERS
    for worker in workers:
        worker.join(PATIENCE_SECONDS)
        assert not worker.is_alive()
