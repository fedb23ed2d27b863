# SPDX-License-Identifier: Apache-2.0
"""Takes back what is to go back of a wave, once it is known why it failed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..deliveries.base import collection
from ..domain.outcome import NONE, Outcome
from ..domain.plan import OnFailure
from . import rollback
from .bus import Bus
from .commands import Request, Send, Verb
from .members import Members
from .messages import Refusal, Reply
from .pod_diagnosis import explain
from .reading import PODS
from .requests import REQUEST_SECONDS
from .workload_state import Cause, Context, Key, WorkloadState
from .workloads import Workloads


class TakingBack:
    """Of one wave."""

    def __init__(
        self, on_failure: OnFailure, members: Members, workloads: Workloads, bus: Bus, context: Context
    ) -> None:
        # What a removal took out is no revision to go back to, and a dry run has changed nothing.
        never = context.dry_run or not context.operation.goes_back
        self._on_failure = OnFailure.STOP if never else on_failure
        self._members, self._workloads, self._bus, self._context = members, workloads, bus, context
        self._open = 0
        self._causes: dict[str, Cause] = {}
        # Why the whole wave goes back.
        self.of_wave: Cause | None = None

    @property
    def waits(self) -> bool:
        """Is it still being asked why something failed?"""
        return self._open > 0

    def begin(self, names: Iterable[str], now: float) -> bool:
        """Take back what is to go; whether workloads are under way because of it.

        :param names: the namespaces of the wave that are at their end.
        """
        candidates = [rollback.Candidate(self._members.namespaces[name], self._members.of(name)) for name in names]
        found = rollback.decide(self._on_failure, candidates)
        self._causes.update(found.namespaces)
        self.of_wave = self.of_wave or found.wave
        by_namespace: dict[str, dict[Key, Cause]] = {}
        for key, cause in found.workloads.items():
            by_namespace.setdefault(key[1], {})[key] = cause
        for name, causes in by_namespace.items():
            if any(self._members.workloads[key].unexplained for key in causes):
                # Its pods say why, and are gone once it is taken back.
                self._open += 1
                request = Request(Verb.LIST, collection(PODS, name))
                self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._explained, causes))
            else:
                self._take_back(causes, now)
        return bool(by_namespace)

    def cause_of(self, name: str) -> Cause | None:
        """Why a namespace's objects go back as well; None: they stay, as somebody may need them."""
        members = self._members.of(name)
        causes = [one.cause for one in members if one.cause is not None]
        # What went back has the objects of before; without a workload on the new ones these are of nobody.
        of_nobody = all(one.back is not None and one.outcome != Outcome.FAILED for one in members if self._took(one))
        return self._causes.get(name) or (causes[0] if causes and of_nobody else None)

    def _took(self, one: WorkloadState) -> bool:
        """Is it on the run's revision, or was to get it?"""
        if one.outcome == Outcome.NOT_STARTED and not one.maybe_patched:
            return False
        change = one.forward or one.change
        return change.to_revision == self._context.operation.to_revision

    def _explained(self, causes: dict[Key, Cause], message: Reply | Refusal, now: float) -> None:
        self._open -= 1
        if self._bus.stopping:
            return
        pods = message.answer[0] if isinstance(message, Reply) else []
        self._take_back(
            {key: Cause(cause.reason, cause.message + self._why(key, pods)) for key, cause in causes.items()}, now
        )

    def _why(self, key: Key, pods: list[dict[str, object]]) -> str:
        one = self._members.workloads[key]
        return explain(pods, one.kind.pod_labels(one.object)) if one.unexplained else ""

    def _take_back(self, causes: dict[Key, Cause], now: float) -> None:
        for key, cause in causes.items():
            one = self._members.workloads[key]
            revision = one.change.from_revision
            where = f"to revision {revision}" if revision != NONE else "to no filter"
            self._bus.tell(one.namespace, f"{one.label} is taken back {where}: {cause.message}")
            self._workloads.take_back(key, cause, now)
