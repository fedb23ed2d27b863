# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure

from tests.unit.locking import locked
from tests.unit.module_utils.engine.test_run import ALL, WAVES, sick_in
from tests.unit.objects import NAMES, R1, R2, delivery
from tests.unit.runs import Simulated
from tests.unit.wires import Losing

AUTO: dict[str, Any] = {"on_failure": OnFailure.AUTO, "timeout_seconds": 20}


def state(found: Simulated, namespace: str) -> Any:
    """What a run may change of its web."""
    metadata = found.held("Deployment", namespace, "web")["metadata"]
    ours = {key: text for key, text in metadata.get("annotations", {}).items() if NAMES.pod_label in key}
    return copy.deepcopy((found.template(namespace), ours))


def sick_deployment(found: Simulated, namespace: str) -> None:
    """New pods of web don't get ready with R1. A StatefulSet would not get its pods back: see below."""

    def healthy(pod: Any) -> bool:
        labels = pod["metadata"]["labels"]
        mine = (pod["metadata"]["namespace"], labels.get("app"), labels.get(NAMES.pod_label))
        return mine != (namespace, "web", R1)

    found.controllers.healthy = healthy


@pytest.mark.parametrize("revision", ["", R2], ids=["from_none", "from_a_revision"])
def test_what_fails_is_as_it_was_and_the_next_wave_does_not_begin(revision: str) -> None:
    found = sick_in()
    if revision:
        found.deploy(*ALL, operation=delivery(revision))
    before = state(found, "a1")
    sick_deployment(found, "a1")
    verdicts = found.run(delivery(), *WAVES, **AUTO)
    assert {name: str(one.outcome) for name, one in verdicts.items()} == {
        "a1": "rolled_back",
        "a2": "deployed",
        **dict.fromkeys(["b1", "b2", "c1"], "not_started"),
    }
    assert state(found, "a1") == before
    (web,) = [one for one in verdicts["a1"].workloads if one.name == "web"]
    assert (web.outcome, web.from_revision, web.to_revision) == ("rolled_back", revision or "none", revision or "none")
    assert verdicts["a1"].changed
    assert "Deployment/web is taken back to" in " ".join(text for name, text, _step in found.told if name == "a1")


def test_the_rest_of_the_wave_goes_with_it_where_that_is_asked_for() -> None:
    found = sick_in()
    sick_deployment(found, "a1")
    verdicts = found.run(delivery(), *WAVES, on_failure=OnFailure.ROLLBACK_WAVE, timeout_seconds=20)
    assert (verdicts["a1"].outcome, verdicts["a2"].outcome) == ("rolled_back", "rolled_back")
    assert verdicts["a2"].reason == "wave_failed"
    for name in ("a1", "a2"):
        assert NAMES.pod_label not in found.template(name)["labels"]
        assert found.names("ConfigMap", name) == found.names("EnvoyFilter", name) == []


def test_what_still_waits_for_its_lock_is_not_begun_where_its_wave_goes_back() -> None:
    found = sick_in()
    sick_deployment(found, "a1")
    locked(found, "a2", 300)
    verdicts = found.run(delivery(), *WAVES, on_failure=OnFailure.ROLLBACK_WAVE, timeout_seconds=20)
    assert (verdicts["a1"].outcome, verdicts["a1"].reason) == ("rolled_back", "rollout_timeout")
    assert (verdicts["a2"].outcome, verdicts["a2"].reason) == ("not_started", "wave_failed")
    assert verdicts["a2"].message.startswith("its wave is taken back, by rollout_timeout: ")
    assert not [one for one in found.writes if "/a2/" in one]
    # What fails by itself takes nothing else back, so that one goes its way once it is free.
    found = sick_in()
    sick_deployment(found, "a1")
    locked(found, "a2", 60)
    assert found.run(delivery(), *WAVES, **AUTO)["a2"].outcome == "deployed"


def test_objects_stay_as_long_as_a_workload_is_on_them() -> None:
    found = sick_in()
    sick_deployment(found, "a1")
    verdict = found.run(delivery(), ["a1"], **AUTO)["a1"]
    assert [(one.name, str(one.outcome)) for one in verdict.workloads] == [("web", "rolled_back"), ("data", "deployed")]
    assert (verdict.outcome, found.names("EnvoyFilter", "a1")) == ("rolled_back", [f"trace-filter-{R1}"])
    assert verdict.message.endswith("1 other workload patched")


def test_one_that_can_not_be_taken_back_is_said() -> None:
    found = sick_in("a1")
    # The first patch of each is ours to go forward, the second to go back.
    found.refuse("PATCH .*/a1/deployments/web", None, times=1)
    found.refuse("PATCH .*/a1/deployments/web", 403)
    verdict = found.run(delivery(), ["a1"], **AUTO)["a1"]
    assert verdict.outcome == "rollback_failed"
    (web,) = [one for one in verdict.workloads if one.name == "web"]
    assert (web.outcome, web.to_revision) == ("rollback_failed", R1)
    assert "it could not be taken back: " in web.message


def test_its_pods_say_why_before_they_are_gone() -> None:
    found = sick_in()
    sick_deployment(found, "a1")
    verdict = found.run(delivery(), ["a1"], on_failure=OnFailure.AUTO, timeout_seconds=5)["a1"]
    assert verdict.outcome == "rolled_back"
    assert "CrashLoopBackOff" in verdict.message, verdict.message


def test_a_stateful_set_that_waits_for_a_bad_pod_is_named_with_the_pod() -> None:
    """https://github.com/kubernetes/kubernetes/issues/67250"""
    found = sick_in("a1")
    verdict = found.run(delivery(), ["a1"], **AUTO)["a1"]
    (data,) = [one for one in verdict.workloads if one.name == "data"]
    assert data.outcome == "rollback_failed"
    assert "a StatefulSet does not replace a pod that has not got ready: delete pod data-1" in data.message


def test_nobody_answers_on_the_way_back() -> None:
    found = sick_in("a1")
    found.wire = Losing("merge_patch .*/a1/", arrives=False)
    verdict = found.run(delivery(), ["a1"], **AUTO)["a1"]
    assert verdict.outcome == "rollback_failed"


def test_in_check_mode_nothing_is_taken_back() -> None:
    found = sick_in("a1")
    found.server.dry_run = True
    verdict = found.run(delivery(), ["a1"], **AUTO)["a1"]
    assert verdict.outcome == "deployed"


def test_a_removal_is_not_taken_back() -> None:
    found = sick_in()
    found.deploy(*ALL)
    found.controllers.healthy = lambda pod: NAMES.pod_label in pod["metadata"]["labels"]
    verdicts = found.remove(*ALL, on_failure=OnFailure.ROLLBACK_WAVE, timeout_seconds=20)
    assert {str(one.outcome) for one in verdicts.values()} == {"failed"}
