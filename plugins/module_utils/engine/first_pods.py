# SPDX-License-Identifier: Apache-2.0
"""The first new pods of each namespace, as soon as there are any: one without a sidecar ends a wave early. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..deliveries.base import collection
from ..deliveries.expectations import Expectations
from ..domain.outcome import Outcome
from ..kinds.base import Object, observed
from . import rollback
from .bus import Bus
from .commands import Request, Send, Verb
from .members import Members
from .messages import Refusal, Reply
from .reading import PODS
from .requests import REQUEST_SECONDS
from .workload_state import Cause, Key, Phase, WorkloadState


class FirstPods:
    """One LIST of the revision's pods per namespace, or some more where the first ones find none.

    :param wanted: whether they are looked at.
    :param lacking: told of the first one that has not got it.
    """

    def __init__(self, bus: Bus, members: Members, wanted: bool, lacking: Callable[[Cause, float], None]) -> None:
        self._bus, self._members, self._wanted, self._lacking = bus, members, wanted, lacking
        self._asked: set[Key] = set()
        self._done: set[str] = set()

    def seen(self, one: WorkloadState, now: float) -> None:
        """What the watch tells of a workload."""
        asked = one.namespace in self._done or one.key in self._asked
        if not self._wanted or asked or not _has_new_pods(one):
            return
        expected = self._members.namespaces[one.namespace].operation.expected()
        if expected is None or not expected.mounted:
            return
        self._asked.add(one.key)
        self._done.add(one.namespace)
        request = Request(Verb.LIST, collection(PODS, one.namespace), label_selector=expected.selector)
        self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, one.namespace, expected))

    def _listed(self, namespace: str, expected: Expectations, message: Reply | Refusal, now: float) -> None:
        if isinstance(message, Refusal):
            # Where they can't be read, they are asked about at the end of the wave, and that is said then.
            self._done.discard(namespace)
            return
        counted = [one for one in self._members.of(namespace) if _counts(one)]
        wanted = [(pod, one.expected) for pod in message.answer[0] if (one := expected.of(pod)) is not None]
        fresh = [(pod, of) for pod, of in wanted if any(_is_new(pod, of.revision, one) for one in counted)]
        if not fresh:
            self._done.discard(namespace)
        for pod, of in fresh:
            found = of.lacks(pod)
            if found is not None:
                reason, text = found
                name = pod["metadata"]["name"]
                self._bus.tell(namespace, f"pod {name}: {text}; no more workloads of the wave are begun")
                self._lacking(Cause(reason, f"pod {name} of {namespace}: {text}"), now)
                return


def _counts(one: WorkloadState) -> bool:
    """Not one that was ill before: it may have pods of an earlier try, which nothing has replaced. Nor one that is not
    as it was patched: that is known by now, and told by another reason.
    """
    return one.patched and one.back is None and one.outcome != Outcome.FAILED and not one.ill


def _is_new(pod: Object, revision: str, one: WorkloadState) -> bool:
    return revision == one.change.to_revision and rollback.has_labels(pod, one)


def _has_new_pods(one: WorkloadState) -> bool:
    if not _counts(one) or one.phase == Phase.DONE or not observed(one.object):
        return False
    status = one.object.get("status") or {}
    return bool(status.get("updatedReplicas") or status.get("updatedNumberScheduled"))
