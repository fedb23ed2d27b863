# SPDX-License-Identifier: Apache-2.0
"""Faults between the loop and the API server: each has its own share of the requests."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb

from tests.simulation.wire import Fate, Wire

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

WRITES = (Verb.CREATE, Verb.APPLY, Verb.REPLACE, Verb.MERGE_PATCH, Verb.DELETE)
REQUEST_FAULTS = ("429", "500", "503", "answer lost", "never arrived", "slow", "410 list")
WATCH_FAULTS = ("410 watch", "watch cut", "short watches")


class FaultyWire(Wire):
    """`shares`: of each fault, how many of the requests (or watch events) it hits. `aims`: only those for that."""

    def __init__(
        self,
        simulation: Simulation,
        rng: random.Random,
        shares: dict[str, float] | None = None,
        aims: dict[str, str] | None = None,
    ) -> None:
        super().__init__(rng)
        self._simulation, self.shares, self._aims = simulation, shares or {}, aims or {}

    def _hit(self, fault: str) -> bool:
        share = self.shares.get(fault)
        return share is not None and self.rng.random() < share

    def fate(self, request: Request) -> Fate:
        fate = super().fate(request)
        for fault in REQUEST_FAULTS:
            aim = self._aims.get(fault)
            if (aim is None or aim == self._simulation.going_back.step_of_request(request)) and self._hit(fault):
                struck = _struck(fate, fault, request, self.rng)
                if struck is not None:
                    self._simulation.meet_request(fault, request)
                    return struck
        return fate

    def watch_seconds(self) -> float:
        if self._hit("short watches"):
            self._simulation.meet("short watches", step="watch")
            return self.rng.uniform(0.5, 5.0)
        return 60.0

    def watch_error(self, path: str) -> ApiError | None:
        if self._hit("410 watch"):
            self._simulation.meet("410 watch", step="watch")
            return api_error(f"watch {path}", 410, "too old resource version")
        return None

    def watch_is_cut(self) -> ApiError | None:
        if self._hit("watch cut"):
            self._simulation.meet("watch cut", step="watch")
            return api_error("watch", 0, "connection reset by peer")
        return None

    def orphan_arrives(self) -> bool:
        return self.rng.random() < 0.5


def _struck(fate: Fate, fault: str, request: Request, rng: random.Random) -> Fate | None:
    """The fate of a request under a fault; None: it can't be hit by it."""
    action = f"{request.verb} {request.path}"
    if fault == "429":
        pause = rng.choice((0.0, 1.0, 3.0))
        return replace(fate, turned_away=api_error(action, 429, "too many requests", pause))
    if fault == "500":
        return replace(fate, turned_away=api_error(action, 500, "internal error"))
    if fault == "503":
        status = rng.choice((502, 503, 504))
        return replace(fate, turned_away=api_error(action, status, "not now"))
    if fault == "answer lost":
        return replace(fate, lost=api_error(action, 0, "connection reset by peer"))
    if fault == "never arrived":
        return replace(fate, arrives=False, lost=api_error(action, 0, "connection refused"))
    if fault == "slow":
        return replace(fate, there=rng.uniform(0.5, 6.0), back=rng.uniform(0.05, 6.0))
    if request.verb == Verb.LIST:
        return replace(fate, turned_away=api_error(action, 410, "the continue parameter is too old"))
    return None
