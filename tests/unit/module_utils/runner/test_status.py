# SPDX-License-Identifier: Apache-2.0
"""The real executor against a simulated cluster."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.status import status
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import State, summary

from tests.unit.objects import R2, REPOSITORY, delivery
from tests.unit.runs import cluster

SCHEMA = json.loads((REPOSITORY / "docs/schemas/status.schema.json").read_text())


def test_the_states_of_a_cluster_and_nothing_written() -> None:
    there = cluster("shop", "pay", "bank")
    there.deploy("shop", "pay")
    there.deploy("bank", operation=delivery(R2, "inline"))
    there.refuse("APPLY .*/shop/statefulsets/data", 403)
    there.deploy("shop", operation=delivery(R2))
    there.server.requests.clear()
    api: Any = there.server
    found = status(api, [])
    assert {one.name: one.state for one in found} == {
        "shop": State.HALF_DONE,
        "pay": State.DEPLOYED,
        "bank": State.DEPLOYED,
    }
    assert there.writes == []
    content = {"version": 1, "filter": "", "time": 1.0, **summary(found)}
    content["clusters"] = [{"alias": "c", "namespaces": content.pop("namespaces")}]
    jsonschema.validate(content, SCHEMA)


def test_who_may_not_look_everywhere_is_told_what_to_do() -> None:
    there = cluster("shop")
    there.refuse("LIST .*", 403)
    api: Any = there.server
    with pytest.raises(InputError, match="name them"):
        status(api, [])


def test_what_fails_otherwise_is_raised_as_it_is() -> None:
    there = cluster("shop")
    there.refuse("LIST .*", 500)
    api: Any = there.server
    with pytest.raises(ApiError, match="HTTP 500"):
        status(api, [])
