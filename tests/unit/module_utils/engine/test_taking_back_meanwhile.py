# SPDX-License-Identifier: Apache-2.0
"""What happens to a workload that is on its way back, and what is said of it then."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.going_back import GoingBack
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Outcome
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure, ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.last_checks import LastChecks
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.members import Members
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.rollback import decide, taken_back
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.taking_back import TakingBack
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import (
    Cause,
    Phase,
    WorkloadState,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.proof import PodProof, Proof

from tests.simulation.values import merged, put
from tests.unit.module_utils.deliveries import test_workload_change as changes
from tests.unit.module_utils.engine.test_conclusion import failed, said, shop
from tests.unit.module_utils.engine.test_rollback import SILENT, TRAPS, candidate, well
from tests.unit.module_utils.engine.workloads import OneWorkload, rolled, stored
from tests.unit.objects import NAMES, R1, R2, delivery

NO_ROOM = Cause("rollout_failed", "no room")  # type: ignore[arg-type]


def on_its_way() -> OneWorkload:
    one = rolled()
    one.state = taken_back(one.state, NO_ROOM, one.context)
    return one


def with_revisions(state: WorkloadState, before: str, after: str) -> WorkloadState:
    return replace(state, change=replace(state.change, from_revision=before, to_revision=after))


def test_made_anew_it_goes_on_going_back() -> None:
    found = on_its_way().seen(stored(uid="u2")).state
    assert (found.phase, found.object["metadata"]["uid"]) == ("done", "u2")
    assert found.back is not None and found.cause == NO_ROOM
    verdict = said(shop(), found)
    assert (verdict.outcome, verdict.workloads[0].outcome) == ("rolled_back", "rolled_back")
    assert verdict.workloads[0].to_revision == "none"


def test_deleted_there_is_nothing_to_take_back() -> None:
    verdict = said(shop(), on_its_way().seen(None).state)
    assert (verdict.workloads[0].outcome, verdict.workloads[0].reason) == ("skipped", "workload_deleted")


def test_what_was_only_mended_is_what_it_had() -> None:
    mended = with_revisions(well(), R1, R1)
    mended = replace(mended, outcome=Outcome.FAILED, reason="rollout_failed")
    assert decide(OnFailure.ROLLBACK_WAVE, [candidate("shop", mended)]).workloads == {}


@pytest.mark.parametrize(("before", "after", "on_it"), [(R1, R1, True), ("none", R1, True), (R2, R2, False)])
def test_objects_are_needed_by_all_that_is_on_the_revision(before: str, after: str, on_it: bool) -> None:
    taking_back = object.__new__(TakingBack)
    taking_back._context = SimpleNamespace(operation=delivery())  # type: ignore[assignment]
    assert taking_back._took(with_revisions(well(), before, after)) is on_it


def test_why_the_namespace_could_not_be_taken_back_comes_first() -> None:
    stuck = replace(on_its_way().state, phase=Phase.DONE, outcome=Outcome.FAILED, message="refused")
    verdict = said(shop(), failed("api"), stuck)
    assert (verdict.outcome, verdict.reason) == ("rollback_failed", "rollout_failed")
    assert verdict.message.startswith("Deployment/web: no room; it could not be taken back: refused; Deployment/api: ")


def test_what_was_seen_of_pods_that_went_back_stays() -> None:
    members = Members()
    stale = replace(TRAPS, name="db-0", labels={"app": "db"})
    members.put_namespace(NamespaceState("shop", delivery(), NamespaceObjects(), proofs=(TRAPS, stale)))
    members.add_workloads("shop", [on_its_way().state, well("db")], [])
    checks = object.__new__(LastChecks)
    checks._names, checks._members = ["shop"], members
    checks._came_back = SimpleNamespace(note=lambda: None)  # type: ignore[assignment]
    fresh = PodProof("db-1", Proof.PROVED, labels={"app": "db"})
    terms = Terms(ProofMode.AUTO)
    checks._proof = SimpleNamespace(terms=terms, proofs=lambda _name: [fresh])  # type: ignore[assignment]
    checks._note_proofs()
    assert [one.name for one in members.namespaces["shop"].proofs] == [TRAPS.name, "db-1"]


@pytest.mark.parametrize("edited", [False, True])
def test_what_a_policy_has_dropped_of_the_applications_is_given_back(edited: bool) -> None:
    own = {"sidecar.istio.io/userVolume": '[ {"name": "theirs"} ]'}
    before = changes.stored()
    before = put(before, "spec", "template", "metadata", "annotations", own)
    change = workload_change.deploy(DEPLOYMENT, before, NAMES, R1)
    altered = changes.applied(before, change)
    altered = merged(altered, {"spec": {"template": {"metadata": {"annotations": dict.fromkeys(own)}}}})
    back = GoingBack(NAMES, "none", (altered, change.before))
    newer = {"sidecar.istio.io/userVolume": "[]"}
    now = merged(altered, {"spec": {"template": {"metadata": {"annotations": newer}}}}) if edited else altered
    found = changes.applied(now, back.change(DEPLOYMENT, now))
    assert found["spec"]["template"]["metadata"]["annotations"] == (newer if edited else own)


@pytest.mark.parametrize("proofs", [(SILENT, TRAPS), (SILENT,)])
def test_inline_a_workload_is_said_to_go_back_by_what_is_known(proofs: tuple[PodProof, ...]) -> None:
    cause = Cause("not_running", "it traps elsewhere")  # type: ignore[arg-type]
    state = replace(shop(proofs=proofs), cause=cause, operation=delivery(name="inline"))
    (web,) = said(state, OneWorkload(stored(), delivery(name="inline")).state).workloads
    assert (web.outcome, web.reason) == ("rolled_back", "not_running")
    assert web.message == ("pod web-1: it traps" if TRAPS in proofs else "it traps elsewhere")


def test_by_pods_one_that_was_not_changed_did_not_go_back() -> None:
    state = replace(shop(proofs=(TRAPS,)), cause=NO_ROOM)
    (web,) = said(state, OneWorkload(rolled().state.object).state).workloads
    assert (web.outcome, web.reason) == ("failed", "not_running")
