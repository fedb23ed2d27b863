# SPDX-License-Identifier: Apache-2.0
"""What is played: of a seed alone, so that it can be played again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.faults.troubles import Moment

CONFIG_MAP, INLINE = "configmap", "inline"
DELIVERIES = (CONFIG_MAP, INLINE)
# How long a run goes on after its first write, on an idle machine.
WRITING_SECONDS = 4.0
# How many writes a run has, about: what of it is later kills nothing, and is told.
WRITES = 14
# Of a workload; what can't come up is mostly given up before.
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Step:
    """One run. `bodies`: of two values there are two revisions."""

    playbook: str
    delivery: str = CONFIG_MAP
    bodies: str = "on"

    @property
    def variables(self) -> dict[str, Any]:
        if self.playbook == "remove":
            return {}
        return {
            "wasm_filter_timeout": TIMEOUT_SECONDS,
            "wasm_filter_delivery": self.delivery,
            "wasm_filter_bodies": self.bodies,
            # KWOK's pods have no sidecar that answers.
            "wasm_filter_proof": "off",
            "wasm_filter_on_failure": "auto",
        }

    def __str__(self) -> str:
        return self.playbook if self.playbook == "remove" else f"deploy ({self.delivery}, bodies {self.bodies})"


REMOVE = Step("remove")


@dataclass(frozen=True)
class Kill:
    """About the n-th write, or some seconds after the first."""

    number: int
    moment: Moment
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.seconds:
            return f"killed {self.seconds:.2f} s after its first write"
        return f"killed {self.moment.value} write {self.number}"


@dataclass(frozen=True)
class Story:
    """`quota`: so many pods less than there are may be in one namespace, so the deploy fails there and goes back.

    `waits`: what the killed run has locked is left to expire, which takes half a minute.
    """

    seed: int
    namespaces: int
    before: Step | None
    step: Step
    quota: int | None
    kill: Kill
    waits: bool

    def __str__(self) -> str:
        first = f"{self.before}, then " if self.before else ""
        fails = "" if self.quota is None else f" with a quota that lacks {self.quota} pods"
        return f"{first}{self.step}{fails}, {self.kill}{'' if self.waits else ', lock taken away'}"


def draw(seed: int, quick: bool = False) -> Story:
    """:param quick: of two minutes at most."""
    rng = random.Random(f"story {seed}")
    # One after the other, so that few seeds have them all.
    kind = ("deploy", "remove", "deploy", "rollback")[seed % 4]
    deployed_before = kind == "remove" or rng.random() < 0.5
    before = Step("deploy", rng.choice(DELIVERIES), "on") if deployed_before else None
    if kind == "remove":
        step = REMOVE
    else:
        # With inline nothing is rolled, so nothing fails of a quota.
        step = Step("deploy", CONFIG_MAP if kind == "rollback" else rng.choice(DELIVERIES), "off")
    number, moment = rng.randint(1, WRITES), rng.choice(list(Moment))
    kill = Kill(number, moment)
    if rng.random() < 0.4:
        kill = Kill(1, Moment.AFTER, rng.uniform(0.01, WRITING_SECONDS))
    waits = rng.random() < 0.5
    namespaces = rng.randint(1, 2)
    quota = rng.choice((0, 1, 100)) if kind == "rollback" else None
    return Story(seed, namespaces, before, step, quota, kill, waits and not quick)
