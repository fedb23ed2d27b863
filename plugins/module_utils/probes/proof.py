# SPDX-License-Identifier: Apache-2.0
"""Whether a pod's own sidecar shows that a revision runs in it. Pure.

A page alone proves little: Envoy's main thread sets the gauge of a revision in a trial, and where a slot is taken
away, machines of chains that drain keep gauge and heartbeat going for as long as they drain. So the heartbeat has to
go on from one sample to the next, both taken after what was to be done was done; and a revision that was there in
the first sample already, or may have been before what drained then, counts only when nothing drains any more. The
controller's clock is compared with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ..domain.outcome import Reason
from .sidecar_stats import SidecarStats


class Proof(str, Enum):
    """What is known of a revision in a pod."""

    __str__ = str.__str__

    PROVED = "proved"
    # It is known not to run.
    DISPROVED = "disproved"
    # Nothing is known: no answer, or none that tells.
    UNPROVED = "unproved"


@dataclass(frozen=True)
class PodProof:
    """The proof of one pod, with the figures it was judged by; without a name, of a namespace whose pods are unknown.

    `labels`: the pod's, which tell whose it is. `fails`: it fails its namespace.
    """

    name: str
    proof: Proof
    reason: str = ""
    message: str = ""
    metrics: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    fails: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As the result file has it."""
        return {
            "name": self.name,
            "proof": self.proof.value,
            "reason": str(self.reason),
            "message": self.message,
            "metrics": dict(self.metrics),
        }


@dataclass(frozen=True)
class Samples:
    """Of one pod. `fresh`: the pod is younger than what was to be done, so that nothing of before is in it.

    `beat`: the heartbeat that the next one is to be ahead of; None before the revision showed.
    `before`: the first sample had the revision and a heartbeat. `doubtful`: it had another one while filter chains
    drained, which may be of the revision, too. `since`, `until`: while the heartbeat was looked for.
    """

    revision: str
    fresh: bool
    last: SidecarStats | None = None
    error: str = ""
    beat: int | None = None
    beats: bool = False
    before: bool = False
    doubtful: bool = False
    since: float = 0.0
    until: float = 0.0

    def taken(self, stats: SidecarStats, now: float) -> Samples:
        """With another sample."""
        found = replace(self, last=stats, error="", until=now)
        if self.last is None:
            same = stats.revision == self.revision
            found = replace(found, before=same and stats.heartbeat > 0, doubtful=not same and stats.draining > 0)
        if stats.revision != self.revision:
            return replace(found, beat=None, beats=False)
        drained = self.last is not None and self.last.draining > 0
        if found.may_be_of_before and (drained or stats.draining):
            # What has beaten up to now may be machines of before: it has to go on without them.
            return replace(found, beat=stats.heartbeat, beats=False, since=now)
        if self.beat is None:
            # Where the revision came in between, its heartbeat began at 0.
            seen = stats.heartbeat if self.last is None else 0
            return replace(found, beat=seen, beats=stats.heartbeat > seen, since=now)
        return replace(found, beats=self.beats or stats.heartbeat > self.beat)

    def failed(self, error: str) -> Samples:
        """With a question that got no answer."""
        return replace(self, error=error)

    @property
    def drains(self) -> bool:
        """May machines of before be all that there is of the revision?"""
        return self.may_be_of_before and self.last is not None and self.last.draining > 0

    @property
    def may_be_of_before(self) -> bool:
        """May what beats be machines of before?"""
        beats = self.last is not None and self.last.heartbeat > 0
        return (self.before or (self.doubtful and beats)) and not self.fresh

    @property
    def proved(self) -> bool:
        """Is it proved by now?"""
        return self.beats and not self.drains and not self.error

    def judged(self, always_loaded: bool, seconds: float) -> tuple[Proof, str, str]:
        """Proof, reason and sentence, when there is no more time.

        :param seconds: no heartbeat in that time is none at all.
        """
        last = self.last
        if self.proved:
            return Proof.PROVED, "", ""
        if last is None or self.error:
            return Proof.UNPROVED, Reason.NO_ANSWER, f"its sidecar does not answer: {self.error or 'not asked yet'}"
        if last.revision != self.revision:
            return _other(last, always_loaded)
        if self.drains:
            said = f"the revision was there before, and {last.draining} filter chains of before still serve"
            return Proof.UNPROVED, Reason.DRAINING, said
        if self.until - self.since < seconds:
            said = f"the revision is loaded, and its heartbeat was looked for for {self.until - self.since:.0f} s only"
            return Proof.UNPROVED, Reason.NO_ANSWER, said
        return Proof.DISPROVED, Reason.NOT_RUNNING, "the revision was loaded and does not run: no heartbeat"


def _other(last: SidecarStats, always_loaded: bool) -> tuple[Proof, str, str]:
    rejected = f"; Envoy has rejected {last.rejected} configurations of listeners" if last.rejected else ""
    if last.revision:
        # The trial of a configuration that was rejected may have set the gauge: what runs is another one then.
        proof = Proof.UNPROVED if last.rejected else Proof.DISPROVED
        return proof, Reason.WRONG_REVISION, f"its sidecar runs revision {last.revision}{rejected}"
    proof = Proof.DISPROVED if always_loaded or last.rejected else Proof.UNPROVED
    return proof, Reason.NOT_LOADED, f"its sidecar has loaded no revision of the filter{rejected}"
