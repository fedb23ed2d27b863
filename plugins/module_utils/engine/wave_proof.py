# SPDX-License-Identifier: Apache-2.0
"""When the pods of which namespace are asked: as soon as its workloads are done, while others still roll. Pure."""

from __future__ import annotations

from ..deliveries.expectations import Expectations
from ..domain.outcome import Outcome
from ..domain.plan import ProofMode
from ..probes.proof import PodProof
from .bus import Bus
from .members import Members
from .namespace import NamespaceState, Phase
from .proving import Proving, Question, Terms
from .workload_state import Context, WorkloadState

# So long ago the pods of a namespace may be others by now.
OLD_SECONDS = 30.0


class WaveProof:
    """Of the namespaces of one wave.

    `looks`: whether anybody is to look at pods. `decides`: whether a namespace that was changed is done only when it is
    known that the filter runs in its pods.
    """

    def __init__(self, bus: Bus, members: Members, context: Context, terms: Terms) -> None:
        self._members, self.terms = members, terms
        self.looks = terms.mode != ProofMode.OFF and not context.dry_run
        self._asks = self.looks and context.operation.shows
        self.decides = self._asks and terms.mode in (ProofMode.AUTO, ProofMode.REQUIRE)
        self._proving = Proving(bus, context.operation.names.name, terms)
        # Those whose pods were asked, or need not be, with what their workloads had come to by then.
        self._settled: dict[str, list[str]] = {}

    @property
    def finished(self) -> bool:
        return self._proving.finished

    def moved(self, name: str, now: float) -> None:
        """A namespace has moved, or one of its workloads: what was known of a moment before is not known any more."""
        if not self._asks or name in self._members.ended:
            return
        state = self._members.namespaces[name]
        if name in self._members.unsettled:
            self.forget(name)
        elif state.phase == Phase.WORKLOADS:
            outcomes = [str(one.outcome) for one in self._members.of(name)]
            if self._settled.get(name) != outcomes:
                self._settled[name] = outcomes
                self._ask(state, now)

    def ask_again(self, now: float) -> None:
        """Before verdicts are given: where it was asked long ago."""
        if self._asks:
            self._proving.ask_again(now - OLD_SECONDS, now)

    def _ask(self, state: NamespaceState, now: float) -> None:
        self._proving.forget(state.name)
        expected = state.operation.expected(state.done)
        # Of a namespace that was not changed there is only to be looked at what its pods were given.
        if expected is not None and (expected.mounted or self._members.changed(state.name)):
            self._proving.ask(self._question(state.name, expected), now)

    def proofs(self, name: str) -> list[PodProof]:
        """What is known of a namespace's pods."""
        return self._proving.proofs(name)

    def all_well(self, name: str) -> bool:
        """Whether nothing of a namespace may have to be gone back to, or be needed by what failed.

        What a killed run has left unproved, and this one has not changed, is not known to be well.
        """
        state, members = self._members.namespaces[name], self._members.of(name)
        well = all(one.outcome != Outcome.FAILED and one.back is None for one in members) and not state.reverted
        proved = self._members.changed(name) or not self.decides
        return well and proved and not any(one.fails for one in state.proofs)

    def forget(self, name: str) -> None:
        self._settled.pop(name, None)
        self._proving.forget(name)

    def _question(self, name: str, expected: Expectations) -> Question:
        members = self._members.of(name)
        return Question(
            name,
            expected,
            self._members.changed(name),
            tuple(_labels(one) for one in members if one.patched and _is_another(one)),
            tuple(_labels(one) for one in members if one.outcome == Outcome.FAILED),
            tuple(_labels(one) for one in members if one.patched and one.outcome != Outcome.HELD),
        )


def _is_another(one: WorkloadState) -> bool:
    return one.change.from_revision != one.change.to_revision


def _labels(one: WorkloadState) -> dict[str, str]:
    return one.kind.pod_labels(one.object)
