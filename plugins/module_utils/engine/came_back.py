# SPDX-License-Identifier: Apache-2.0
"""The pods of workloads that were taken back: has each its sidecar? Pure.

Where an injector has gone during a run, going back takes sidecars away as well. Then the workload is as it was, and its
pods are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ..deliveries.base import collection
from ..kinds.base import Object
from ..probes.expected import proxy_of
from . import rollback
from .bus import Bus
from .commands import Request, Send, Verb
from .members import Members
from .messages import Refusal, Reply
from .proof_summary import named
from .reading import PODS
from .requests import REQUEST_SECONDS


class CameBack:
    """One LIST for each namespace with such workloads. What may not be read is not known, and nothing is said of it.

    :param since: when the lock of each was taken, by the API server's clock: pods of before are as they were.
    """

    def __init__(
        self, bus: Bus, members: Members, names: Iterable[str], since: Callable[[str], str], now: float
    ) -> None:
        self._members, self._since = members, since
        self._open = 0
        for name in names:
            if any(one.went_back for one in members.of(name)):
                self._open += 1
                request = Request(Verb.LIST, collection(PODS, name))
                bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, name))

    @property
    def finished(self) -> bool:
        return not self._open

    def _listed(self, name: str, message: Reply | Refusal, _now: float) -> None:
        self._open -= 1
        pods = message.answer[0] if isinstance(message, Reply) else []
        pods = [pod for pod in pods if pod["metadata"].get("creationTimestamp", "") >= self._since(name)]
        for one in [one for one in self._members.of(name) if one.went_back]:
            bare = [pod["metadata"]["name"] for pod in pods if rollback.has_labels(pod, one) and _is_bare(pod)]
            self._members.put(one, replace(one, without_sidecar=named(sorted(bare)) if bare else ""))


def _is_bare(pod: Object) -> bool:
    """Not one that goes: it serves nobody any more."""
    return not pod["metadata"].get("deletionTimestamp") and proxy_of(pod) is None
