# SPDX-License-Identifier: Apache-2.0
"""Who is blamed for a change that was put back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.field_managers import (
    appliers,
    blamed,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import Object
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.objects import MOUNT, NAMES, VOLUME, workload

TEMPLATE: dict[str, Any] = {"f:spec": {"f:template": {"f:metadata": {}}}}
OURS = {"manager": NAMES.field_manager, "operation": "Apply", "time": "T2"}


def entry(manager: str, time: str, fields: Any = None, **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields or {"f:metadata": {}}, **more}


def managed(*entries: dict[str, Any]) -> Object:
    found = workload()
    found["metadata"]["managedFields"] = list(entries)
    return found


BEFORE = (entry("owner", "T1", TEMPLATE), OURS)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([*BEFORE, entry("operator", "T3")], "field manager operator"),
        # It has written before, and writes again: the newer time tells.
        ([entry("owner", "T3", TEMPLATE), OURS], "field manager owner"),
        ([*BEFORE, {**OURS, "time": "T4"}], "another run of this filter"),
        # What controllers write of the status is no change of the template.
        ([*BEFORE, entry("controller", "T5", subresource="status")], "somebody whom managedFields does not name"),
        # Who only takes fields away leaves no entry.
        (
            [entry("owner", "T1", TEMPLATE)],
            "somebody whom managedFields does not name; its pod template is managed by owner",
        ),
    ],
)
def test_who_is_named(now: list[dict[str, Any]], said: str) -> None:
    assert blamed(DEPLOYMENT, managed(*BEFORE), managed(*now), NAMES).startswith(said)


def test_nobody_is_a_writer_where_it_is_not_known_how_it_was() -> None:
    assert "operator" not in blamed(DEPLOYMENT, None, managed(entry("operator", "T3")), NAMES)


def test_who_keeps_annotations_by_server_side_apply() -> None:
    annotations: dict[str, Any] = {f"f:{VOLUME}": {}, "f:other": {}}
    volume: dict[str, Any] = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": annotations}}}}
    applied = {**entry("gitops", "T1", volume), "operation": "Apply"}

    def named(*entries: dict[str, Any]) -> str:
        return appliers(DEPLOYMENT, managed(*entries), (VOLUME, MOUNT), NAMES)

    assert named(applied) == "gitops"
    assert named(applied, {**applied, "manager": "argocd"}, {**applied, "time": "T2"}) == "gitops and argocd"
    # An update is over once it is done; and what we keep ourselves is ours.
    assert named(entry("kubectl", "T1", volume)) == ""
    assert named({**applied, "manager": NAMES.field_manager}) == ""
    assert appliers(DEPLOYMENT, managed(applied), (MOUNT,), NAMES) == ""
    assert named() == named({**applied, "fieldsV1": TEMPLATE}) == ""
