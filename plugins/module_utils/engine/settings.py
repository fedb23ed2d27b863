# SPDX-License-Identifier: Apache-2.0
"""How a run goes about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..domain.plan import IllBefore, OnFailure
from . import proving
from .lease import Terms


@dataclass(frozen=True)
class Settings:
    """How a run goes about it, see domain/plan.py. `dry_run`: every write is one, on the server."""

    timeout_seconds: float = 300.0
    max_in_flight: int = 50
    max_fail_percentage: int = 0
    dry_run: bool = False
    ill_before: IllBefore = IllBefore.SKIP
    lock: Terms = field(default_factory=Terms)
    proof: proving.Terms = field(default_factory=proving.Terms)
    on_failure: OnFailure = OnFailure.STOP
