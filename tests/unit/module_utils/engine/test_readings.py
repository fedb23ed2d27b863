# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import weakref

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Dispatch
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Answered
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Reply
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.reading import NamespaceRead
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.readings import Readings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import Context
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.api_server import ApiServer
from tests.unit import objects
from tests.unit.driving import answer
from tests.unit.objects import NAMES, delivery


class Read:
    """Readings of a server that answers at once. `asked`: paths of the LISTs since it was last looked at."""

    def __init__(self, operation: Operation, *namespaces: str) -> None:
        self.server = ApiServer(*(objects.namespace(name) for name in namespaces))
        self.bus = Bus(0)
        self.found: list[dict[str, NamespaceRead]] = []
        self.readings = Readings(self.bus, Context(operation, 60.0), lambda found, _now: self.found.append(found))
        self.asked: list[str] = []

    def read(self, *namespaces: str) -> None:
        self.asked = []
        self.readings.begin(list(namespaces), 0.0)
        while commands := self.bus.taken():
            for command in commands:
                assert isinstance(command, Dispatch)
                self.asked.append(command.request.path)
                message = answer(self.server, command.request)
                assert isinstance(message, Reply)
                self.bus.answered(Answered(command.token, message.answer), 0.0)


def test_what_is_locked_is_read_again_without_what_does_not_change_by_that() -> None:
    found = Read(delivery(), "shop", "pay")
    found.read("shop", "pay")
    assert [sorted(one) for one in found.found] == [["pay", "shop"]]
    first = found.asked
    found.read("shop")
    assert [sorted(one) for one in found.found[1:]] == [["shop"]]
    # How many namespaces there are, and pods that nobody handles.
    assert set(first) - set(found.asked) == {"/api/v1/namespaces", "/api/v1/pods"}


def test_few_of_many_are_read_by_themselves_and_watched_by_themselves() -> None:
    names = [f"n{number}" for number in range(12)]
    found = Read(delivery(), *names)
    found.read(*names)
    wide = found.readings.version(DEPLOYMENT, "n1")
    found.server.seed(objects.workload("n1"))
    found.read("n1")
    assert {path for path in found.asked if "/namespaces/n1/" not in path} == set()
    assert found.readings.scope(DEPLOYMENT, "n1") == "n1"
    assert int(found.readings.version(DEPLOYMENT, "n1")) > int(wide)
    # The others are as they were.
    assert (found.readings.scope(DEPLOYMENT, "n2"), found.readings.version(DEPLOYMENT, "n2")) == (None, wide)


def test_pods_are_no_matter_of_a_removal_and_nothing_is_read_for_nobody() -> None:
    found = Read(Removal(NAMES), "shop")
    found.read("shop")
    assert not [path for path in found.asked if path.endswith("/pods")]
    nobody = Read(delivery(), "shop")
    nobody.read()
    assert (nobody.asked, nobody.found) == ([], [{}])


def test_of_a_reading_only_its_versions_are_kept() -> None:
    found = Read(delivery(), "shop")
    found.server.seed(objects.workload("shop"))
    found.read("shop")
    read = weakref.ref(found.found.pop()["shop"])
    gc.collect()
    assert read() is None
    assert found.readings.version(DEPLOYMENT, "shop")
