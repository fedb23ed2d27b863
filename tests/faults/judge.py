# SPDX-License-Identifier: Apache-2.0
"""Whether a verdict is true of what is there. From docs/verdicts.md, not from the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.faults.scene import NOT_INJECTED, State
from tests.faults.story import INLINE, Step

GOOD = ("unchanged", "deployed", "removed")
NONE = "none"
SLOT = "EnvoyFilter/trace-filter"


def lies(step: Step, entry: dict[str, Any], now: State) -> list[str]:
    """What a namespace's entry in the result file says, and is not so."""
    # Where nothing was to be done no lock was taken, so one of a run that was killed may be there still.
    found = [f"{now.leases} Leases are left"] if now.leases and entry["changed"] else []
    workloads = {f"{one['kind']}/{one['name']}": one for one in entry["workloads"]}
    if entry["verdict"] in GOOD:
        found += _removed(now) if step.playbook == "remove" else _deployed(step, now)
    for name, one in workloads.items():
        if step.playbook == "remove" or step.delivery == INLINE or name not in now.workloads:
            continue
        revision = now.revision(name) or NONE
        if one["verdict"] in ("unchanged", "deployed", "rolled_back") and one["to"] != revision:
            found.append(f"{name} is {one['verdict']} to {one['to']}, and has {revision}: {one['message']}")
        if one["verdict"] == "rolled_back" and one["from"] != revision:
            found.append(f"{name} is rolled back from {one['from']}, and has {revision}: {one['message']}")
    if entry["verdict"] == "rolled_back" and any(one["verdict"] == "failed" for one in workloads.values()):
        found.append("is rolled back, but some of its workloads failed")
    return found


def _deployed(step: Step, now: State) -> list[str]:
    """Objects of earlier revisions stay, for `kubectl rollout undo`; not EnvoyFilters of the other delivery."""
    filters = {name for name in now.ours if name.startswith("EnvoyFilter/")}
    if step.delivery == INLINE:
        # Templates keep what they have: nothing is rolled.
        return [] if filters == {SLOT} else [f"its EnvoyFilters are {sorted(filters)}"]
    revisions = {now.revision(name) for name in now.workloads if not name.endswith(f"/{NOT_INJECTED}")}
    (revision, *others) = revisions
    if others or not revision:
        return [f"its templates have revisions {sorted(revisions)}"]
    needed = {f"{SLOT}-{revision}", f"ConfigMap/wasm-filter-{revision}"}
    found = [] if needed <= set(now.ours) else [f"of {sorted(needed)} there is {sorted(now.ours)}"]
    return found + (["an EnvoyFilter of the other delivery is left"] if SLOT in filters else [])


def _removed(now: State) -> list[str]:
    labelled = [name for name in now.workloads if now.revision(name)]
    found = [f"left: {sorted(now.ours)}"] if now.ours else []
    return found + ([f"still with the filter: {labelled}"] if labelled else [])


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Which entries are not as they were."""
    return [
        f"{name} was {before.get(name)} and is {now.get(name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
