# SPDX-License-Identifier: Apache-2.0
"""What the machines are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ..domain.errors import ApiError

# From the executor to the coordinator.


@dataclass(frozen=True)
class Answered:
    """The answer to `Dispatch` `token`; its form is that of the verb."""

    token: int
    answer: Any


@dataclass(frozen=True)
class Failed:
    """`Dispatch` `token` was refused, or not answered (`Unreachable`: it may have been done all the same)."""

    token: int
    error: ApiError


@dataclass(frozen=True)
class WatchEvent:
    """`type`: ADDED, MODIFIED, DELETED or BOOKMARK."""

    token: int
    type: str
    object: dict[str, Any]


@dataclass(frozen=True)
class WatchClosed:
    """No more events of that watch: `error` is None where its time was over, `Expired` where its version is too old."""

    token: int
    error: ApiError | None = None


@dataclass(frozen=True)
class TimerFired:
    """It is as late as `SetTimer` said, or later."""

    token: int


@dataclass(frozen=True)
class Stop:
    """Somebody wants the run to end: nothing new is begun, verdicts for all; `urgent`: at once."""

    urgent: bool = False


Event: TypeAlias = "Answered | Failed | WatchEvent | WatchClosed | TimerFired | Stop"
