# SPDX-License-Identifier: Apache-2.0
"""What is going to be said, held against the cluster: one LIST per kind, none per object. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ..kinds.base import Object, WorkloadKind
from .bus import Bus
from .commands import Request, Send, Verb
from .messages import Compared, Refusal, Reply
from .reading import Scope
from .requests import REQUEST_SECONDS
from .workload_state import WorkloadState

# (the workload, Compared, now)
Tell = Callable[[WorkloadState, Compared, float], None]


class Comparison:
    """LISTs of the kinds and namespaces of some workloads; each workload is told what there is of it.

    :param rolled: all that wait to be compared.
    :param changed: (kind, namespace or None for all) of what is asked for; the others are as they were last seen.
    """

    def __init__(
        self, bus: Bus, rolled: list[WorkloadState], changed: set[tuple[WorkloadKind, Scope]], tell: Tell, now: float
    ) -> None:
        self._tell = tell
        self._open = len(changed)
        asked = {(kind.kind, scope) for kind, scope in changed}
        for one in rolled:
            if not asked & {(one.kind.kind, None), (one.kind.kind, one.namespace)}:
                tell(one, Compared(one.object), now)
        for kind, scope in changed:
            concerned = [one for one in rolled if one.kind is kind and scope in (None, one.namespace)]
            request = Request(Verb.LIST, kind.collection(scope), slim=True)
            bus.send(Send(request, now + REQUEST_SECONDS), self._taking(concerned))

    @property
    def finished(self) -> bool:
        return not self._open

    def _taking(self, concerned: list[WorkloadState]) -> Callable[[Reply | Refusal, float], None]:
        def take(message: Reply | Refusal, now: float) -> None:
            self._open -= 1
            found: dict[tuple[str, str], Object] = {}
            if isinstance(message, Reply):
                found = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in message.answer[0]}
            for one in concerned:
                # Where it can't be asked, what the watch last had of it counts.
                last = one.object if isinstance(message, Refusal) else found.get((one.namespace, one.name))
                self._tell(one, Compared(last), now)

        return take
