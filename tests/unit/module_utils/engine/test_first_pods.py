# SPDX-License-Identifier: Apache-2.0
"""The first new pods of a namespace, on whole runs. Simulated pods have no sidecar unless one is put in."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure, ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms

from tests.unit import objects
from tests.unit.locking import locked
from tests.unit.module_utils.engine.test_last_checks import pods_listed
from tests.unit.objects import R1, delivery
from tests.unit.runs import Simulated, cluster
from tests.unit.wires import Losing

AUTO: dict[str, Any] = {"proof": Terms(ProofMode.AUTO), "max_in_flight": 1}


def several(*namespaces: str, count: int = 3) -> Simulated:
    entries = [objects.workload(name, f"w{number}") for name in namespaces for number in range(count)]
    return Simulated(*(objects.namespace(name) for name in namespaces), *entries)


def said(found: dict[str, Any], name: str) -> dict[str, tuple[str, str]]:
    return {one.name: (str(one.outcome), str(one.reason)) for one in found[name].workloads}


@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_one_without_a_sidecar_ends_the_wave_early(on_failure: OnFailure) -> None:
    found = several("pay", "shop")
    verdicts = found.deploy("pay", "shop", on_failure=on_failure, **AUTO)
    # Nor has it one when it is back.
    outcome = "failed" if on_failure == OnFailure.STOP else "rollback_failed"
    never = ("not_started", "wave_failed")
    began, other = sorted(verdicts, key=lambda name: set(said(verdicts, name).values()) == {never})
    assert said(verdicts, began) == {"w0": (outcome, "no_sidecar"), "w1": never, "w2": never}
    assert (verdicts[began].outcome, verdicts[began].reason) == (outcome, "no_sidecar")
    assert set(said(verdicts, other).values()) == {never}
    # Its objects had been set by then.
    assert (verdicts[other].outcome, verdicts[other].reason) == ("failed", "wave_failed")
    assert verdicts[other].changed and f"of {began}: it has no sidecar" in verdicts[other].message
    assert any(name == began and "no more workloads of the wave are begun" in text for name, text, _step in found.told)
    patched = {path.partition("/apis/apps/")[2] for path in found.writes if "/deployments/" in path}
    assert patched == {f"v1/namespaces/{began}/deployments/w0"}


def test_what_waits_for_its_lock_is_not_begun() -> None:
    found = several("pay", "shop")
    locked(found, "shop")
    verdicts = found.deploy("pay", "shop", on_failure=OnFailure.STOP, **AUTO)
    assert (verdicts["shop"].outcome, verdicts["shop"].reason) == ("not_started", "wave_failed")
    assert not verdicts["shop"].changed


def test_without_a_right_to_read_pods_it_goes_on() -> None:
    found = several("pay")
    found.refuse("LIST .*/pods", 403)
    assert {one for one, _reason in said(found.deploy("pay", **AUTO), "pay").values()} == {"deployed"}


def test_where_nothing_is_replaced_nobody_looks() -> None:
    found = cluster("shop")
    found.deploy("shop", operation=delivery(R1, name="inline"), proof=Terms(ProofMode.WARN))
    # What is asked at the end has another selector.
    assert pods_listed(found) == []


def test_a_question_that_gets_no_answer_is_asked_again_with_the_next_workload() -> None:
    found = several("pay")
    found.wire = Losing("/pods", times=1)
    verdicts = found.deploy("pay", on_failure=OnFailure.STOP, **AUTO)
    assert said(verdicts, "pay")["w2"][0] == "not_started"
