"""Label selectors: `a=b`, `a==b`, `a!=b`, `a`, `!a`, with commas between them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

from tests.simulation.values import Object


def selected(entry: Object, selector: str) -> bool:
    labels = entry["metadata"].get("labels") or {}
    return all(_meets(labels, term.strip()) for term in selector.split(",") if term.strip())


def _meets(labels: dict[str, str], term: str) -> bool:
    if "!=" in term:
        name, value = term.split("!=")
        return labels.get(name) != value
    if "=" in term:
        name, value = term.replace("==", "=").split("=")
        return labels.get(name) == value
    if term.startswith("!"):
        return term[1:] not in labels
    return term in labels
