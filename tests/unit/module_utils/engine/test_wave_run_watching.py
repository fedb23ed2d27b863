# SPDX-License-Identifier: Apache-2.0
"""Whole waves against a simulated cluster: what their watches tell of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import (
    Command,
    StartWatch,
    Tell,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import WatchEvent

from tests.simulation.executor import SimulatedExecutor
from tests.simulation.values import Object
from tests.unit.objects import delivery
from tests.unit.runs import cluster
from tests.unit.wires import Expiring


def telling(event: str, change: Callable[[Object], Object]) -> Callable[[SimulatedExecutor], None]:
    """Once the Deployment is patched its watch tells of this event, made of what is there."""

    def begin(executor: SimulatedExecutor) -> None:
        sound = executor.do
        watches: list[StartWatch] = []

        def do(command: Command) -> None:
            sound(command)
            if isinstance(command, StartWatch) and command.path.endswith("/deployments"):
                watches.append(command)
            elif isinstance(command, Tell) and command.text == "Deployment/web patched":
                (there,), _version = executor.server.list(watches[-1].path)
                executor.post(WatchEvent(watches[-1].token, event, change(there)))

        executor.do = do  # type: ignore[method-assign]

    return begin


def with_metadata(**fields: Any) -> Callable[[Object], Object]:
    return lambda there: {**there, "metadata": {**there["metadata"], **fields}}


OTHERS = [
    ("DELETED", with_metadata(uid="of its predecessor")),
    ("DELETED", with_metadata(name="nobody-waits-for-it")),
    ("MODIFIED", with_metadata(name="nobody-waits-for-it")),
    ("MODIFIED", with_metadata(namespace="another")),
]


@pytest.mark.parametrize(("event", "change"), OTHERS)
def test_what_is_told_of_others_is_passed_over(event: str, change: Callable[[Object], Object]) -> None:
    found = cluster("shop")
    verdict = found.run(delivery(), ["shop"], before=telling(event, change))["shop"]
    assert verdict.outcome == "deployed"
    assert [entry.outcome for entry in verdict.workloads] == ["deployed", "deployed"]


def test_what_is_told_of_itself_is_not() -> None:
    found = cluster("shop")
    verdict = found.run(delivery(), ["shop"], before=telling("DELETED", with_metadata()))["shop"]
    # What is there after that is another one, which has the revision already.
    assert [entry.outcome for entry in verdict.workloads] == ["unchanged", "deployed"]


def test_a_list_of_another_namespace_says_nothing() -> None:
    found = cluster("shop", "pay")
    # Each namespace has its own watch.
    found.refuse("LIST /apis/apps/v1/[a-z]+$", 403)
    wire = found.wire = Expiring("/pay/deployments")
    verdicts = found.deploy("shop", "pay")
    assert wire.expired
    outcomes = [entry.outcome for verdict in verdicts.values() for entry in verdict.workloads]
    assert outcomes == ["deployed"] * 4


def test_a_list_of_another_kind_says_nothing() -> None:
    found = cluster("shop")
    wire = found.wire = Expiring("/statefulsets")
    verdict = found.deploy("shop")["shop"]
    assert wire.expired
    assert [entry.outcome for entry in verdict.workloads] == ["deployed", "deployed"]
