# SPDX-License-Identifier: Apache-2.0
"""What the coordinator tells a machine: events, with the request they answer in place of a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from ..domain.errors import ApiError
from ..domain.outcome import Reason
from ..kinds.base import Object
from .commands import Request


@dataclass(frozen=True)
class Reply:
    """The answer to a request of this machine. `resent`: it was sent before, and may have been done then."""

    request: Request
    answer: Any
    resent: bool = False


@dataclass(frozen=True)
class Refusal:
    """A request of this machine was refused, or not answered before its deadline."""

    request: Request
    error: ApiError
    resent: bool = False


@dataclass(frozen=True)
class Granted:
    """A workload may be changed now."""


@dataclass(frozen=True)
class Seen:
    """What a watch or a LIST has of the workload of this name. None: there is none of it any more."""

    object: Object | None


@dataclass(frozen=True)
class Compared:
    """The same, read after everything was done: what is said at the end is held against it."""

    object: Object | None


@dataclass(frozen=True)
class Looked:
    """All pods of the namespace, and the Warning events in it. None: they could not be read."""

    pods: list[Object] | None
    warnings: list[Object]


@dataclass(frozen=True)
class Woken:
    """The time that was asked for has come."""


@dataclass(frozen=True)
class Stopped:
    """It is to end: begin nothing more, and say how far it has come. `what`: what has happened, for people."""

    reason: Reason = Reason.STOPPED
    what: str = "the run was stopped"

    @property
    def message(self) -> str:
        """Of what was not begun because of it."""
        return f"{self.what} before it was begun" if self.reason != Reason.WAVE_FAILED else self.what


Message: TypeAlias = "Reply | Refusal | Granted | Seen | Compared | Looked | Woken | Stopped"
