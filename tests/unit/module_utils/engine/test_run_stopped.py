# SPDX-License-Identifier: Apache-2.0
"""Runs that somebody stops, at every kind of moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.requests import changes
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import STOP_SECONDS, Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings

from tests.simulation.executor import SimulatedExecutor
from tests.simulation.store import Change
from tests.unit.objects import NAMES, R1, delivery
from tests.unit.runs import Simulated, cluster
from tests.unit.wires import Losing, Slow, TurningAway

WAVES = (["a1", "a2"], ["b1"])
ALL = ["a1", "a2", "b1"]


class Stopped:
    """A run over two waves that is stopped once `when` has happened, or so many seconds after it began.

    `seconds`: how long it went on then. `sent_after`: what was sent in that time to change something.
    """

    def __init__(
        self, found: Simulated, when: Callable[[Change], bool] | float, urgent: bool = False, **settings: Any
    ) -> None:
        self.found, self._when, self._urgent = found, when, urgent
        self.at = self.seconds = math.inf
        self.verdicts: dict[str, NamespaceVerdict] = found.run(delivery(), *WAVES, before=self._begin, **settings)
        self.seconds = found.server.clock.now - self.at
        sent = [dispatch.request for at, dispatch in found.executor.dispatched if at > self.at]
        self.sent_after = [request for request in sent if changes(request)]

    def _begin(self, executor: SimulatedExecutor) -> None:
        self._executor = executor
        if isinstance(self._when, float):
            executor.clock.after(self._when, self._stop)
        else:
            self.found.server.store.listeners.append(self._changed)

    def _changed(self, change: Change) -> None:
        if not isinstance(self._when, float) and self.at == math.inf and self._when(change):
            self._stop()

    def _stop(self) -> None:
        self.at = self.found.server.clock.now
        self._executor.post(Stop(self._urgent))

    def said(self, name: str) -> tuple[str, str, bool]:
        verdict = self.verdicts[name]
        return str(verdict.outcome), str(verdict.reason), verdict.changed


def patched(namespace: str, kind: str = "Deployment") -> Callable[[Change], bool]:
    def happened(change: Change) -> bool:
        return change.by == NAMES.field_manager and (change.place.namespace, change.place.resource.kind) == (
            namespace,
            kind,
        )

    return happened


def created(namespace: str, kind: str = "EnvoyFilter") -> Callable[[Change], bool]:
    return patched(namespace, kind)


def rolled(namespace: str) -> Callable[[Change], bool]:
    def happened(change: Change) -> bool:
        status = change.after.get("status") or {}
        ours = NAMES.pod_label in str(change.after.get("spec"))
        place = change.place
        return ours and (place.namespace, place.name) == (namespace, "web") and status.get("updatedReplicas") == 2

    return happened


def a1_first() -> Simulated:
    """Workloads of a1 have their turn before those of a2."""
    found = cluster(*ALL)
    found.wire = Slow("apply|create .*/a2/envoyfilters", 0.8)
    return found


@pytest.mark.parametrize("urgent", [False, True])
def test_every_namespace_has_a_verdict_and_nothing_new_is_begun(urgent: bool) -> None:
    stopped = Stopped(a1_first(), patched("a1"), urgent, max_in_flight=1)
    assert list(stopped.verdicts) == ALL
    assert stopped.said("a1") == ("failed", "stopped", True)
    assert stopped.said("a2") == ("failed", "stopped", True)
    assert stopped.said("b1") == ("not_started", "stopped", False)
    assert stopped.verdicts["b1"].message == "the run was stopped before its wave was begun"
    assert stopped.sent_after == []


def test_what_was_written_is_said() -> None:
    stopped = Stopped(a1_first(), rolled("a1"), max_in_flight=1)
    web, data = stopped.verdicts["a1"].workloads
    assert (web.outcome, web.to_revision) == ("failed", R1)
    assert web.message.startswith("patched by this run; ")
    assert web.message.endswith(" when the run was stopped")
    assert (data.outcome, data.reason, data.to_revision) == ("not_started", "stopped", "none")
    # Of the other one only the objects are there.
    assert "what was done before: " in stopped.verdicts["a2"].message
    assert set(stopped.verdicts["a2"].diff["after"]) == {f"ConfigMap/wasm-filter-{R1}", "EnvoyFilter"}
    assert {one.outcome for one in stopped.verdicts["a2"].workloads} == {"not_started"}


def test_a_namespace_of_which_nothing_was_changed_was_not_started() -> None:
    found = cluster(*ALL)
    found.wire = Slow("create .*/a2/", 5)
    stopped = Stopped(found, created("a1", "ConfigMap"), urgent=True)
    # The one that is on its way may be made: nobody knows.
    assert stopped.said("a2") == ("failed", "stopped", False)
    assert "whether its last change was made is not known" in stopped.verdicts["a2"].message
    found = cluster(*ALL)
    found.wire = Slow("list .*", 5)
    stopped = Stopped(found, 1.0)
    assert {stopped.said(name) for name in ALL} == {("not_started", "stopped", False)}


def test_answers_to_what_was_sent_are_waited_for() -> None:
    found = cluster(*ALL)
    found.wire = Slow("apply .*/a1/statefulsets", 4)
    stopped = Stopped(found, patched("a1"))
    data = stopped.verdicts["a1"].workloads[1]
    assert (data.outcome, data.to_revision) == ("failed", R1)
    assert data.message.startswith("patched by this run; ")
    assert stopped.seconds >= 3


def test_they_are_not_waited_for_long() -> None:
    found = cluster(*ALL)
    found.wire = Slow("apply .*/a1/statefulsets", 10 * STOP_SECONDS)
    stopped = Stopped(found, patched("a1"))
    assert STOP_SECONDS <= stopped.seconds < STOP_SECONDS + 1
    data = stopped.verdicts["a1"].workloads[1]
    assert (data.outcome, data.reason) == ("failed", "stopped")
    assert data.message == "the run was stopped; whether it was patched is not known"
    assert stopped.said("a1") == ("failed", "stopped", True)


def test_nor_at_all_where_it_is_urgent() -> None:
    found = cluster(*ALL)
    found.wire = Slow("apply .*/a1/statefulsets", 10 * STOP_SECONDS)
    stopped = Stopped(found, patched("a1"), urgent=True)
    assert stopped.seconds == 0
    assert stopped.verdicts["a1"].workloads[1].reason == "stopped"


def test_the_second_time_is_at_once() -> None:
    found = cluster(*ALL)
    found.wire = Slow("apply .*/a1/statefulsets", 10 * STOP_SECONDS)
    once = patched("a1")

    def twice(change: Change) -> bool:
        if once(change):
            found.server.clock.after(2.0, lambda: found.executor.post(Stop()))
            return True
        return False

    stopped = Stopped(found, twice)
    assert stopped.seconds == pytest.approx(2.0)
    assert list(stopped.verdicts) == ALL


def test_what_waits_to_be_sent_again_is_not() -> None:
    found = cluster(*ALL)
    busy = api_error("apply", 429, "busy", retry_after=STOP_SECONDS / 2)
    found.wire = TurningAway("apply .*/a1/statefulsets", busy)
    stopped = Stopped(found, 2.0)
    data = stopped.verdicts["a1"].workloads[1]
    assert (data.outcome, data.reason) == ("failed", "api_refused")
    # The 429 says that it was not done: that is more than that nobody knows.
    assert "busy" in data.message
    assert stopped.sent_after == []
    assert stopped.seconds < STOP_SECONDS / 2


def test_a_patch_whose_answer_is_lost_while_it_is_stopped_may_have_been_made() -> None:
    found = cluster(*ALL)
    found.wire = Losing("apply .*/a1/statefulsets")
    stopped = Stopped(found, patched("a1", "StatefulSet"))
    data = stopped.verdicts["a1"].workloads[1]
    assert data.outcome == "failed"
    assert "may have been done" in data.message or "is not known" in data.message
    assert stopped.sent_after == []


def test_one_that_has_rolled_by_then_is_deployed() -> None:
    found = cluster(*ALL)
    began = found.server.clock.now
    # The second wave has begun.
    stopped = Stopped(found, created("b1", "ConfigMap"))
    assert found.server.clock.now > began
    assert stopped.said("a1") == stopped.said("a2") == ("deployed", "", True)
    assert stopped.said("b1") == ("failed", "stopped", True)


def test_a_run_that_is_stopped_once_it_has_ended_is_as_it_was() -> None:
    machine = Run(delivery(), (), {}, Settings())
    machine.start(0.0)
    assert (machine.handle(Stop(), 1.0), machine.finished) == ([], True)


def test_the_next_run_takes_over_what_was_left() -> None:
    found = cluster(*ALL)
    Stopped(found, patched("a1"))
    again = found.run(delivery(), *WAVES)
    assert {verdict.outcome for verdict in again.values()} <= {"deployed", "unchanged"}
    found.server.requests.clear()
    assert {verdict.outcome for verdict in found.run(delivery(), *WAVES).values()} == {"unchanged"}
    assert [request for request in found.writes if not request.endswith("/api/v1/namespaces/a1")] == []
