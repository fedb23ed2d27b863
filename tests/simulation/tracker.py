# SPDX-License-Identifier: Apache-2.0
"""Whose pods are being replaced because of a run, from what happens in the cluster alone."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation import truth
from tests.simulation.controllers.base import Owned
from tests.simulation.resources import Place
from tests.simulation.store import Change, Store
from tests.simulation.values import Object, at

TIMED_OUT = "ProgressDeadlineExceeded"
# As docs/decisions/when-a-rollout-is-given-up.md has it: two looks, ten seconds apart, after ten without a move.
CRASHING_SECONDS = 20.0


@dataclass
class Watched:
    """What a run must keep to: `limit` of workloads at a time, each `timeout` seconds at most.

    `passed_over`: namespaces of which it learns nothing.
    """

    filter_name: str
    revision: str
    limit: int
    timeout: float
    passed_over: frozenset[str] = frozenset()
    goes_back: bool = False


class Tracker:
    """`moving`: uid -> (where, since when). `most`: how many at a time. `rolled_at`: uid -> when its pods were done.

    `left`: by an earlier run. Of these it is enough that all pods are new, as a run does not wait for what it has not
    changed and may be ill.
    """

    def __init__(self, store: Store, owned: Owned, nodes: int) -> None:
        self.store, self.owned, self.nodes = store, owned, nodes
        self.watched = Watched("", "", 0, 0.0)
        self.moving: dict[str, tuple[Place, float]] = {}
        self.left: set[str] = set()
        self.rolled_at: dict[str, float] = {}
        self.most = 0
        store.listeners.append(self._changed)

    def begin(self, watched: Watched) -> None:
        """What an earlier run has left on the way to the same revision counts: a run can tell that."""
        self.watched, self.rolled_at = watched, {}
        self.moving = {uid: entry for uid, entry in self.moving.items() if self._known(uid, entry[0])}
        self._expire()
        self.left = set(self.moving)
        for uid, (place, _since) in list(self.moving.items()):
            self._look(uid, place)
        self.most = len(self.moving)

    def _known(self, uid: str, place: Place) -> bool:
        workload, watched = self.store.get(place), self.watched
        same = workload is not None and workload["metadata"]["uid"] == uid
        return bool(
            watched.revision
            and same
            and place.namespace not in watched.passed_over
            and truth.has_filter(workload or {}, watched.filter_name, watched.revision)
        )

    def _changed(self, change: Change) -> None:
        kind = change.place.resource.kind
        if kind == "Pod":
            for uid, (place, _since) in list(self.moving.items()):
                if place.namespace == change.place.namespace:
                    self._look(uid, place)
        elif kind in truth.WORKLOADS:
            self._workload(change)

    def _workload(self, change: Change) -> None:
        uid = change.after["metadata"]["uid"]
        if change.type == "DELETED":
            self.moving.pop(uid, None)
            return
        before = change.before
        if before is not None and before["spec"] != change.after["spec"]:
            watched = self.watched
            ours = change.by == truth.manager(watched.filter_name) or uid in self.moving
            # From there on its pods come and go for another reason.
            ours = ours and before["spec"].get("replicas") == change.after["spec"].get("replicas")
            good = truth.has_filter(change.after, watched.filter_name, watched.revision)
            labels = [truth.label(entry, watched.filter_name) for entry in (before, change.after)]
            # What a policy has altered on its way is not waited for.
            whole = labels[1] == truth.mounted(change.after, watched.filter_name)
            back = (
                watched.goes_back
                and change.by == truth.manager(watched.filter_name)
                and labels[0] == watched.revision != labels[1]
                and whole
            )
            if back:
                # From anew: it has a time limit of its own.
                self.moving.pop(uid, None)
            # What somebody puts back on the way back ends the run's concern with it.
            theirs = change.by != truth.manager(watched.filter_name) and labels[0] != watched.revision == labels[1]
            if ours and (good or back) and not theirs and not truth.held(change.after):
                self._add(uid, change.place)
            else:
                self.moving.pop(uid, None)
        if uid in self.moving:
            if before is not None and _timed_out(change.after) and not _timed_out(before):
                del self.moving[uid]
            else:
                self._look(uid, change.place)

    def _add(self, uid: str, place: Place) -> None:
        self._expire()
        self.left.discard(uid)
        self.rolled_at.pop(uid, None)
        self.moving.setdefault(uid, (place, self.store.clock.now))
        self._look(uid, place)
        self.most = max(self.most, len(self.moving))

    def _look(self, uid: str, place: Place) -> None:
        workload = self.store.get(place)
        if workload is None or workload["metadata"]["uid"] != uid:
            self.moving.pop(uid, None)
        elif truth.rolled(self.owned, workload, self.nodes, ready_too=uid not in self.left):
            self.moving.pop(uid, None)
            self.rolled_at[uid] = self.store.clock.now

    def _expire(self) -> None:
        """A run gives up on what takes too long, and sooner on what crashes; and goes on."""
        now = self.store.clock.now
        self.moving = {
            uid: (place, since)
            for uid, (place, since) in self.moving.items()
            if since + (CRASHING_SECONDS if self._crashes(place) else self.watched.timeout) > now
        }

    def _crashes(self, place: Place) -> bool:
        workload = self.store.get(place)
        pods = truth.pods_of(self.owned, workload) if workload else []
        return any(at(one, "state", "waiting") for pod in pods for one in at(pod, "status", "containerStatuses") or ())


def _timed_out(workload: Object) -> bool:
    return any(one.get("reason") == TIMED_OUT for one in at(workload, "status", "conditions") or ())
