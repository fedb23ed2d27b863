# SPDX-License-Identifier: Apache-2.0
"""CronJob: patched like the others, and nothing restarts."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import RolloutState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.cron_job import CRON_JOB

from tests.unit.objects import MOUNT, NAMES, R1, VOLUME, namespace
from tests.unit.runs import THEIRS, Simulated


def cron_job(annotations: dict[str, str] | None = None) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": "app"}], "restartPolicy": "Never"}
    template = {"metadata": {"labels": {"app": "report"}, "annotations": annotations or {}}, "spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "report", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
    }


def test_it_waits_for_nothing() -> None:
    found = CRON_JOB.rollout(cron_job(), None)
    assert (found.state, found.total, found.all_updated) == (RolloutState.ROLLED, 0, True)
    assert CRON_JOB.pod_labels(cron_job()) == {} and CRON_JOB.history == ""


def test_its_next_runs_get_the_filter_and_it_is_given_back_as_it_was() -> None:
    found = Simulated(namespace("shop"), cron_job(dict(THEIRS)))
    before = found.held("CronJob", "shop", "report")["spec"]

    deployed = found.deploy("shop")["shop"]

    assert (deployed.outcome, deployed.workloads[0].outcome) == ("deployed", "deployed")
    assert deployed.workloads[0].pods_replaced == 0
    template = found.held("CronJob", "shop", "report")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]
    assert template["labels"][NAMES.pod_label] == R1
    assert NAMES.volume in template["annotations"][VOLUME] and NAMES.volume in template["annotations"][MOUNT]
    assert "template" not in found.held("CronJob", "shop", "report")["spec"]
    assert found.deploy("shop")["shop"].outcome == "unchanged"
    assert found.remove("shop")["shop"].outcome == "removed"
    assert found.held("CronJob", "shop", "report")["spec"] == before


def test_a_role_that_knows_no_cron_jobs_leaves_them_alone_and_says_so() -> None:
    found = Simulated(namespace("shop"), cron_job())

    def refuse(verb: str, path: str, _manager: str) -> None:
        if path.endswith("/cronjobs"):
            raise api_error(f"list {path}", 403, "not allowed")

    found.server.gates.append(refuse)
    verdict = found.deploy("shop")["shop"]
    assert verdict.outcome == "skipped" and "cronjobs may not be read" in verdict.message
    assert found.writes == []
