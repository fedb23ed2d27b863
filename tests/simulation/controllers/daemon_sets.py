# SPDX-License-Identifier: Apache-2.0
"""The controller of DaemonSets, as in pkg/controller/daemon of Kubernetes, without surge."""

from __future__ import annotations

from tests.simulation.controllers.base import Owned, ready, share
from tests.simulation.controllers.stateful_sets import HASH, Revisions
from tests.simulation.store import Store
from tests.simulation.values import Object, at


class DaemonSets(Revisions):
    """A pod on each of `nodes`."""

    def __init__(self, store: Store, owned: Owned, nodes: int = 2) -> None:
        super().__init__(store, owned)
        self.nodes = [f"node-{number}" for number in range(nodes)]
        self._made = 0

    def sync(self, workload: Object) -> float | None:
        newest = self.newest(workload)
        digest = newest["metadata"]["labels"][HASH]
        acted = self._manage(workload, digest) or self._roll(workload, digest)
        wrote = self._status(workload, digest)
        return 0.0 if acted or wrote else None

    def _pods(self, workload: Object) -> dict[str, Object]:
        return {pod["spec"]["nodeName"]: pod for pod in self.owned.of(workload, "Pod")}

    def _manage(self, workload: Object, digest: str) -> bool:
        pods = self._pods(workload)
        missing = [node for node in self.nodes if node not in pods]
        for node in missing:
            self._made += 1
            name = f"{workload['metadata']['name']}-{self._made}"
            self.create_pod(workload, name, workload["spec"]["template"], node=node, **{HASH: digest})
        return bool(missing)

    def _roll(self, workload: Object, digest: str) -> bool:
        strategy = workload["spec"]["updateStrategy"]
        if strategy.get("type") == "OnDelete":
            return False
        pods = self._pods(workload).values()
        most = max(1, share(at(strategy, "rollingUpdate", "maxUnavailable"), len(self.nodes), up=True))
        olds = [pod for pod in pods if pod["metadata"]["labels"][HASH] != digest]
        ill = [pod for pod in olds if not ready(pod)]
        unavailable = sum(1 for pod in pods if not ready(pod))
        candidates = [pod for pod in olds if ready(pod)][: max(0, most - unavailable)]
        going = [pod for pod in [*ill, *candidates] if not pod["metadata"].get("deletionTimestamp")]
        for pod in going:
            self.remove(pod)
        return bool(going)

    def _status(self, workload: Object, digest: str) -> bool:
        pods = self._pods(workload).values()
        ready_ones = sum(1 for pod in pods if ready(pod))
        status = {
            "observedGeneration": workload["metadata"]["generation"],
            "desiredNumberScheduled": len(self.nodes),
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "numberReady": ready_ones,
            "numberAvailable": ready_ones,
            "numberUnavailable": len(self.nodes) - ready_ones,
            "updatedNumberScheduled": sum(1 for pod in pods if pod["metadata"]["labels"][HASH] == digest),
        }
        return self.write_status(workload, status)
