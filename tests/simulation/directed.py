# SPDX-License-Identifier: Apache-2.0
"""Seeds that go where random ones seldom come: one fault, one place, and a task that gets there.

Random seeds come first; the directed ones after them take turns.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import OnFailure, ProofMode

from tests.simulation import steps
from tests.simulation.faults_of_wire import REQUEST_FAULTS
from tests.simulation.scenario import REVISIONS, Scenario
from tests.simulation.tasks import CONFIG_MAP, INLINE, Task

RANDOM_SEEDS = 18_000
# A filter that a sidecar does not load, and a patch back that is refused.
NOT_LOADED = "not loaded"
WRITES = (*steps.LOCKS, *steps.OBJECTS, *steps.DELETES, *steps.PATCHES, "read workload", "read object")
# Not sent again, so met once by a namespace; and what few tasks ask for.
ONCE, RARE = ("500", "slow"), ("read Lease", "replace EnvoyFilter", "replace Lease", "rehearse EnvoyFilter")
EDITS = ("volumes edited", "deleted", "restarted", "scaled", "namespace deleted")
OF_WORKLOADS = (*EDITS, "put back")
# When somebody has to come for it.
MOMENTS = {steps.UNDER_WAY: "before", steps.READING: "at once"}
OF_RUNS = ("our object meddled with", "lock taken", "killed", "stopped at once")


@dataclass(frozen=True)
class Direction:
    """`fault` meets the run at `place`, a request, or wherever it does."""

    fault: str
    place: str = ""

    @property
    def share(self) -> float:
        """Of the requests of that place."""
        return 1.0 if self.fault in ONCE else 0.5

    @property
    def moment(self) -> str:
        """Of those that a meddler has; empty: the seed's choice."""
        return MOMENTS.get(self.place, "")

    @property
    def also(self) -> tuple[str, ...]:
        """What else has to happen for the place to be reached."""
        needed = {"read Lease": ("lock taken",), "read workload": ("409 by an editor",)}
        needed |= {steps.GOING_BACK: ("never ready",), NOT_LOADED: ("webhook refuses",)}
        return needed.get(self.place, ("object there already",) if self.place == "read object" else ())

    def task(self, scenario: Scenario, rng: random.Random) -> tuple[list[Task], Task]:
        """What runs before, and the run that is to get there."""
        task = replace(scenario.task, dry_run=False, selector=(), max_in_flight=1, lock_seconds=60.0)
        first, second = REVISIONS[:2]
        every = Task((tuple(task.namespaces),), first, max_in_flight=50, ineligible=scenario.ineligible)
        if self.place == "replace EnvoyFilter":
            return [replace(every, delivery=INLINE)], replace(task, revision=second, delivery=INLINE)
        if self.place == "rehearse EnvoyFilter":
            ways = [CONFIG_MAP, INLINE]
            rng.shuffle(ways)
            return [replace(every, delivery=ways[0])], replace(task, revision=second, delivery=ways[1])
        if self.place == steps.READING:
            return [every], replace(task, revision=second, delivery=CONFIG_MAP)
        if self.place in (*steps.DELETES, "unpatch", "release fields") or (
            self.fault in OF_RUNS and rng.random() < 0.5
        ):
            return [every], replace(task, revision="", delivery=CONFIG_MAP)
        if self.place == "list former templates":
            # Three revisions are kept without being looked for.
            return [replace(every, revision=one) for one in REVISIONS], replace(task, revision=first)
        if self.place in (steps.GOING_BACK, NOT_LOADED):
            proof = ProofMode.OFF if self.place == steps.GOING_BACK else ProofMode.AUTO
            task = replace(task, max_in_flight=50, on_failure=OnFailure.ROLLBACK_WORKLOAD, proof=proof)
        return [], replace(task, revision=first, delivery=CONFIG_MAP)


def _directions() -> list[Direction]:
    found = []
    for fault in (one for one in REQUEST_FAULTS if one != "410 list"):
        for place in WRITES:
            found += [Direction(fault, place)] * (1 + (fault in ONCE) + 3 * (place in RARE))
    found += [Direction(one, "list former templates") for one in ("LIST forbidden", "LIST fails")] * 5
    found += [Direction("429", "read Lease")] * 2
    found += [Direction("500", place) for place in ("release fields", "read workload", "read object")]
    found += [Direction("webhook refuses", "replace EnvoyFilter")] * 7
    found += [Direction("put back", steps.GOING_BACK)] * 4 + [Direction("sidecar rejects", NOT_LOADED)] * 10
    found += [Direction(one, steps.UNDER_WAY) for one in (*EDITS, "made anew", "scaled")]
    found += [Direction("our object meddled with", steps.READING)] + [Direction("put back")] * 6
    found += [Direction(one) for one in (*OF_WORKLOADS, *OF_RUNS)] * 5
    return found + [Direction("scaled")] * 2


DIRECTIONS = _directions()


def of(seed: int) -> Direction | None:
    """None: a random one."""
    return None if seed < RANDOM_SEEDS else DIRECTIONS[(seed - RANDOM_SEEDS) % len(DIRECTIONS)]
