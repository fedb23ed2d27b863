# SPDX-License-Identifier: Apache-2.0
"""Ways to an API server on which things happen to some requests."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    ApiError,
    Expired,
    Unreachable,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Request

from tests.simulation.wire import Fate, Wire


class Selective(Wire):
    """What happens to requests whose "VERB path" matches happens `times` times."""

    def __init__(self, pattern: str, times: int = 1_000_000) -> None:
        super().__init__(random.Random(4))
        self._pattern, self.times = pattern, times

    def fate(self, request: Request) -> Fate:
        usual = super().fate(request)
        if not self.times or not re.search(self._pattern, f"{request.verb} {request.path}"):
            return usual
        self.times -= 1
        return self.special(usual)

    def special(self, usual: Fate) -> Fate:
        raise NotImplementedError


class Slow(Selective):
    """They take a long way to the server."""

    def __init__(self, pattern: str, seconds: float) -> None:
        super().__init__(pattern)
        self._there = seconds

    def special(self, usual: Fate) -> Fate:
        return replace(usual, there=self._there)


class Losing(Selective):
    """They arrive, or not, and are never answered."""

    def __init__(self, pattern: str, times: int = 1_000_000, arrives: bool = True) -> None:
        super().__init__(pattern, times)
        self._arrives = arrives

    def special(self, usual: Fate) -> Fate:
        return replace(usual, lost=Unreachable("send", 0, "connection reset"), arrives=self._arrives)


class TurningAway(Selective):
    """They don't get to the server: who stands before it answers."""

    def __init__(self, pattern: str, error: ApiError, times: int = 1_000_000) -> None:
        super().__init__(pattern, times)
        self._error = error

    def special(self, usual: Fate) -> Fate:
        return replace(usual, turned_away=self._error)


class Unwatched(Wire):
    """No watch can be opened."""

    def __init__(self) -> None:
        super().__init__(random.Random(4))

    def watch_error(self, path: str) -> ApiError | None:
        return Unreachable(f"watch {path}", 0, "connection reset")


class Expiring(Wire):
    """The first watch of a path that matches is too old; `expired`: its path, once there was one."""

    def __init__(self, pattern: str) -> None:
        super().__init__(random.Random(4))
        self._pattern, self.expired = pattern, ""

    def watch_error(self, path: str) -> ApiError | None:
        if self.expired or not re.search(self._pattern, path):
            return None
        self.expired = path
        return Expired(f"watch {path}", 410, "too old resource version")
