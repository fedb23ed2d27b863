# SPDX-License-Identifier: Apache-2.0
"""Which namespaces, and which of their workloads, can't take the filter, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ..deliveries.workload_change import BY_INLINE, INJECT
from ..domain.outcome import Reason
from ..domain.plan import Exclusion, State, Target
from .candidates import Candidate
from .injection import DATAPLANE, Injection, is_ambient, namespace_asks

Judged = tuple[Candidate, Injection]


def target(
    cluster: str,
    name: str,
    namespace: dict[str, Any] | None,
    state: State,
    not_readable: str | None = None,
    injections: Collection[Injection] = (),
    served: Iterable[str] = (),
) -> Target:
    """The namespace as a target of the plan, with the reason if it is not eligible.

    :param namespace: the object; None: it does not exist.
    :param not_readable: why it may not even be read.
    :param injections: what new pods of its workloads would get; none where nobody asked.
    :param served: the revisions of istiod that inject, where that is known.
    """
    if not_readable:
        return Target(cluster, name, Reason.API_REFUSED.value, not_readable)
    if namespace is None:
        return Target(cluster, name, Reason.NAMESPACE_MISSING.value, f"namespace {name} does not exist")
    if namespace["metadata"].get("deletionTimestamp"):
        return Target(cluster, name, Reason.NAMESPACE_TERMINATING.value, f"namespace {name} is being deleted")
    if state != State.PRESENT:
        return Target(cluster, name)
    labels = namespace["metadata"].get("labels") or {}
    asks = namespace_asks(labels)
    if any(one.proxy for one in injections) or (asks and not injections):
        return Target(cluster, name)
    if asks:
        return Target(cluster, name, Reason.NO_INJECTOR.value, _no_injector(name, asks, injections, list(served)))
    return Target(cluster, name, Reason.NOT_INJECTED.value, _not_injected(name, labels))


def exclusions(cluster: str, judged: Iterable[Judged], ambient: Collection[str] = ()) -> Iterator[Exclusion]:
    """Workloads whose new pods would not run the filter: they are not restarted for nothing, or worse.

    :param ambient: namespaces in which ztunnel takes the place of sidecars.
    """
    for one, injection in judged:
        if not injection.proxy:
            reason, message = Reason.NO_SIDECAR, _no_sidecar(injection, one.namespace in ambient)
        elif not injection.mount:
            reason, message = Reason.NO_MOUNT, f"a new pod of it would get no volume for the filter; {BY_INLINE}"
        else:
            continue
        yield Exclusion(cluster, one.namespace, one.kind.kind, one.name, reason.value, message)


def _no_injector(name: str, asks: str, injections: Iterable[Injection], served: list[str]) -> str:
    said = next((one.said for one in injections if one.said), "")
    if said:
        return f"namespace {name} asks for sidecars by {asks}, and a new pod would not be created: {said}"
    there = f"; istio.io/rev of this cluster: {', '.join(served)}" if served else ""
    return f"namespace {name} asks for sidecars by {asks}, and a new pod would get none: no injector answers{there}"


def _not_injected(name: str, labels: dict[str, str]) -> str:
    if is_ambient(labels):
        return (
            f"namespace {name} is ambient ({DATAPLANE}=ambient): its pods have no sidecar to take the filter; single "
            f'workloads get one by the label {INJECT}="true" of their pod template'
        )
    return (
        f"namespace {name} is not injected: it needs the label istio-injection=enabled or istio.io/rev=REVISION, "
        f'or its workloads the label {INJECT}="true" of their pod template'
    )


def _no_sidecar(injection: Injection, ambient: bool) -> str:
    if injection.said:
        return f"a new pod of it would not be created: {injection.said}"
    why = f"; its namespace is ambient ({DATAPLANE}=ambient)" if ambient else ""
    return f"a new pod of it would get no sidecar{why}: a restart would not bring the filter"
