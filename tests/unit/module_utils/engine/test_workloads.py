# SPDX-License-Identifier: Apache-2.0
"""The workloads of one namespace, without the wave around them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import workload
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Send, StartWatch
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import WatchEvent
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.members import Members
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import (
    Granted,
    Refusal,
    Reply,
    Seen,
    Stopped,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import Phase as NamespacePhase
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.reading import Reading
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.readings import Readings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import Context, Key, Phase
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workloads import Workloads
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.api_server import ApiServer
from tests.simulation.values import put
from tests.unit import objects
from tests.unit.driving import answer
from tests.unit.objects import NAMES, delivery

NOW = 1.0


def a_key(name: str) -> Key:
    return "Deployment", "shop", name


class Owned:
    """Workloads a and b of `shop`, which is locked or not. `sent`: what they wanted to be sent."""

    def __init__(self, locked: bool = True) -> None:
        self.locked = locked
        self.sent: list[tuple[Send, Callable[[Reply | Refusal, float], None]]] = []
        self.wanted: list[Key] = []
        self.server = ApiServer(objects.namespace("shop"), *(objects.workload("shop", name) for name in "ab"))
        self.bus, self.members = Bus(1), Members()
        self.context = Context(delivery(), 60.0)
        readings = Readings(self.bus, self.context, lambda _found, _now: None)
        reading = Reading(NAMES, ["shop"], False)
        reading.versions[DEPLOYMENT.kind, None] = "5"
        readings._last["shop"] = reading
        self.workloads = Workloads(self.members, self.bus, self.context, readings, self)
        items, _version = self.server.list(DEPLOYMENT.collection("shop"))
        found = [workload.planned(DEPLOYMENT, {"kind": "Deployment", **item}, self.context, 0.0) for item in items]
        self.members.add(NamespaceState("shop", delivery(), NamespaceObjects(), NamespacePhase.WORKLOADS))
        self.members.add_workloads("shop", found, [])

    def held(self, _name: str, _now: float) -> bool:
        return self.locked

    def send(self, _name: str, send: Send, handler: Callable[[Reply | Refusal, float], None], _now: float) -> bool:
        self.sent += [(send, handler)] if self.locked else []
        return self.locked

    def ending(self, _name: str) -> Stopped:
        return Stopped(what="it was over")

    def pending(self, key: Key, _now: float) -> bool:
        self.wanted.append(key)
        return self.locked

    def moved(self, _name: str, _now: float) -> None:
        pass

    def phases(self) -> list[Phase]:
        return [one.phase for one in self.members.of("shop")]

    def answer(self) -> None:
        send, handler = self.sent.pop(0)
        handler(answer(self.server, send.request), NOW)


def one_slot(in_flight: int) -> int:
    return 1 - in_flight


def test_they_are_begun_as_slots_become_free() -> None:
    found = Owned()
    assert not found.workloads.grant(one_slot, NOW)
    found.workloads.start("shop", NOW)
    assert found.workloads.grant(one_slot, NOW)
    assert found.phases() == [Phase.PATCHING, Phase.PENDING]
    assert not found.workloads.grant(one_slot, NOW)
    assert found.workloads.last_patch is None
    found.answer()
    assert found.workloads.last_patch == NOW
    assert [one for one in found.bus.taken() if isinstance(one, StartWatch)]


def test_none_is_begun_that_may_not_be_changed() -> None:
    found = Owned()
    found.workloads.start("shop", NOW)
    found.locked = False
    assert not found.workloads.grant(one_slot, NOW)
    assert found.phases() == [Phase.PENDING] * 2


def test_what_may_not_be_sent_ends_it() -> None:
    found = Owned()
    found.workloads.start("shop", NOW)
    found.locked = False
    found.workloads.tell(a_key("a"), Granted(), NOW)
    a = found.members.workloads[a_key("a")]
    assert (a.phase, a.reason) == (Phase.DONE, "stopped") and a.message.startswith("it was over")


@pytest.mark.parametrize("all_of_them", [False, True])
def test_what_waits_for_an_answer_gets_it_unless_all_is_to_end(all_of_them: bool) -> None:
    found = Owned()
    found.workloads.start("shop", NOW)
    found.workloads.grant(one_slot, NOW)
    found.workloads.stop("shop", Stopped(), NOW, all_of_them)
    assert found.phases() == [Phase.DONE if all_of_them else Phase.PATCHING, Phase.DONE]


def test_one_that_is_to_be_changed_after_all_asks_for_its_turn() -> None:
    found = Owned(locked=False)
    found.workloads.start("shop", NOW)
    anew = put(found.members.workloads[a_key("a")].object, "metadata", "uid", "other")
    found.wanted.clear()
    found.workloads.tell(a_key("a"), Seen(None), NOW)
    found.workloads.tell(a_key("a"), Seen(anew), NOW)
    assert found.wanted == [a_key("a")]
    assert found.phases()[0] == Phase.PENDING


def test_nothing_is_heard_of_what_has_its_verdict_or_is_unknown() -> None:
    found = Owned()
    found.workloads.tell(a_key("c"), Seen(None), NOW)
    found.members.conclude("shop")
    found.workloads.tell(a_key("a"), Seen(None), NOW)
    assert found.phases() == [Phase.PENDING] * 2


def test_what_was_read_again_by_itself_hears_nothing_of_a_wider_watch() -> None:
    found = Owned()
    found.workloads.start("shop", NOW)
    found.workloads.grant(one_slot, NOW)
    found.answer()
    (watch,) = [one for one in found.bus.taken() if isinstance(one, StartWatch)]
    assert watch.path == DEPLOYMENT.collection(None)
    narrow = Reading(NAMES, ["shop"], False)
    narrow.versions[DEPLOYMENT.kind, "shop"] = "9"
    found.workloads._readings._last["shop"] = narrow
    gone = {"metadata": found.members.workloads[a_key("a")].object["metadata"]}
    found.workloads.event(WatchEvent(watch.token, "DELETED", gone), NOW)
    assert found.phases()[0] == Phase.ROLLING


def test_a_fault_of_ours_ends_one_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Owned()
    found.workloads.start("shop", NOW)

    def faulty(*_arguments: object) -> None:
        raise KeyError("unforeseen")

    monkeypatch.setattr(workload, "advance", faulty)
    found.workloads.tell(a_key("a"), Granted(), NOW)
    a = found.members.workloads[a_key("a")]
    assert (a.phase, a.reason) == (Phase.DONE, "crashed") and "unforeseen" in a.message
