# SPDX-License-Identifier: Apache-2.0
"""Which fault was met where: each combination that can occur has to have been met often enough."""

from __future__ import annotations

from collections import Counter

from tests.simulation import steps
from tests.simulation.faults_of_wire import REQUEST_FAULTS, WATCH_FAULTS

ENOUGH = 100
# A workload that is on its way back, or was.
BACK = (steps.GOING_BACK,)
# Why workloads were taken back, and could not be.
REASONS = (
    *("rollout_failed", "rollout_timeout", "changed_by_admission", "wave_failed"),
    *("no_sidecar", "not_loaded", "not_running"),
)
WORKLOAD = (steps.BEFORE, steps.UNDER_WAY, steps.ROLLING, steps.ROLLED)
RUN = (steps.READING, steps.CHANGING, steps.ENDING, steps.RUN_BACK)
# What a killed run had sent may arrive when the next one has not begun with the workload; too seldom to be counted on.
SELDOM = {(fault, place) for fault in ("never ready", "webhook refuses", "webhook drops") for place in WORKLOAD}
# A first stop while a Lease is being created waits for its answer; then a second one can come.
SELDOM.add(("stopped at once", steps.READING))
# What did not get a filter, and had none, needs nothing to go back.
# Only some runs go back, and for a moment: a tenth is enough.
WENT = ("rolled_back", "rollback_failed")
ON_THE_WAY_BACK = (steps.GOING_BACK, steps.RUN_BACK, steps.PATCH_BACK, steps.UNDO)
SELDOM |= {(one, reason) for one in WENT for reason in ("wrong_revision", "no_mount")}
# A watch is open while pods are replaced.
WATCH = "watch"
Cell = tuple[str, str]


def expected() -> dict[str, tuple[str, ...]]:
    """Fault -> where it can be met."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(REQUEST_FAULTS, steps.REQUESTS)
    found["410 list"] = steps.LISTS
    found |= dict.fromkeys(WATCH_FAULTS, (WATCH,))
    found |= {
        "409 by an editor": (steps.UNDER_WAY, *BACK),
        "volumes edited": WORKLOAD + BACK,
        "put back": (steps.ROLLING, steps.ROLLED, *BACK),
        "deleted": WORKLOAD + BACK,
        "made anew": WORKLOAD + BACK,
        "restarted": WORKLOAD + BACK,
        "scaled": WORKLOAD + BACK,
        "never ready": (steps.ROLLING,),
        "namespace deleted": WORKLOAD + BACK,
        "webhook refuses": (steps.UNDER_WAY, *BACK, "create ConfigMap", "create EnvoyFilter", "replace EnvoyFilter"),
        "object there already": ("create ConfigMap", "create EnvoyFilter"),
        "webhook drops": (steps.UNDER_WAY, *BACK),
        "LIST forbidden": steps.LISTS[1:],
        "LIST fails": steps.LISTS[1:],
        "kind not served": ("list workloads",),
    }
    pages = ("pages silent", "pages forbidden", "pod evicted", "EnvoyFilter deleted", "filter traps", "sidecar rejects")
    found |= dict.fromkeys(pages, (steps.PAGE,)) | {"no injection": (steps.ROLLING,)}
    found |= dict.fromkeys(("created", "our object meddled with", "lock taken", "killed", "stopped"), RUN)
    # Where nothing is being changed the first stop is the last.
    found["stopped at once"] = (steps.CHANGING, steps.ENDING, steps.RUN_BACK)
    found |= dict.fromkeys(WENT, REASONS)
    return found


def gaps(met: Counter[Cell], enough: int = ENOUGH) -> list[str]:
    """What was met too seldom."""
    return [
        f"{fault} at {place!r}: {met[fault, place]} times"
        for fault, places in expected().items()
        for place in places
        if met[fault, place] < (enough // 10 or 1 if fault in WENT or place in ON_THE_WAY_BACK else enough)
    ]


def table(met: Counter[Cell]) -> str:
    """A line for each fault; `-` where it can't be met."""
    lines = []
    for fault, places in expected().items():
        counts = ", ".join(f"{place} {met[fault, place]:,}" for place in places)
        lines.append(f"  {fault:24} {counts}")
    return "\n".join(lines)
