# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.selectors import matches

LABELS = {"app": "web", "istio.io/rev": "canary"}


def one(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    "selector",
    [
        None,
        {},
        {"matchLabels": {"app": "web"}},
        one("app", "In", "db", "web"),
        one("app", "NotIn", "db"),
        one("gone", "NotIn", "db"),
        one("app", "Exists"),
        one("gone", "DoesNotExist"),
        {"matchLabels": {"app": "web"}, **one("istio.io/rev", "Exists")},
    ],
)
def test_taken(selector: dict[str, Any] | None) -> None:
    assert matches(selector, LABELS)


@pytest.mark.parametrize(
    "selector",
    [
        {"matchLabels": {"app": "db"}},
        {"matchLabels": {"app": "web", "gone": ""}},
        one("app", "In", "db"),
        one("gone", "In", "db"),
        one("app", "NotIn", "db", "web"),
        one("gone", "Exists"),
        one("app", "DoesNotExist"),
        {"matchExpressions": [*one("app", "Exists")["matchExpressions"], *one("gone", "Exists")["matchExpressions"]]},
        {"matchLabels": {"app": "web"}, **one("gone", "Exists")},
    ],
)
def test_not_taken(selector: dict[str, Any]) -> None:
    assert not matches(selector, LABELS)
