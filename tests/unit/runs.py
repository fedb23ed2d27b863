# SPDX-License-Identifier: Apache-2.0
"""Whole runs against a simulated cluster."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop

from tests.simulation.api_server import ApiServer
from tests.simulation.controllers.cluster import Cluster, always
from tests.simulation.executor import SimulatedExecutor
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.values import Object
from tests.simulation.wire import Wire
from tests.unit.faults import Fault
from tests.unit.objects import MOUNT, NAMES, VOLUME, delivery, namespace, workload

THEIRS = {VOLUME: '[ {"name": "theirs", "emptyDir": {}} ]', MOUNT: '{"theirs": {"mountPath": "/theirs"}}'}


# Of virtual time.
LONGEST_SECONDS = 3 * 3600.0


def _end(machine: Run) -> None:
    assert machine.finished, "the run does not end"


class Simulated:
    """A server with its controllers, and runs against it. `executor`: that of the last run."""

    def __init__(
        self,
        *objects: Object,
        dry_run: bool = False,
        controllers: bool = True,
        healthy: Callable[[Object], bool] = always,
    ) -> None:
        self.server = ApiServer(*objects, dry_run=dry_run)
        self.executor: SimulatedExecutor
        self.wire = Wire(random.Random(1))
        if controllers:
            self.controllers = Cluster(self.server, random.Random(2), healthy)
            self.server.clock.run(30)
            self.server.requests.clear()

    def run(
        self,
        operation: Operation,
        *waves: list[str],
        ineligible: dict[str, tuple[str, str]] | None = None,
        before: Callable[[SimulatedExecutor], None] = lambda _executor: None,
        **settings: Any,
    ) -> dict[str, NamespaceVerdict]:
        machine = Run(operation, waves, ineligible or {}, Settings(dry_run=self.server.dry_run, **settings))
        self.executor = SimulatedExecutor(self.server, self.wire)
        before(self.executor)
        self.server.clock.after(LONGEST_SECONDS, partial(_end, machine))
        loop.run(machine, self.executor)
        verdicts = machine.verdicts()
        assert [found.name for found in verdicts] == [name for wave in waves for name in wave]
        return {found.name: found for found in verdicts}

    def deploy(
        self, *namespaces: str, operation: Operation | None = None, **options: Any
    ) -> dict[str, NamespaceVerdict]:
        return self.run(operation or delivery(), list(namespaces), **options)

    def remove(self, *namespaces: str, **options: Any) -> dict[str, NamespaceVerdict]:
        return self.run(Removal(NAMES), list(namespaces), **options)

    def refuse(
        self, pattern: str, status: int | None, times: int = 1_000_000, meanwhile: Callable[[], object] | None = None
    ) -> None:
        """See Fault."""
        self.server.gates.append(Fault(pattern, status, times, meanwhile))

    def edit(self, kind: str, namespace: str, name: str, patch: Object, manager: str = "somebody") -> None:
        """Somebody else's write: a JSON merge patch."""
        self.server.merge_patch(RESOURCES[kind].path(namespace, name), patch, manager)

    def held(self, kind: str, namespace: str, name: str) -> Object:
        """The object as it is stored; it must exist."""
        found = self.server.store.get(Place(RESOURCES[kind], namespace, name))
        assert found is not None
        return found

    def template(self, namespace: str, kind: str = "Deployment", name: str = "web") -> Object:
        found: Object = self.held(kind, namespace, name)["spec"]["template"]["metadata"]
        return found

    def names(self, kind: str, namespace: str) -> list[str]:
        return sorted(one["metadata"]["name"] for one in self.server.store.collection(RESOURCES[kind], namespace))

    @property
    def told(self) -> list[tuple[str, str, bool]]:
        """Lines of progress of the last run."""
        return [(one.namespace, one.text, one.step) for one in self.executor.told]

    @property
    def writes(self) -> list[str]:
        """What changes something, or would in check mode; not what is only tried, nor the lock."""
        asked = [one for one in self.server.requests if not one.startswith(("GET ", "LIST ", "WATCH ", "REHEARSE "))]
        return [one for one in asked if "/leases" not in one]

    @property
    def leases(self) -> list[str]:
        """The verbs of requests about Leases."""
        return [one.partition(" ")[0] for one in self.server.requests if "/leases" in one]


def cluster(*namespaces: str, **options: Any) -> Simulated:
    """Two workloads in each namespace."""
    objects = [namespace(name) for name in namespaces]
    for name in namespaces:
        objects += [workload(name, "web", annotations=dict(THEIRS)), workload(name, "data", kind="StatefulSet")]
    return Simulated(*objects, **options)
