# SPDX-License-Identifier: Apache-2.0
"""From what was read of a namespace to its states. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..deliveries.base import revision_label
from ..domain.errors import ApiError
from ..kinds.base import Object
from ..planning.old_script import Leftovers
from ..probes.proof import PodProof
from . import proved, workloads
from .found import Found
from .states import NO_DRIFT, FilterStatus, Finding, NamespaceStatus, RevisionStatus, State, WorkloadStatus


def unread(name: str, error: ApiError) -> NamespaceStatus:
    """It could not be read."""
    return NamespaceStatus(name, findings=(Finding(State.UNREADABLE, str(error)),))


def missing(name: str) -> NamespaceStatus:
    """The cluster has no such namespace."""
    return NamespaceStatus(name, findings=(Finding(State.MISSING, "there is no such namespace"),))


def namespace(
    name: str,
    found: list[Found],
    leftovers: Leftovers | None = None,
    unreadable: list[str] | None = None,
    proofs: Mapping[str, Sequence[PodProof]] | None = None,
) -> NamespaceStatus:
    """:param leftovers: of the old script.
    :param proofs: of pods, by filter.
    """
    findings = tuple(_old_script(leftovers)) if leftovers else ()
    filters = tuple(of_filter(one, (proofs or {}).get(one.names.name, ())) for one in found)
    return NamespaceStatus(name, filters, findings, tuple(unreadable or ()))


def needs_history(found: Found) -> bool:
    """Whether it has to be asked what former templates refer to: else what is kept for them looks orphaned."""
    return found.used is None and bool(found.superseded) and _all_well(found)


def of_filter(found: Found, proofs: Sequence[PodProof] = ()) -> FilterStatus:
    judged: list[WorkloadStatus] = []
    others = list(proofs)
    if found.inline is None:
        judged, others = proved.with_pods(found, list(workloads.judged(found)), proofs)
    return FilterStatus(
        found.names.name,
        _delivery(found),
        found.revision,
        tuple(_revisions(found)),
        tuple(judged),
        (*_of_objects(found), *proved.findings(others), *_orphans(found), *_lock(found.lease)),
        tuple(others),
    )


def _delivery(found: Found) -> str:
    if found.inline is not None:
        return "inline"
    return "configmap" if found.objects.envoy_filters or found.counts else ""


def _revisions(found: Found) -> Iterator[RevisionStatus]:
    objects = sorted(
        [*found.objects.config_maps, *found.objects.envoy_filters],
        key=lambda one: one["metadata"].get("creationTimestamp", ""),
    )
    for revision in dict.fromkeys([*filter(None, map(revision_label, objects)), *found.counts]):
        config_maps = [one["metadata"]["name"] for one in found.config_maps(revision)]
        filters = [one for one in found.objects.envoy_filters if revision_label(one) == revision]
        name = filters[0]["metadata"]["name"] if filters else ""
        yield RevisionStatus(revision, next(iter(config_maps), ""), name, found.counts.get(revision, 0))


def _of_objects(found: Found) -> Iterator[Finding]:
    others = [one for one in found.objects.envoy_filters if one is not found.inline]
    if found.inline is not None and others:
        names = ", ".join(one["metadata"]["name"] for one in others)
        message = (
            f"EnvoyFilters of both deliveries: beside this one of inline there is {names}; "
            "deploy again, which takes one of them away"
        )
        yield Finding(State.DOUBLED, message, f"EnvoyFilter/{found.inline['metadata']['name']}")
    if found.inline is not None and not found.config_maps(found.revision):
        message = f"the ConfigMap of revision {found.revision} is gone, which is the record of it: deploy again"
        yield Finding(State.DRIFTED, message, f"EnvoyFilter/{found.inline['metadata']['name']}")


def _orphans(found: Found) -> Iterator[Finding]:
    """Objects that nothing refers to, but for what is kept to go back to."""
    used = set(found.counts) | set(found.used or ())
    if not found.objects.envoy_filters and not found.counts:
        for one in found.objects.config_maps:
            yield _orphan("ConfigMap", one, "there is no EnvoyFilter any more: a removal has not ended")
        return
    nobody = found.inline is None and not found.counts and not _takers(found)
    for one in found.objects.envoy_filters:
        name, revision = one["metadata"]["name"], revision_label(one)
        if one is found.inline:
            continue
        if nobody:
            yield _orphan("EnvoyFilter", one, "no workload here takes the filter")
        elif name != found.names.envoy_filter(revision):
            yield _orphan("EnvoyFilter", one, "this collection gives no EnvoyFilter such a name")
        elif revision not in used and not found.config_maps(revision):
            yield _orphan("EnvoyFilter", one, "no workload is on its revision, and its ConfigMap is gone")
    if found.used is not None:
        for one in found.superseded:
            if revision_label(one) not in used:
                yield _orphan("ConfigMap", one, "nothing refers to its revision, and newer ones are kept")


def _takers(found: Found) -> bool:
    return any(one.state != State.SKIPPED for one in workloads.judged(found))


def _orphan(kind: str, found: Object, message: str) -> Finding:
    return Finding(State.ORPHANED, message, f"{kind}/{found['metadata']['name']}")


def _all_well(found: Found) -> bool:
    """Whether a run would clean up: where a workload failed, all that it may go back to is kept."""
    return found.inline is not None or all(one.state in NO_DRIFT for one in workloads.judged(found))


def _lock(lease: Object | None) -> Iterator[Finding]:
    """Whether the run that holds it still lives can't be told by one look: its times are for people."""
    spec = (lease or {}).get("spec") or {}
    if lease is not None and spec.get("holderIdentity"):
        since, last = (str(spec.get(key) or "?")[:19] for key in ("acquireTime", "renewTime"))
        message = f"a run holds it: {spec['holderIdentity']}, since {since}Z, renewed {last}Z"
        yield Finding(State.LOCKED, message, f"Lease/{lease['metadata']['name']}")


def _old_script(leftovers: Leftovers) -> Iterator[Finding]:
    for name in leftovers.envoy_filters:
        message = "is of the old script deploy.sh: beside ours it traces each request twice"
        yield Finding(State.OLD_SCRIPT, message, f"EnvoyFilter/{name}")
    for label in leftovers.workloads:
        maps = f" (ConfigMap {', '.join(sorted(leftovers.config_maps))})" if leftovers.config_maps else ""
        yield Finding(State.OLD_SCRIPT, f"its pods mount what the old script deploy.sh has left{maps}", label)
