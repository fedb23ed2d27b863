"""Why a namespace can't take the filter. Pure."""

from __future__ import annotations

from typing import Any

from ..domain.outcome import Reason
from ..domain.plan import State, Target


def target(
    cluster: str, name: str, namespace: dict[str, Any] | None, state: State, not_readable: str | None = None
) -> Target:
    """The namespace as a target of the plan, with the reason if it is not eligible.

    :param namespace: the object; None: it does not exist.
    :param not_readable: why it may not even be read.
    """
    if not_readable:
        return Target(cluster, name, Reason.API_REFUSED.value, not_readable)
    if namespace is None:
        return Target(cluster, name, Reason.NAMESPACE_MISSING.value, f"namespace {name} does not exist")
    if namespace["metadata"].get("deletionTimestamp"):
        return Target(cluster, name, Reason.NAMESPACE_TERMINATING.value, f"namespace {name} is being deleted")
    if state == State.PRESENT and not _injected(namespace["metadata"].get("labels") or {}):
        message = (
            f"namespace {name} is not injected: it needs the label istio-injection=enabled or istio.io/rev=REVISION"
        )
        return Target(cluster, name, Reason.NOT_INJECTED.value, message)
    return Target(cluster, name)


def _injected(labels: dict[str, str]) -> bool:
    """istio-injection decides where it is set; the revision label counts only without it."""
    if "istio-injection" in labels:
        return labels["istio-injection"] == "enabled"
    return bool(labels.get("istio.io/rev"))
