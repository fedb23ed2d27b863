"""Who is blamed for a change that was put back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.field_managers import blamed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import Object
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.unit.objects import NAMES, workload

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
