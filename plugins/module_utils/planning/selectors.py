# SPDX-License-Identifier: Apache-2.0
"""Kubernetes label selectors. Pure.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector takes these labels; an empty one takes all."""
    wanted = (selector or {}).get("matchLabels") or {}
    return wanted.items() <= labels.items() and all(
        _holds(one, labels) for one in (selector or {}).get("matchExpressions") or []
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    if operator == "NotIn":
        return labels.get(key) not in values
    return labels.get(key) in values
