"""What a sidecar's Prometheus page says about the filter in it, and the tables made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .table import table

REJECTED = "envoy_listener_manager_lds_update_rejected"
REVISION = "wasmcustom_trace_revision"
SENT = "wasmcustom_trace_sent"
_SAMPLE = re.compile(r"^(\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class PodProof:
    rejected: int | None
    """Listeners that this sidecar refused."""
    revision: str | None
    """What runs in it: ten hex digits."""
    sent: int

    @property
    def holds(self) -> bool:
        return self.rejected == 0 and self.revision is not None


@dataclass(frozen=True)
class PodLife:
    """What changes if a pod is replaced or one of its containers restarted."""

    uid: str
    started: str
    restarts: int


def read(page: str) -> PodProof:
    values: dict[str, float] = {}
    for name, value in _SAMPLE.findall(page):
        if name in (REJECTED, SENT):
            # Old and new filter stand side by side while connections drain.
            values[name] = values.get(name, 0.0) + float(value)
        elif name == REVISION:
            values[name] = float(value)
    rejected, revision = values.get(REJECTED), values.get(REVISION)
    return PodProof(
        rejected=None if rejected is None else int(rejected),
        revision=None if not revision else f"{int(revision):010x}",
        sent=int(values.get(SENT, 0)),
    )


def sidecars(proofs: Mapping[str, PodProof]) -> list[str]:
    titles = ("sidecar of", "listeners rejected", "revision", "traces sent")
    return table(
        titles,
        [(pod, _number(proof.rejected), proof.revision or "none", str(proof.sent)) for pod, proof in proofs.items()],
    )


def swapped(before: Mapping[str, PodProof], after: Mapping[str, PodProof], lives: Mapping[str, PodLife]) -> list[str]:
    titles = ("pod", "running since", "restarts", "rejected", "revision was", "revision is")
    return table(titles, [_swap(pod, before.get(pod), proof, lives[pod]) for pod, proof in after.items()])


def _swap(pod: str, before: PodProof | None, now: PodProof, life: PodLife) -> Sequence[str]:
    was = (before.revision if before else None) or "none"
    clock = life.started.removesuffix("Z").partition("T")[2]
    return pod, f"{clock} UTC", str(life.restarts), _number(now.rejected), was, now.revision or "none"


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
