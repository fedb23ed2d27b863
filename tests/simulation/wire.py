# SPDX-License-Identifier: Apache-2.0
"""What is between the loop and the API server: how long things take, and what gets lost."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.slim import slim
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request, Verb

from tests.simulation.api_server import ApiServer
from tests.simulation.values import Object

# Who deletes what the loop asks to be deleted: a DELETE names no field manager.
OURS = "the run"


@dataclass(frozen=True)
class Fate:
    """What becomes of one request.

    `there`, `back`: seconds on the way. `turned_away`: answered by whoever stands before the API server.
    `lost`: no answer comes; `arrives`: the API server gets it all the same.
    """

    there: float
    back: float
    turned_away: ApiError | None = None
    lost: ApiError | None = None
    arrives: bool = True


class Wire:
    """Nothing gets lost; each way takes a random time."""

    def __init__(self, rng: random.Random, seconds: tuple[float, float] = (0.001, 0.05)) -> None:
        self.rng, self._seconds = rng, seconds

    def latency(self) -> float:
        low, high = self._seconds
        return low + (high - low) * self.rng.random()

    def fate(self, request: Request) -> Fate:
        return Fate(self.latency(), self.latency())

    def watch_seconds(self) -> float:
        """How long a watch stays open."""
        return 60.0

    def watch_error(self, path: str) -> ApiError | None:
        """What a watch is refused with."""
        return None

    def orphan_arrives(self) -> bool:
        """Whether a request that is under way when its sender dies gets there."""
        return True

    def watch_is_cut(self) -> ApiError | None:
        """What a watch ends with when it would go on."""
        return None


def perform(server: ApiServer, request: Request) -> object:
    """The answer of the API server; raises its refusal."""
    path, body, manager, rehearsal = request.path, request.body or {}, request.manager, request.rehearsal
    if request.verb == Verb.GET:
        return server.get(path)
    if request.verb == Verb.GET_TEXT:
        return server.get_text(path)
    if request.verb == Verb.LIST:
        kept = slim if request.slim else None
        return server.list(path, request.label_selector, request.metadata_only, request.field_selector, kept)
    if request.verb == Verb.DELETE:
        return server.delete(path, body.get("preconditions"), rehearsal, by=OURS)
    write = {
        Verb.CREATE: server.create,
        Verb.APPLY: server.apply,
        Verb.REPLACE: server.replace,
        Verb.MERGE_PATCH: server.merge_patch,
    }[request.verb]
    answer: Object = write(path, body, manager, rehearsal)
    return slim(answer) if request.slim else answer
