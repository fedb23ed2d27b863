# SPDX-License-Identifier: Apache-2.0
"""Does the filter run in the pods of all namespaces? Asked of all of them together, by their own sidecars. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..deliveries.base import collection
from ..deliveries.expectations import Expectation
from ..domain.errors import Forbidden
from ..domain.outcome import Reason
from ..engine.bus import Bus
from ..engine.commands import Request, Send, Verb
from ..engine.messages import Refusal, Reply
from ..engine.proving import FOREIGN
from ..engine.reading import CLUSTER_WIDE_SHARE, NOT_FOUND, PODS
from ..engine.requests import REQUEST_SECONDS
from ..kinds.base import Object
from ..probes import sidecar_stats
from ..probes.proof import PodProof, Proof, Samples
from .found import Found

# Pages that are asked for at the same time: the executor has as many threads.
AT_ONCE = 16
# The second page is a heartbeat later than the first; the third is for what was just being loaded.
PAGES = 3
LATER_SECONDS = 0.5
# Who does not answer is asked once more.
SILENT_PAGES = 2
SILENT_SECONDS = 1.0
# All of it: a pod whose node is down keeps a thread for ten seconds, and there may be many.
LONGEST_SECONDS = 180.0
NOT_ASKED = "there was no time to ask it"

Questions = Mapping[str, Sequence[Found]]


@dataclass
class _Pod:
    question: _Question
    name: str
    labels: Mapping[str, str]
    expectation: Expectation
    samples: Samples
    asked: int = 0


@dataclass
class _Question:
    """One filter in a namespace."""

    namespace: str
    found: Found
    proofs: list[PodProof] = field(default_factory=list)


class Proofs:
    """`finished`: all that can be known is known.

    :param questions: the filters in each namespace.
    :param of_cluster: how many namespaces the cluster has.
    """

    def __init__(self, bus: Bus, questions: Questions, of_cluster: float, now: float) -> None:
        self._bus, self._deadline = bus, now + LONGEST_SECONDS
        self._questions = {
            (namespace, found.names.name): _Question(namespace, found)
            for namespace, filters in questions.items()
            for found in filters
        }
        self._forbidden: dict[str, str] = {}
        self._queue: deque[_Pod] = deque()
        self._open = self._asked = 0
        groups: dict[str, list[_Question]] = {}
        for one in self._questions.values():
            groups.setdefault(one.found.expectations.selector, []).append(one)
        for selector, group in groups.items():
            # As for everything else that is read, see engine/reading.py.
            wide = len({one.namespace for one in group}) >= CLUSTER_WIDE_SHARE * of_cluster
            self._list(selector, group, wide, now)

    @property
    def finished(self) -> bool:
        return not self._open

    def of(self, namespace: str) -> dict[str, list[PodProof]]:
        """What is known of a namespace's pods, by filter."""
        return {
            name: sorted(one.proofs, key=lambda proof: proof.name)
            for (space, name), one in self._questions.items()
            if space == namespace
        }

    def _list(self, selector: str, group: list[_Question], wide: bool, now: float) -> None:
        scopes = [None] if wide else sorted({one.namespace for one in group})
        for scope in scopes:
            self._open += 1
            own = [one for one in group if scope in (None, one.namespace)]
            request = Request(Verb.LIST, collection(PODS, scope), label_selector=selector)
            self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, selector, own, wide))

    def _listed(self, selector: str, group: list[_Question], wide: bool, message: Reply | Refusal, now: float) -> None:
        if isinstance(message, Reply):
            pods: dict[str, list[Object]] = {}
            for pod in message.answer[0]:
                pods.setdefault(pod["metadata"]["namespace"], []).append(pod)
            for one in group:
                for pod in pods.get(one.namespace, []):
                    self._begin(one, pod)
        elif wide:
            self._list(selector, group, False, now)
        else:
            reason = Reason.PROOF_FORBIDDEN if isinstance(message.error, Forbidden) else Reason.NO_ANSWER
            for one in group:
                one.proofs.append(PodProof("", Proof.UNPROVED, reason, message.error.detail))
        self._open -= 1
        self._ask(now)

    def _begin(self, question: _Question, pod: Object) -> None:
        wanted = question.found.expectations.of(pod)
        if wanted is None:
            return
        name, labels = pod["metadata"]["name"], pod["metadata"].get("labels") or {}
        lacking = wanted.expected.lacks(pod)
        if lacking is not None:
            question.proofs.append(PodProof(name, Proof.DISPROVED, *lacking, labels=labels))
        elif not wanted.period_seconds:
            question.proofs.append(PodProof(name, Proof.UNPROVED, Reason.FOREIGN_FILTER, FOREIGN, labels=labels))
        else:
            self._open += 1
            # Nobody knows what was in it before, so that what drains counts.
            samples = Samples(wanted.expected.revision, fresh=False)
            self._queue.append(_Pod(question, name, labels, wanted, samples))

    def _ask(self, now: float) -> None:
        while self._queue and self._asked < AT_ONCE:
            pod = self._queue.popleft()
            namespace = pod.question.namespace
            if namespace in self._forbidden:
                self._judge(pod, Proof.UNPROVED, Reason.PROOF_FORBIDDEN, self._forbidden[namespace])
            elif now > self._deadline:
                pod.samples = pod.samples.failed(pod.samples.error or NOT_ASKED)
                self._end(pod)
            else:
                self._asked += 1
                pod.asked += 1
                request = Request(Verb.GET_TEXT, sidecar_stats.path(namespace, pod.name))
                self._bus.send(Send(request, now), partial(self._answered, pod))

    def _answered(self, pod: _Pod, message: Reply | Refusal, now: float) -> None:
        self._asked -= 1
        self._take(pod, message, now)
        self._ask(now)

    def _take(self, pod: _Pod, message: Reply | Refusal, now: float) -> None:
        if isinstance(message, Reply):
            try:
                page = sidecar_stats.parse(message.answer, pod.expectation.expected.names.name)
                pod.samples = pod.samples.taken(page, now)
            except ValueError as error:
                pod.samples = pod.samples.failed(f"no page of statistics: {error}")
        elif isinstance(message.error, Forbidden):
            self._forbidden[pod.question.namespace] = message.error.detail
            self._judge(pod, Proof.UNPROVED, Reason.PROOF_FORBIDDEN, message.error.detail)
            return
        elif message.error.status == NOT_FOUND:
            # The pod is gone: another one is in its place, of the same template.
            self._open -= 1
            return
        else:
            pod.samples = pod.samples.failed(message.error.detail)
        silent = pod.samples.last is None
        if pod.samples.proved or pod.asked >= (SILENT_PAGES if silent else PAGES):
            self._end(pod)
        else:
            pause = SILENT_SECONDS if silent else pod.expectation.period_seconds + LATER_SECONDS
            self._bus.wake(now + pause, partial(self._again, pod))

    def _again(self, pod: _Pod, now: float) -> None:
        self._queue.append(pod)
        self._ask(now)

    def _end(self, pod: _Pod) -> None:
        self._judge(pod, *pod.samples.judged(pod.expectation.expected.always_loaded, pod.expectation.period_seconds))

    def _judge(self, pod: _Pod, proof: Proof, reason: str, message: str) -> None:
        metrics = pod.samples.last.metrics() if pod.samples.last else {}
        pod.question.proofs.append(PodProof(pod.name, proof, str(reason), message, metrics, pod.labels))
        self._open -= 1
