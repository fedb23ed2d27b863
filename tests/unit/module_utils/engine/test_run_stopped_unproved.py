# SPDX-License-Identifier: Apache-2.0
"""Runs that are stopped, or late, while their pods are asked whether the filter runs in them."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.events import Stop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import AT_ONCE, Terms

from tests.simulation.executor import SimulatedExecutor
from tests.simulation.sidecars import TIMEOUT_SECONDS
from tests.unit.objects import namespace, workload
from tests.unit.runs import Simulated

MANY = 3 * AT_ONCE


def injected(replicas: int) -> Simulated:
    """A cluster whose new pods have a sidecar each; none of these answers, after a while."""
    found = Simulated(namespace("a"), workload("a", replicas=replicas))
    found.controllers.owned.inject = lambda pod: {**pod, "spec": {**pod["spec"], "containers": _containers()}}
    found.server.page_seconds = lambda _path: TIMEOUT_SECONDS
    return found


def _containers() -> list[dict[str, object]]:
    mount = {"name": "wasm-filter-trace", "mountPath": "/var/local/wasm-filter/trace"}
    return [{"name": "istio-proxy", "args": ["proxy", "sidecar"], "volumeMounts": [mount]}]


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [(ProofMode.AUTO, "failed"), (ProofMode.REQUIRE, "failed"), (ProofMode.WARN, "deployed")],
)
def test_what_is_not_proved_when_a_run_is_stopped_is_not_deployed(mode: ProofMode, outcome: str) -> None:
    found = injected(replicas=1)

    def stop_when_asked(executor: SimulatedExecutor) -> None:
        def gate(verb: str, _path: str, _manager: str) -> None:
            if verb == "GET_TEXT":
                executor.post(Stop())

        found.server.gates.append(gate)

    verdict = found.deploy("a", before=stop_when_asked, proof=Terms(mode))["a"]
    assert (verdict.outcome, verdict.reason) == (outcome, "stopped" if outcome == "failed" else "")
    assert verdict.changed


def test_those_that_never_answer_are_not_waited_for_one_after_the_other() -> None:
    found = injected(MANY)
    verdict = found.deploy("a", proof=Terms(ProofMode.AUTO, 12.0))["a"]
    assert (verdict.outcome, verdict.reason) == ("failed", "no_answer")
    assert len(verdict.workloads[0].pods) == MANY
    # Two in turn fill the time, the third is not asked any more.
    asked = {one.request.path for _at, one in found.executor.dispatched if one.request.verb == Verb.GET_TEXT}
    assert len(asked) == 2 * AT_ONCE
