# SPDX-License-Identifier: Apache-2.0
"""Pods that no workload of ours makes: of Jobs, bare ReplicaSets and the like, and bare ones. Pure."""

from __future__ import annotations

from ..domain.outcome import Outcome, Reason, WorkloadVerdict
from ..kinds.base import Object

# Set by the injector on every pod that it gives a sidecar.
INJECTED = "sidecar.istio.io/status"
WHY = {
    "Pod": "a bare pod can't be given a volume while it runs: delete it and create it anew, or use "
    "wasm_filter_delivery=inline",
    "Job": "a Job's pod template can't be changed: its next one has to carry the annotations itself, or use "
    "wasm_filter_delivery=inline",
}
WHY_OTHERS = "pods of a {kind} are not replaced when its template changes: use wasm_filter_delivery=inline"


def verdicts(pods: list[Object], handled: set[tuple[str, str]]) -> list[WorkloadVerdict]:
    """One for each owner of pods with a sidecar, and for each such pod without an owner.

    :param pods: their metadata.
    :param handled: (kind, name) of the workloads that are handled, so that their pods are not told of.
    """
    counts: dict[tuple[str, str], int] = {}
    for pod in pods:
        metadata = pod["metadata"]
        if INJECTED not in (metadata.get("annotations") or {}):
            continue
        owner = next((one for one in metadata.get("ownerReferences") or [] if one.get("controller")), None)
        key = (owner["kind"], owner["name"]) if owner else ("Pod", metadata["name"])
        if key not in handled and not _of_cron_job(key, handled):
            counts[key] = counts.get(key, 0) + 1
    return [
        WorkloadVerdict(
            kind,
            name,
            Outcome.SKIPPED,
            reason=Reason.KIND_NOT_HANDLED,
            message=WHY.get(kind, WHY_OTHERS.format(kind=kind)),
        )
        for kind, name in sorted(counts)
    ]


def _of_cron_job(key: tuple[str, str], handled: set[tuple[str, str]]) -> bool:
    """A CronJob's Jobs are named after it, with the time in minutes behind."""
    kind, name = key
    base, _dash, minutes = name.rpartition("-")
    return kind == "Job" and minutes.isdigit() and ("CronJob", base) in handled
