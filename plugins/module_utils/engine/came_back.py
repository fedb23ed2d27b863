# SPDX-License-Identifier: Apache-2.0
"""The pods of workloads that were taken back: has each its sidecar, and does the revision of before run? Pure.

Where an injector has gone during a run, going back takes sidecars away as well. Then the workload is as it was, and its
pods are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ..deliveries.base import collection
from ..deliveries.expectations import Expectations, of_envoy_filters
from ..kinds.base import Object
from ..probes.expected import proxy_of
from . import rollback
from .bus import Bus
from .commands import Request, Send, Verb
from .members import Members
from .messages import Refusal, Reply
from .proof_summary import named
from .proving import Proving, Question, Terms
from .reading import PODS
from .requests import REQUEST_SECONDS
from .workload_state import WorkloadState

# Beside those that the rest of the wave asks for: of the executor's threads some have to be left for locks.
PAGES_AT_ONCE = 4


class CameBack:
    """One LIST for each namespace with such workloads. What may not be read is not known, and nothing is said of it.

    :param filter_name: whose pages are asked for.
    :param since: when the lock of each was taken, by the API server's clock: pods of before are as they were.
    """

    def __init__(
        self,
        bus: Bus,
        members: Members,
        filter_name: str,
        terms: Terms,
        names: Iterable[str],
        since: Callable[[str], str],
        now: float,
    ) -> None:
        self._members, self._since = members, since
        self._open = 0
        self._proving = Proving(bus, filter_name, terms, PAGES_AT_ONCE)
        self._names = [name for name in names if self._went_back(name)]
        for name in self._names:
            self._open += 1
            request = Request(Verb.LIST, collection(PODS, name))
            bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, name))

    @property
    def finished(self) -> bool:
        return not self._open and self._proving.finished

    def end(self) -> None:
        """They are under way again, or nobody asks any more: what is answered then is of before."""
        self._names = []
        self._proving.end()

    def note(self) -> None:
        """What is known of the pods of each workload is the workload's from here on."""
        for name in self._names:
            proofs = self._proving.proofs(name)
            for one in self._went_back(name):
                own = tuple(proof for proof in proofs if rollback.is_of(proof, one))
                self._members.put(one, replace(one, proofs_back=own))

    def _went_back(self, name: str) -> list[WorkloadState]:
        return [one for one in self._members.of(name) if one.went_back]

    def _listed(self, name: str, message: Reply | Refusal, now: float) -> None:
        if name not in self._names:
            return
        self._open -= 1
        pods = message.answer[0] if isinstance(message, Reply) else []
        pods = [pod for pod in pods if pod["metadata"].get("creationTimestamp", "") >= self._since(name)]
        for one in self._went_back(name):
            bare = [pod["metadata"]["name"] for pod in pods if rollback.has_labels(pod, one) and _is_bare(pod)]
            self._members.put(one, replace(one, without_sidecar=named(sorted(bare)) if bare else ""))
        expected = self._expected(name)
        if expected is not None:
            self._proving.look(Question(name, expected, changed=True), list(filter(proxy_of, pods)), now)

    def _expected(self, name: str) -> Expectations | None:
        """What pods are to show of the revisions of before that are mounted, by the EnvoyFilters that were there."""
        state = self._members.namespaces[name]
        found = of_envoy_filters(state.names, state.objects.envoy_filters)
        revisions = {one.change.to_revision for one in self._went_back(name)}
        kept = {revision: of for revision, of in found.by_revision.items() if revision in revisions}
        return replace(found, by_revision=kept) if kept and found.mounted else None


def _is_bare(pod: Object) -> bool:
    """Not one that goes: it serves nobody any more."""
    return not pod["metadata"].get("deletionTimestamp") and proxy_of(pod) is None
