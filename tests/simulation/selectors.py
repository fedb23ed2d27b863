# SPDX-License-Identifier: Apache-2.0
"""Label selectors: `a=b`, `a==b`, `a!=b`, `a`, `!a`, with commas between them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from tests.simulation.values import Object


def selected(labels: Object, selector: str) -> bool:
    """By labels; or by the fields of an object, at its top only."""
    return all(_meets(labels, term.strip()) for term in selector.split(",") if term.strip())


def _meets(labels: Object, term: str) -> bool:
    if "!=" in term:
        name, value = term.split("!=")
        return labels.get(name) != value
    if "=" in term:
        name, value = term.replace("==", "=").split("=")
        return labels.get(name) == value
    if term.startswith("!"):
        return term[1:] not in labels
    return term in labels
