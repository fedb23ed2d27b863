# SPDX-License-Identifier: Apache-2.0
"""A Lease as an object: what is written into it, and what is read from one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ..deliveries.base import LEASES, collection
from ..domain.names import FILTER_LABEL, MANAGED_BY, MANAGED_BY_LABEL, FilterNames
from ..kinds.base import Object
from .commands import Request

# Of all namespaces of a wave together; each lock is renewed three times within its duration.
RENEWALS_PER_SECOND = 50


@dataclass(frozen=True)
class Terms:
    """How a run locks.

    `holder`: who it is, unlike any other. `wait_seconds`: how long it waits for another. `epoch`: what was the time
    when the loop's clock was zero, for times that people read. `dry_run`: nothing is taken, only looked at.
    """

    holder: str = "a run"
    wait_seconds: float = 60.0
    lease_seconds: int = 30
    epoch: float = 0.0
    dry_run: bool = False

    def for_wave(self, namespaces: int) -> Terms:
        """The larger the wave, the longer each lock holds, so that renewals never become most of what a run does."""
        return replace(self, lease_seconds=max(self.lease_seconds, -(-3 * namespaces // RENEWALS_PER_SECOND)))

    def time(self, now: float) -> str:
        """A MicroTime, for people: nothing is decided by it."""
        return datetime.fromtimestamp(self.epoch + now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_of_lock(request: Request) -> bool:
    """Whether a request is about a Lease."""
    return request.path.startswith(f"{LEASES[0]}/")


def path(names: FilterNames, namespace: str) -> str:
    return f"{collection(LEASES, namespace)}/{names.lease}"


def new(names: FilterNames, namespace: str, terms: Terms, now: float) -> Object:
    """One that nobody had before."""
    metadata = {"name": names.lease, "namespace": namespace, "labels": names.lease_labels}
    version = LEASES[0].removeprefix("/apis/")
    return {"apiVersion": version, "kind": "Lease", "metadata": metadata, "spec": _spec(terms, now)}


def taken_over(found: Object, terms: Terms, now: float) -> Object:
    """The one of somebody else, as ours."""
    transitions = (found.get("spec") or {}).get("leaseTransitions") or 0
    return _with_spec(found, {**_spec(terms, now), "leaseTransitions": transitions + 1})


def renewed(found: Object, terms: Terms, now: float) -> Object:
    return _with_spec(found, {**found["spec"], "renewTime": terms.time(now)})


def _spec(terms: Terms, now: float) -> Object:
    time = terms.time(now)
    return {
        "holderIdentity": terms.holder,
        "leaseDurationSeconds": terms.lease_seconds,
        "acquireTime": time,
        "renewTime": time,
    }


def _with_spec(found: Object, spec: Object) -> Object:
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    return {**found, "metadata": metadata, "spec": spec}


def is_ours(found: Object, names: FilterNames) -> bool:
    """Whether it is of this collection and this filter, whoever holds it."""
    labels = found["metadata"].get("labels") or {}
    return bool(labels.get(MANAGED_BY_LABEL) == MANAGED_BY and labels.get(FILTER_LABEL) == names.name)


def holder(found: Object) -> str:
    return str((found.get("spec") or {}).get("holderIdentity") or "")


def seconds(found: Object, terms: Terms) -> float:
    """For how long it is its holder's without being renewed."""
    return float((found.get("spec") or {}).get("leaseDurationSeconds") or terms.lease_seconds)


def version(found: Object) -> tuple[str, str]:
    return found["metadata"]["uid"], found["metadata"]["resourceVersion"]


def preconditions(found: Object) -> Object:
    """It is this one, and as it was."""
    uid, resource_version = version(found)
    return {"uid": uid, "resourceVersion": resource_version}


def held_by(found: Object) -> str:
    """Who has it and since when, for people."""
    since = str((found.get("spec") or {}).get("acquireTime") or "")
    return holder(found) + (f" since {since[:19]}Z" if since else "")
