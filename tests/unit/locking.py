# SPDX-License-Identifier: Apache-2.0
"""Locks: one by hand, on a simulated server where time goes on only as a test says; and those of somebody else."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import lease, lock
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Send, WakeAt
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lease import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lock import LockState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.messages import Refusal, Woken

from tests.simulation.api_server import ApiServer
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.driving import answer
from tests.unit.objects import NAMES
from tests.unit.runs import Simulated

PATH = lease.path(NAMES, "shop")
PLACE = Place(RESOURCES["Lease"], "shop", NAMES.lease)


class Locked:
    """A lock of `shop`. `asked`: its requests so far. `refuse`: what becomes of one instead of being carried out."""

    def __init__(self, server: ApiServer | None = None, **terms: object) -> None:
        self.server = server or ApiServer(objects.namespace("shop"))
        self.now = 0.0
        self.asked: list[str] = []
        self.refuse: Callable[[Request], ApiError | None] = lambda _request: None
        self.state: LockState
        self._wakes: list[float] = []
        self._do(lock.begin(NAMES, "shop", Terms("me", **terms), 0.0))  # type: ignore[arg-type]

    def _do(self, step: lock.Step) -> None:
        self.state, commands = step
        for command in commands:
            if isinstance(command, WakeAt):
                self._wakes.append(command.at)
            else:
                self._sent(command)

    def _sent(self, send: Send) -> None:
        self.asked.append(str(send.request.verb))
        error = self.refuse(send.request)
        message = Refusal(send.request, error) if error else answer(self.server, send.request)
        self._do(lock.advance(self.state, message, self.now))

    def until(self, time: float) -> None:
        """With all that is due by then."""
        while (due := min(self._wakes, default=time + 1)) <= time:
            self._wakes.remove(due)
            self.now = max(self.now, due)
            self._do(lock.advance(self.state, Woken(), self.now))
        self.now = time

    def release(self) -> None:
        self._do(lock.release(self.state, self.now))

    @property
    def held(self) -> bool:
        return lock.held(self.state, self.now)

    @property
    def lease(self) -> Object | None:
        return self.server.store.get(PLACE)


def with_theirs(**spec: object) -> ApiServer:
    """Another run has it."""
    entry = lease.new(NAMES, "shop", Terms("somebody"), 0.0)
    return ApiServer(objects.namespace("shop"), {**entry, "spec": {**entry["spec"], **spec}})


def touch(server: ApiServer) -> None:
    """Its holder renews it."""
    found = server.store.get(PLACE)
    assert found is not None
    server.store.put(found, "somebody")


def lost(request: Request) -> ApiError | None:
    return api_error(str(request.verb), 0, "connection reset")


def lock_of(namespace: str) -> Place:
    return Place(RESOURCES["Lease"], namespace, NAMES.lease)


def locked(found: Simulated, namespace: str, seconds: float = float("inf"), **spec: object) -> None:
    """Somebody has it, for so long; and renews it all that time."""
    clock, store = found.server.clock, found.server.store
    entry = lease.new(NAMES, namespace, Terms("alice@host", epoch=1_800_000_000.0), 0.0)
    found.server.seed({**entry, "spec": {**entry["spec"], **spec}})
    end = clock.now + seconds

    def renew() -> None:
        held = store.get(lock_of(namespace))
        if held is None or lease.holder(held) != "alice@host":
            return
        if clock.now >= end:
            store.remove(lock_of(namespace), "alice")
            return
        store.put(held, "alice")
        clock.at(min(end, clock.now + 10), renew)

    if spec.get("leaseDurationSeconds") is None:
        renew()


def leases(found: Simulated) -> list[str]:
    return [name for namespace in ("shop", "pay") for name in found.names("Lease", namespace)]
