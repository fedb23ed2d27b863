# SPDX-License-Identifier: Apache-2.0
"""The first new pods of each namespace, as soon as there are any: one without a sidecar ends a wave early. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..deliveries.base import collection
from ..domain.outcome import Outcome
from ..kinds.base import observed
from ..probes.expected import Expected
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

    :param expected: what such a pod has; None: pods are not looked at.
    :param lacking: told of the first one that has not got it.
    """

    def __init__(
        self, bus: Bus, members: Members, expected: Expected | None, lacking: Callable[[Cause, float], None]
    ) -> None:
        self._bus, self._members, self._lacking = bus, members, lacking
        self._expected = expected if expected is not None and expected.mounted else None
        self._asked: set[Key] = set()
        self._done: set[str] = set()

    def seen(self, one: WorkloadState, now: float) -> None:
        """What the watch tells of a workload."""
        if self._expected is None or one.namespace in self._done or one.key in self._asked or not _has_new_pods(one):
            return
        self._asked.add(one.key)
        self._done.add(one.namespace)
        request = Request(Verb.LIST, collection(PODS, one.namespace), label_selector=self._expected.selector)
        self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, one.namespace))

    def _listed(self, namespace: str, message: Reply | Refusal, now: float) -> None:
        expected = self._expected
        if expected is None or isinstance(message, Refusal):
            # Where they can't be read, they are asked about at the end of the wave, and that is said then.
            self._done.discard(namespace)
            return
        counted = [one for one in self._members.of(namespace) if _counts(one)]
        fresh = [pod for pod in message.answer[0] if expected.goes_to(pod)]
        fresh = [pod for pod in fresh if any(rollback.has_labels(pod, one) for one in counted)]
        if not fresh:
            self._done.discard(namespace)
        for pod in fresh:
            found = expected.lacks(pod)
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


def _has_new_pods(one: WorkloadState) -> bool:
    if not _counts(one) or one.phase == Phase.DONE or not observed(one.object):
        return False
    status = one.object.get("status") or {}
    return bool(status.get("updatedReplicas") or status.get("updatedNumberScheduled"))
