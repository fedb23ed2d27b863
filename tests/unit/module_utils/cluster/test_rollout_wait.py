"""Scripted watches and a clock that moves only when it is looked at."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster import rollout_wait
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.rollout_wait import Awaited, wait
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Expired, Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.stateful_set import STATEFUL_SET

from tests.unit.fake_api import FakeApi, rolled_at_once
from tests.unit.objects import workload

Event = tuple[str, dict[str, Any]]
FAR = 1_000_000.0


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_wait, "PAUSE_SECONDS", 0)


def seen(name: str = "web", generation: int = 2, updated: int = 0, uid: str = "u", version: int = 1) -> dict[str, Any]:
    entry = workload(name=name)
    entry["metadata"] |= {"uid": uid, "generation": generation, "resourceVersion": str(version)}
    entry["status"] = {
        "observedGeneration": generation,
        "replicas": 2,
        "updatedReplicas": updated,
        "availableReplicas": 2,
    }
    return entry


class Script(FakeApi):
    """Each watch plays the next part; when all are played, an empty one that hangs like a quiet cluster."""

    def __init__(self, *parts: list[Event] | Exception, listed: list[dict[str, Any]] | Exception | None = None) -> None:
        super().__init__()
        self.parts = iter(parts)
        self.listed = listed
        self.watched: list[tuple[str, str]] = []
        self.lists = 0

    def watch(self, path: str, resource_version: str, seconds: int) -> Iterator[Event]:
        self.watched.append((path, resource_version))
        part = next(self.parts, None)
        if isinstance(part, Exception):
            raise part
        if part is None:
            yield from super().watch(path, resource_version, seconds)
        else:
            yield from copy.deepcopy(part)

    def list(
        self, path: str, label_selector: str = "", metadata_only: bool = False
    ) -> tuple[list[dict[str, Any]], str]:
        self.lists += 1
        if isinstance(self.listed, Exception):
            raise self.listed
        return copy.deepcopy(self.listed or []), "77"


def waited(
    api: FakeApi, *awaited: Awaited, clock: Callable[[], float] = lambda: 0.0, deadline: float = FAR
) -> list[str]:
    told: list[str] = []
    versions: dict[tuple[str, str | None], str] = {("Deployment", None): "5", ("StatefulSet", "shop"): "6"}
    wait(api, awaited, versions, deadline, lambda entry: told.append(f"{entry.key[2]} {entry.rollout.done}"), clock)
    return told


def test_until_it_has_rolled() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    api = Script([("MODIFIED", seen(updated=1)), ("MODIFIED", seen(updated=1)), ("MODIFIED", seen(updated=2))])
    assert waited(api, entry) == ["web 1", "web 2"]
    assert (entry.rollout.state, entry.settled) == ("rolled", True)
    assert api.watched[0] == ("/apis/apps/v1/deployments", "5")


def test_nothing_to_wait_for_opens_no_watch() -> None:
    api = Script()
    assert waited(api, Awaited(DEPLOYMENT, seen(updated=2))) == []
    assert api.watched == []


def test_one_watch_per_kind_and_scope() -> None:
    stateful = seen("data")
    entries = [Awaited(DEPLOYMENT, seen(name)) for name in ("a", "b")] + [Awaited(STATEFUL_SET, stateful)]
    api = Script()
    clock = itertools.chain([0.0] * 8, itertools.repeat(FAR)).__next__
    waited(api, *entries, clock=clock)
    assert {path for path, _version in api.watched} <= {
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/namespaces/shop/statefulsets",
    }


def test_the_deadline_ends_it_and_the_last_state_is_kept() -> None:
    entry = Awaited(DEPLOYMENT, seen(updated=1))
    waited(Script(), entry, clock=itertools.count(0, 10).__next__, deadline=100)
    assert (entry.settled, entry.rollout.state, entry.rollout.done) == (False, "rolling", 1)


def ill(updated: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    entry = seen(updated=updated)
    entry["status"] |= {"availableReplicas": 0, "conditions": list(conditions)}
    return entry


STUCK = {"type": "Progressing", "reason": "ProgressDeadlineExceeded"}


@pytest.mark.parametrize("conditions", [(), (STUCK,)])
def test_one_that_was_ill_before_is_not_waited_for(conditions: tuple[dict[str, Any], ...]) -> None:
    before = Awaited(DEPLOYMENT, ill(2, *conditions), changed=False)
    assert (before.settled, before.ill_before) == (True, True)
    api = Script()
    assert waited(api, before) == []
    assert api.watched == []


def test_one_that_this_run_changed_was_not_ill_before() -> None:
    ours = Awaited(DEPLOYMENT, ill(2))
    assert (ours.settled, ours.ill_before) == (False, False)
    failed = Awaited(DEPLOYMENT, ill(2, STUCK))
    assert (failed.settled, failed.ill_before) == (True, False)


def test_one_that_was_not_changed_is_waited_for_until_its_pods_are_new() -> None:
    entry = Awaited(DEPLOYMENT, ill(1), changed=False)
    assert not entry.settled
    assert not entry.see("MODIFIED", ill(1))
    waited(Script([("MODIFIED", ill(2))]), entry)
    assert (entry.settled, entry.ill_before, entry.rollout.state) == (True, True, "rolling")


def test_an_older_object_does_not_count() -> None:
    entry = Awaited(DEPLOYMENT, seen(generation=2))
    assert not entry.see("MODIFIED", seen(generation=1, updated=2))
    assert not entry.settled


def test_a_newer_generation_counts_for_itself() -> None:
    entry = Awaited(DEPLOYMENT, seen(generation=2))
    assert entry.see("MODIFIED", seen(generation=3, updated=1))
    assert entry.see("MODIFIED", seen(generation=3, updated=2))
    assert entry.settled


def test_another_object_of_the_same_name_does_not_count() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    assert not entry.see("DELETED", seen(uid="other"))
    assert not entry.see("ADDED", seen(uid="other", updated=2))


def test_a_deleted_workload_is_not_waited_for() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    waited(Script([("DELETED", seen())]), entry)
    assert entry.rollout.state == "gone"
    assert "deleted" in entry.rollout.message


def test_a_workload_that_nobody_waits_for_is_passed_over() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    assert waited(Script([("MODIFIED", seen("other", updated=2)), ("MODIFIED", seen(updated=2))]), entry) == ["web 2"]


def test_an_expired_watch_is_begun_again_from_a_list() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    api = Script(Expired("watch", 410, "too old"), [("MODIFIED", seen(updated=2))], listed=[seen(updated=1)])
    assert waited(api, entry) == ["web 1", "web 2"]
    assert api.watched[1] == ("/apis/apps/v1/deployments", "77")


def test_a_lost_connection_is_made_up_for_by_a_list() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    assert waited(Script(Unreachable("watch", 0, "reset"), listed=[seen(updated=2)]), entry) == ["web 2"]


def test_what_was_deleted_while_the_connection_was_lost_is_gone() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    api = Script(Unreachable("watch", 0, "reset"), listed=[seen("other", uid="o"), seen(uid="created anew", updated=2)])
    waited(api, entry, clock=time.monotonic, deadline=time.monotonic() + 2)
    assert entry.rollout.state == "gone"


def test_a_list_of_another_namespace_says_nothing() -> None:
    entries = [Awaited(STATEFUL_SET, seen("data")), Awaited(DEPLOYMENT, seen())]
    news = {"scope": "pay", "uids": set[str]()}
    open_ones = {entry.key: entry for entry in entries}
    assert rollout_wait._concerned(open_ones, rollout_wait.LISTED, news, STATEFUL_SET) == []
    news["scope"] = "shop"
    concerned = rollout_wait._concerned(open_ones, rollout_wait.LISTED, news, STATEFUL_SET)
    assert [entry.key for entry, _event, _workload in concerned] == [entries[0].key]


def test_a_list_that_fails_too_is_tried_again() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    lost = Unreachable("watch", 0, "reset")
    api = Script(lost, lost, lost, [("MODIFIED", seen(updated=2))], listed=lost)
    assert waited(api, entry) == ["web 2"]
    assert [version for _path, version in api.watched[:4]] == ["5"] * 4


def test_a_watch_that_ends_goes_on_from_where_it_was() -> None:
    entry = Awaited(DEPLOYMENT, seen())
    api = Script([("MODIFIED", seen(updated=1, version=9))], [("MODIFIED", seen(updated=2))])
    assert waited(api, entry) == ["web 1", "web 2"]
    assert api.watched[1] == ("/apis/apps/v1/deployments", "9")
    assert api.lists == 0


def test_against_an_api_server_in_memory() -> None:
    api = FakeApi()
    api.controller = lambda _entry: None
    entry = Awaited(DEPLOYMENT, api.add(workload()))
    versions: dict[tuple[str, str | None], str] = {("Deployment", None): "1"}
    api.touch("Deployment", "shop", "web", rolled_at_once)
    wait(api, [entry], versions, FAR, lambda _entry: None, lambda: 0.0)
    assert entry.settled
