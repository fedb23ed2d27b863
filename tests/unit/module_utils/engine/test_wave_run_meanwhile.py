# SPDX-License-Identifier: Apache-2.0
"""Whole waves against a simulated cluster: what others do meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.wave import SETTLE_SECONDS
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload import (
    CONFLICTS_MAX,
    RECREATED_MAX,
)

from tests.simulation.store import Change
from tests.simulation.values import Object, clone, put
from tests.unit import objects
from tests.unit.objects import MOUNT, NAMES, R1, R2, VOLUME, delivery
from tests.unit.runs import THEIRS, Simulated, cluster
from tests.unit.wires import Slow, Unwatched

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
TAKEN_OUT = {"spec": {"template": {"metadata": {"labels": {NAMES.pod_label: None}}}}}
PUT_BACK = {"spec": {"template": {"metadata": {"labels": {NAMES.pod_label: None}, "annotations": THEIRS}}}}


def one(**spec: Any) -> Simulated:
    """A namespace with one workload."""
    return Simulated(objects.namespace("shop"), objects.workload("shop", "web", annotations=dict(THEIRS), **spec))


def after_patch(found: Simulated, seconds: float, act: Callable[[], object], times: int = 1) -> None:
    """Something happens each time that we have written the Deployment, a moment later."""
    left = [times]

    def begin() -> None:
        act()

    def seen(change: Change) -> None:
        if change.place.name == "web" and change.by == NAMES.field_manager and left[0]:
            left[0] -= 1
            found.server.clock.after(seconds, begin)

    found.server.store.listeners.append(seen)


def test_somebody_who_was_faster_is_read_again_and_kept() -> None:
    found = one()
    theirs = {"spec": {"template": {"metadata": {"annotations": {VOLUME: '[{"name":"new"}]'}}}}}
    found.refuse("APPLY .*/web", None, times=2, meanwhile=lambda: found.edit("Deployment", "shop", "web", theirs))
    assert found.deploy("shop")["shop"].outcome == "deployed"
    volumes = json.loads(found.template("shop")["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == ["new", NAMES.volume]


def test_conflicts_without_end_end() -> None:
    found = one()
    found.refuse("APPLY .*/web", 409)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "api_refused")
    tries = [request for request in found.server.requests if request.startswith("APPLY")]
    assert len(tries) == CONFLICTS_MAX + 1


def test_a_workload_deleted_meanwhile_is_not_created_again() -> None:
    found = cluster("shop")
    found.refuse("APPLY .*/web", None, times=1, meanwhile=lambda: found.server.delete(WEB))
    verdict = found.deploy("shop")["shop"]
    assert found.names("Deployment", "shop") == []
    assert verdict.outcome == "deployed"
    assert [(entry.outcome, entry.reason) for entry in verdict.workloads] == [
        ("skipped", "workload_deleted"),
        ("deployed", ""),
    ]


def test_one_that_is_put_back_is_not_called_deployed() -> None:
    found = one()
    after_patch(found, SETTLE_SECONDS / 2, lambda: found.edit("Deployment", "shop", "web", PUT_BACK, "argocd"), times=9)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "reverted")
    assert f"label {NAMES.pod_label}={R1} and the entry {NAMES.volume} of annotation" in verdict.message
    assert "were taken out after the patch, by field manager argocd" in verdict.message


def test_nobody_is_named_who_has_not_written_since() -> None:
    found = one()
    # Who only takes fields out is no field manager of any.
    after_patch(found, 0.5, lambda: found.edit("Deployment", "shop", "web", TAKEN_OUT, "argocd"))
    verdict = found.deploy("shop")["shop"]
    assert verdict.reason == "reverted"
    assert "was taken out after the patch, by somebody whom managedFields does not name" in verdict.message
    assert "argocd" not in verdict.message


def test_one_that_is_put_back_once_it_had_rolled_is_seen_by_the_last_look() -> None:
    found = one(replicas=0)

    # No watch says it.
    found.wire = Unwatched()
    after_patch(found, 0.5, lambda: found.edit("Deployment", "shop", "web", PUT_BACK, "argocd"))
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "reverted")


def test_a_removal_that_is_put_back_is_not_called_removed() -> None:
    found = one()
    found.deploy("shop")
    with_ours = found.template("shop")
    again = {"spec": {"template": {"metadata": {"labels": with_ours["labels"]}}}}
    after_patch(found, 0.5, lambda: found.edit("Deployment", "shop", "web", again, "argocd"))
    verdict = found.remove("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "reverted")
    assert f"label {NAMES.pod_label} was put back after the patch, by field manager argocd" in verdict.message
    # Its pods look for their file.
    assert found.names("ConfigMap", "shop") == [f"wasm-filter-{R1}"]


def dropping(_operation: str, _before: Object | None, after: Object) -> Object:
    """A policy that knows better what pods mount."""
    if after["kind"] != "Deployment":
        return after
    changed: Object = clone(after)
    for key in (VOLUME, MOUNT):
        changed["spec"]["template"]["metadata"].get("annotations", {}).pop(key, None)
    return changed


@pytest.mark.parametrize(("dry_run", "said"), [(False, "came back without"), (True, "would come back without")])
def test_what_a_webhook_takes_away_is_told_at_once_and_in_check_mode(dry_run: bool, said: str) -> None:
    found = cluster("shop", dry_run=dry_run)
    found.server.admission.append(dropping)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "changed_by_admission")
    web, data = verdict.workloads
    assert (web.outcome, data.outcome) == ("failed", "deployed")
    assert f"{said} the entry {NAMES.volume} of annotation {VOLUME}" in web.message
    assert MOUNT in web.message


def anew(found: Simulated) -> None:
    """Deleted, and made under the same name, as it was at the first, once its pods' owners are gone too."""
    found.server.delete(WEB)
    again = objects.workload("shop", "web", annotations=dict(THEIRS))
    found.server.clock.after(0.5, lambda: found.server.seed(again))


def test_one_that_is_made_anew_is_planned_anew() -> None:
    found = one()
    after_patch(found, 0.3, lambda: anew(found))
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "deployed"
    (web,) = verdict.workloads
    assert (web.outcome, web.from_revision, web.to_revision) == ("deployed", "none", R1)
    assert found.template("shop")["labels"][NAMES.pod_label] == R1


def test_one_that_is_made_anew_without_end_ends() -> None:
    found = one()
    after_patch(found, 0.3, lambda: anew(found), times=99)
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "recreated")
    assert f"deleted and made anew {RECREATED_MAX + 1} times" in verdict.message
    assert len([request for request in found.server.requests if request.startswith("APPLY")]) == RECREATED_MAX + 1


def test_one_that_goes_while_it_is_waited_for_is_gone() -> None:
    found = one()
    after_patch(found, 0.3, lambda: found.server.delete(WEB))
    verdict = found.deploy("shop")["shop"]
    (web,) = verdict.workloads
    assert (web.outcome, web.reason) == ("skipped", "workload_deleted")


def test_one_that_is_made_anew_once_all_is_done_is_what_was_said_of_it() -> None:
    found = one()
    for revision in ("0000000007", "0000000008", "0000000009"):
        found.deploy("shop", operation=delivery(revision))
    after_patch(found, 0.3, lambda: found.server.delete(WEB))
    # The last steps of the namespace are under way by then.
    found.refuse("LIST .*/controllerrevisions", None, times=1, meanwhile=lambda: anew(found))
    found.wire = Slow("list .*/replicasets", 5)
    verdict = found.deploy("shop")["shop"]
    (web,) = verdict.workloads
    assert (web.outcome, web.reason) == ("skipped", "workload_deleted")
    assert verdict.reason == ""


SLOW_PAY = "create .*/pay/(configmaps|envoyfilters)"


def test_one_that_goes_before_its_turn_holds_nobody_up() -> None:
    found = Simulated(
        objects.namespace("pay"), objects.namespace("shop"), objects.workload("pay"), objects.workload("shop")
    )
    found.wire = Slow(SLOW_PAY, 20)
    path = "/apis/apps/v1/namespaces/pay/deployments/web"
    after_patch(found, 0.3, lambda: found.server.delete(path))
    verdicts = found.deploy("shop", "pay")
    assert verdicts["shop"].outcome == "deployed"
    assert [(entry.outcome, entry.reason) for entry in verdicts["pay"].workloads] == [("skipped", "workload_deleted")]


def test_one_that_is_made_anew_before_its_turn_waits_for_its_objects() -> None:
    found = Simulated(
        objects.namespace("pay"), objects.namespace("shop"), objects.workload("pay"), objects.workload("shop")
    )
    found.wire = Slow(SLOW_PAY, 20)

    def made_anew() -> None:
        found.server.delete("/apis/apps/v1/namespaces/pay/deployments/web")
        found.server.seed(objects.workload("pay"))

    after_patch(found, 0.3, made_anew)
    assert {verdict.outcome for verdict in found.deploy("shop", "pay").values()} == {"deployed"}
    verbs = [request.partition(" ")[0] for request in found.writes if "/pay/" in request]
    # After the one above: a status that was written meanwhile makes for a conflict.
    assert verbs[1:] in (["CREATE", "CREATE", "APPLY"], ["CREATE", "CREATE", "APPLY", "APPLY"])


def test_what_rolls_before_its_namespaces_turn_is_counted_once() -> None:
    names = ["pay", *(f"shop{number}" for number in range(4))]
    found = Simulated(*map(objects.namespace, names), *map(objects.workload, names))
    found.controllers.healthy = lambda _pod: False
    found.deploy("pay", timeout_seconds=5)
    # Its objects have to be put right before anything else of it.
    found.edit("EnvoyFilter", "pay", f"trace-filter-{R1}", {"spec": {"priority": 3}})
    found.controllers.healthy = lambda _pod: True
    found.wire = Slow("replace .*/pay/envoyfilters", 30)
    after_patch(found, 0.1, found.controllers.recheck_pods)
    verdicts = found.deploy(*names, max_in_flight=1)
    assert {verdict.outcome for verdict in verdicts.values()} == {"deployed"}
    texts = [text for name, text, _step in found.told if name != "pay" and text.startswith("Deployment/")]
    steps = [
        text.split()[1].rstrip(",") for text in texts if text.endswith((" patched", " pods")) and "new" not in text
    ]
    assert steps == ["patched", "rolled"] * 4


def test_fields_of_an_application_are_its_own_again_after_removal() -> None:
    found = one()
    theirs = {**found.held("Deployment", "shop", "web")}
    found.deploy("shop")
    found.remove("shop")
    held = found.held("Deployment", "shop", "web")
    managers = {entry["manager"] for entry in held["metadata"]["managedFields"]}
    assert NAMES.field_manager not in managers
    assert held["spec"] == theirs["spec"]
    # Nor did it cost a second template.
    assert len({json.dumps(one["spec"]["template"]) for one in templates(found)}) == 2


def templates(found: Simulated) -> list[Object]:
    return [change.after for change in found.server.store.history if change.place.name == "web" and change.after]


def test_a_newer_revision_of_another_run_is_not_called_ours() -> None:
    found = one()
    other = put({}, "spec", "template", "metadata", "labels", NAMES.pod_label, R2)
    after_patch(found, 0.3, lambda: found.edit("Deployment", "shop", "web", other, "another run"))
    verdict = found.deploy("shop")["shop"]
    assert (verdict.outcome, verdict.reason) == ("failed", "reverted")
