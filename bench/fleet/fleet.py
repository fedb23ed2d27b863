# SPDX-License-Identifier: Apache-2.0
"""Namespaces full of Deployments whose pods are KWOK's, one each."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from testbed.kubernetes_api import Api, Object
from tests.cluster import manifests

THREADS = 16
LABEL = "bench/fleet"
DEPLOYMENTS = "/apis/apps/v1/deployments"
ROLLED_SECONDS = 1800.0
GONE_SECONDS = 600.0


class Fleet:
    """`workloads`: (namespace, name) of each."""

    def __init__(self, api: Api, namespaces: int, each: int) -> None:
        self.api = api
        self.id = uuid.uuid4().hex[:6]
        self.namespaces = [f"fleet-{self.id}-{number:03}" for number in range(namespaces)]
        self.workloads = [(name, f"web-{number}") for name in self.namespaces for number in range(each)]

    @property
    def names(self) -> str:
        """As the playbooks want them."""
        return ",".join(self.namespaces)

    def each(self, action: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> None:
        """In threads; the first failure is raised."""
        with ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(action, *given) for given in arguments]:
                done.result()

    def create(self) -> None:
        self.each(self._create_namespace, ((name,) for name in self.namespaces))
        self.wait_rolled(0, lambda: self.each(self._create_workload, self.workloads))

    def delete(self) -> None:
        self.each(lambda name: self.api.delete(f"/api/v1/namespaces/{name}"), ((name,) for name in self.namespaces))

    def wait_gone(self) -> None:
        """What is being deleted keeps controllers busy."""
        deadline = time.monotonic() + GONE_SECONDS
        while self.api.get(f"/api/v1/namespaces?labelSelector={LABEL}={self.id}")["items"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the namespaces of fleet {self.id} are not gone after {GONE_SECONDS:.0f} s")
            time.sleep(0.5)

    def wait_rolled(self, patches: int = 0, change: Callable[[], object] = lambda: None) -> None:
        """Make a change, and follow by one watch until all Deployments have rolled.

        :param patches: how often the change changes each template.
        """
        wanted: dict[tuple[str, str], int] = {}
        rolled: set[tuple[str, str]] = set()
        deadline = time.monotonic() + ROLLED_SECONDS
        with ThreadPoolExecutor(1) as pool:
            changing = None
            for kind, found in self.api.watch(DEPLOYMENTS, labelSelector=f"{LABEL}={self.id}"):
                for one in found["items"] if kind == "SYNC" else [found]:
                    key = (one["metadata"]["namespace"], one["metadata"]["name"])
                    generation = wanted.setdefault(key, one["metadata"]["generation"] + patches)
                    (rolled.add if has_rolled(one, generation) else rolled.discard)(key)
                if changing is None:
                    changing = pool.submit(change)
                if changing.done() and changing.exception():
                    break
                if len(rolled) == len(self.workloads):
                    break
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{len(rolled)} of {len(self.workloads)} Deployments have rolled, then none")
            if changing is not None:
                changing.result()

    def _create_namespace(self, name: str) -> None:
        body = manifests.namespace(name)
        body["metadata"]["labels"][LABEL] = self.id
        self.api.create("/api/v1/namespaces", body)

    def _create_workload(self, namespace: str, name: str) -> None:
        body = manifests.workload(namespace, name, pod=manifests.KWOK)
        body["metadata"]["labels"] = {LABEL: self.id}
        self.api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", body)


def has_rolled(deployment: Object, generation: int) -> bool:
    """As `kubectl rollout status` judges it."""
    status, replicas = deployment.get("status") or {}, deployment["spec"]["replicas"]
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    return bool(status.get("observedGeneration", 0) >= generation and all(count == replicas for count in counts))


@contextmanager
def created(api: Api, namespaces: int, each: int) -> Iterator[Fleet]:
    fleet = Fleet(api, namespaces, each)
    try:
        fleet.create()
        yield fleet
    finally:
        fleet.delete()
