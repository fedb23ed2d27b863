"""Wait, by watch, until workloads run their newest template."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..domain.errors import ApiError, Expired
from ..kinds.base import FAILED, HELD, ROLLED, ROLLING, Rollout, WorkloadKind
from .api import ClusterApi

WATCH_SECONDS = 60
PAUSE_SECONDS = 1.0
# What a deleted workload ends as: nothing is left to wait for.
GONE = "gone"
# Our own event: all that a LIST has found, {"scope": namespace or None, "uids": ...}.
LISTED = "LISTED"

Key = tuple[str, str, str]
Events = queue.Queue[tuple[str, dict[str, Any], WorkloadKind]]


@dataclass
class Awaited:
    """A workload to wait for: `workload` as last seen, from the change on that is waited for.

    `changed`: by this run. One that was not may be ill for reasons of its own: then it is enough
    that all its pods are of the newest template.
    """

    kind: WorkloadKind
    workload: dict[str, Any]
    changed: bool = True

    def __post_init__(self) -> None:
        self.generation: int = self.workload["metadata"].get("generation", 0)
        self.uid: str = self.workload["metadata"]["uid"]
        self.rollout: Rollout = self.kind.rollout(self.workload)

    @property
    def key(self) -> Key:
        metadata = self.workload["metadata"]
        return self.kind.kind, metadata["namespace"], metadata["name"]

    @property
    def settled(self) -> bool:
        return self.rollout.state in (ROLLED, HELD, FAILED, GONE) or self.ill_before

    @property
    def ill_before(self) -> bool:
        """Not available, and not because of this run."""
        return not self.changed and self.rollout.replaced and self.rollout.state in (ROLLING, FAILED)

    def see(self, event: str, workload: dict[str, Any]) -> bool:
        """Take in one watch event; True if the rollout moved."""
        metadata = workload["metadata"]
        if metadata["uid"] != self.uid:
            return False
        before = self.rollout
        if event == "DELETED":
            self.rollout = Rollout(GONE, 0, 0, "it was deleted meanwhile")
        elif metadata.get("generation", 0) >= self.generation:
            # An older object would say that all is rolled, and mean the old template.
            self.workload, self.rollout = workload, self.kind.rollout(workload)
        return self.rollout != before


def wait(
    api: ClusterApi,
    awaited: Iterable[Awaited],
    versions: dict[tuple[str, str | None], str],
    deadline: float,
    moved: Callable[[Awaited], None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Return when all have settled, or at the deadline (seconds of `clock`).

    :param versions: (kind, namespace or None) -> resourceVersion that a watch goes on from.
    :param moved: called, in this thread, each time a workload's rollout moved.
    """
    open_ones = {entry.key: entry for entry in awaited if not entry.settled}
    if not open_ones:
        return
    events: Events = queue.Queue()
    stop = threading.Event()
    for kind, scope in sorted({(entry.kind, _scope(entry, versions)) for entry in open_ones.values()}, key=str):
        version = versions.get((kind.kind, scope), "0")
        arguments = (api, kind, scope, version, deadline, clock, stop, events)
        threading.Thread(target=_watch, args=arguments, daemon=True).start()
    try:
        while open_ones and clock() < deadline:
            try:
                news = events.get(timeout=min(1.0, max(0.01, deadline - clock())))
            except queue.Empty:
                continue
            for entry, event, workload in _concerned(open_ones, *news):
                if entry.see(event, workload):
                    moved(entry)
                    if entry.settled:
                        del open_ones[entry.key]
    finally:
        stop.set()


def _concerned(
    open_ones: dict[Key, Awaited], event: str, content: dict[str, Any], kind: WorkloadKind
) -> list[tuple[Awaited, str, dict[str, Any]]]:
    """Who among those waited for has to see what."""
    if event == LISTED:
        # What was deleted while no watch was open has no event of its own.
        known = [
            entry for entry in open_ones.values() if entry.kind is kind and content["scope"] in (None, entry.key[1])
        ]
        return [(entry, "DELETED", entry.workload) for entry in known if entry.uid not in content["uids"]]
    metadata = content["metadata"]
    found = open_ones.get((kind.kind, metadata["namespace"], metadata["name"]))
    return [(found, event, content)] if found else []


def _scope(entry: Awaited, versions: dict[tuple[str, str | None], str]) -> str | None:
    return None if (entry.kind.kind, None) in versions else entry.key[1]


def _watch(
    api: ClusterApi,
    kind: WorkloadKind,
    scope: str | None,
    version: str,
    deadline: float,
    clock: Callable[[], float],
    stop: threading.Event,
    events: Events,
) -> None:
    """Feed the events of one kind until told to stop, over lost connections and expired versions."""
    path = kind.collection(scope)
    while not stop.is_set() and clock() < deadline:
        try:
            seconds = max(1, min(WATCH_SECONDS, int(deadline - clock())))
            for event, workload in api.watch(path, version, seconds):
                version = workload["metadata"]["resourceVersion"]
                events.put((event, workload, kind))
                if stop.is_set():
                    return
        except ApiError as error:
            # Also a watch that was cut off: what was missed shows in the next LIST.
            if not isinstance(error, Expired):
                stop.wait(PAUSE_SECONDS)
            version = _relist(api, kind, scope, version, stop, events)


def _relist(
    api: ClusterApi, kind: WorkloadKind, scope: str | None, version: str, stop: threading.Event, events: Events
) -> str:
    try:
        workloads, version = api.list(kind.collection(scope))
    except ApiError:
        stop.wait(PAUSE_SECONDS)
        return version
    for workload in workloads:
        events.put(("MODIFIED", workload, kind))
    uids = {workload["metadata"]["uid"] for workload in workloads}
    events.put((LISTED, {"scope": scope, "uids": uids}, kind))
    return version
