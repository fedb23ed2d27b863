# SPDX-License-Identifier: Apache-2.0
"""What a deploy, or the status, has found out about the filter in each pod, and the tables made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .table import table


@dataclass(frozen=True)
class PodProof:
    proved: bool
    """Its own sidecar has shown that the revision runs in it."""
    rejected: int | None
    """Listeners that this sidecar refused."""
    revision: str
    """Ten hex digits."""
    sent: int

    @property
    def holds(self) -> bool:
        return self.proved and self.rejected == 0


@dataclass(frozen=True)
class PodLife:
    """What changes if a pod is replaced or one of its containers restarted."""

    uid: str
    started: str
    restarts: int


def of_file(content: Mapping[str, Any], revision: str) -> dict[str, PodProof]:
    """By namespace/pod, of a result file or a status file.

    :param revision: the one that the pods were asked for.
    """
    return {
        f"{entry['name']}/{pod['name']}": PodProof(
            pod["proof"] == "proved", pod["metrics"].get("rejected"), revision, pod["metrics"].get("sent", 0)
        )
        for cluster in content["clusters"]
        for entry in cluster["namespaces"]
        for owner in (entry, *entry.get("filters", ()))
        for pod in _pods(owner)
    }


def _pods(owner: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from owner.get("pods", ())
    for workload in owner.get("workloads", ()):
        yield from workload["pods"]


def sidecars(proofs: Mapping[str, PodProof]) -> list[str]:
    titles = ("sidecar of", "listeners rejected", "revision", "runs", "traces sent by then")
    return table(
        titles,
        [
            (pod, _number(proof.rejected), proof.revision, "yes" if proof.proved else "no", str(proof.sent))
            for pod, proof in proofs.items()
        ],
    )


def swapped(before: Mapping[str, PodProof], after: Mapping[str, PodProof], lives: Mapping[str, PodLife]) -> list[str]:
    titles = ("pod", "running since", "restarts", "rejected", "revision was", "revision is")
    return table(titles, [_swap(pod, before.get(pod), proof, lives[pod]) for pod, proof in after.items()])


def _swap(pod: str, before: PodProof | None, now: PodProof, life: PodLife) -> Sequence[str]:
    was = before.revision if before else "none"
    clock = life.started.removesuffix("Z").partition("T")[2]
    return pod, f"{clock} UTC", str(life.restarts), _number(now.rejected), was, now.revision


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
