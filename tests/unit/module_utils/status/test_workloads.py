# SPDX-License-Identifier: Apache-2.0
"""Each workload's state, by its own status."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status import workloads
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.found import Found
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import State, WorkloadStatus

from tests.unit.objects import MOUNT, NAMES, R1, delivery, kind_of, release, workload

ROLLED = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
GIVEN_UP = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}


def deployed(status: dict[str, Any], names: FilterNames = NAMES, **spec: Any) -> dict[str, Any]:
    """As a run leaves it, with this status."""
    plain = workload(**spec)
    plain["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    change = delivery(R1, names=names).change(kind_of(plain), plain)
    assert change.body is not None
    plain["spec"]["template"]["metadata"] = change.body["spec"]["template"]["metadata"]
    plain["metadata"]["annotations"] = change.body["metadata"]["annotations"]
    return {**plain, "status": status}


def judged(*entries: dict[str, Any], names: FilterNames = NAMES) -> list[WorkloadStatus]:
    made = release(R1, names=names)
    filters = [made.envoy_filter("shop", f"trace-filter-{R1}")]
    objects = NamespaceObjects([made.config_map("shop", "x")], filters)
    found = Found(FilterNames(names.name), objects, [(kind_of(one), one) for one in entries])
    return list(workloads.judged(found))


@pytest.mark.parametrize(
    ("status", "spec", "state", "said"),
    [
        (ROLLED, {}, State.DEPLOYED, ""),
        ({**ROLLED, "availableReplicas": 1}, {}, State.ROLLING, "1 of 2 new pods are available"),
        ({**ROLLED, "updatedReplicas": 0}, {"paused": True}, State.HELD, "paused: pods change when it is resumed"),
        ({**ROLLED, "updatedReplicas": 1, "conditions": [GIVEN_UP]}, {}, State.STUCK, "has timed out"),
    ],
)
def test_how_far_its_pods_are(status: dict[str, Any], spec: dict[str, Any], state: State, said: str) -> None:
    (found,) = judged(deployed(status, **spec))
    assert (found.state, found.message, found.revision) == (state, said, R1)


def test_a_config_map_of_another_name_is_no_drift() -> None:
    names = FilterNames("trace", "wasm.of-team-b")
    (found,) = judged(deployed(ROLLED, names), names=names)
    assert found.state == State.DEPLOYED
    # Its pods look for another one than is there.
    (found,) = judged(deployed(ROLLED, NAMES), names=names)
    assert found.state == State.DRIFTED


def test_what_could_not_take_it_says_why() -> None:
    (_web, broken) = judged(deployed(ROLLED), workload(name="b", annotations={MOUNT: "not JSON"}))
    assert (broken.state, broken.reason) == (State.HALF_DONE, "invalid_annotation")
    assert MOUNT in broken.message


def test_what_was_switched_off_since_is_skipped() -> None:
    one = deployed(ROLLED)
    one["spec"]["template"]["metadata"]["annotations"]["sidecar.istio.io/inject"] = "false"
    (found,) = judged(one)
    assert (found.state, found.reason, found.revision) == (State.SKIPPED, "injection_disabled", R1)
