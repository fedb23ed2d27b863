# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import Object, RolloutState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.objects import workload

from .fixtures import check, situations


@pytest.mark.parametrize("situation", situations("deployment"))
def test_rollout(situation: str) -> None:
    check(DEPLOYMENT, "deployment", situation)


def late(updated: int = 0, **condition: str) -> Object:
    progressing = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", **condition}
    entry = workload()
    entry["metadata"]["generation"] = 3
    entry["status"] = {"observedGeneration": 3, "replicas": 3, "updatedReplicas": updated, "conditions": [progressing]}
    return entry


def test_a_deadline_that_was_exceeded_before_the_patch_says_nothing_of_it() -> None:
    # The controller takes the condition back once pods have moved, not when the template goes back.
    before = late(lastUpdateTime="2026-01-01T00:00:00Z")
    before["metadata"]["generation"] = 2
    now = late(lastUpdateTime="2026-01-01T00:00:00Z")
    assert DEPLOYMENT.rollout(now, before).state == RolloutState.ROLLING
    assert DEPLOYMENT.rollout(now, None).state == RolloutState.FAILED


def test_a_deadline_that_is_exceeded_again_counts() -> None:
    before = late(lastUpdateTime="2026-01-01T00:00:00Z", message="timed out")
    now = late(updated=1, lastUpdateTime="2026-01-01T00:10:00Z", message="timed out")
    found = DEPLOYMENT.rollout(now, before)
    assert (found.state, found.message) == (RolloutState.FAILED, "timed out")
    # Where it had not been exceeded it is new.
    before["status"]["conditions"] = []
    assert DEPLOYMENT.rollout(now, before).state == RolloutState.FAILED


def test_why_no_pods_can_be_made_is_told_without_values_of_credentials() -> None:
    found = {
        "metadata": {"generation": 1},
        "spec": {"replicas": 1},
        "status": {
            "observedGeneration": 1,
            "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "denied: token=hunter2"}],
        },
    }
    assert DEPLOYMENT.rollout(found, None).trouble == "denied: token=(not shown)"
