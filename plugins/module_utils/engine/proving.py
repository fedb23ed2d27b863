# SPDX-License-Identifier: Apache-2.0
"""Pods of namespaces, sampled until each of them is proved or there is no more time. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from ..deliveries.base import collection
from ..deliveries.expectations import Expectation, Expectations
from ..domain.errors import ApiError, Forbidden
from ..domain.outcome import Reason
from ..domain.plan import ProofMode
from ..kinds.base import Object
from ..probes import sidecar_stats
from ..probes.proof import PodProof, Proof, Samples
from . import progress_lines
from .bus import Bus
from .commands import Request, Send, Verb
from .messages import Refusal, Reply
from .pod_diagnosis import is_ready
from .proof_summary import runs_in
from .reading import NOT_FOUND, PODS
from .requests import REQUEST_SECONDS

PAUSE_SECONDS = 2.0
# Pages that are asked for at the same time: a pod that never answers keeps a thread, and locks have to be renewed.
AT_ONCE = 8
FOREIGN = "the filter is foreign, and has no figures that tell"


@dataclass(frozen=True)
class Terms:
    """`seconds`: what the pods of a namespace may take to be proved."""

    mode: ProofMode = ProofMode.OFF
    seconds: float = 120.0


@dataclass(frozen=True)
class Question:
    """A namespace, with what its pods are to show.

    `changed`: by this run; of another one only is looked at what its pods were given.
    `fresh`: labels of workloads all pods of which are new.
    """

    namespace: str
    expected: Expectations
    changed: bool
    fresh: tuple[Mapping[str, str], ...] = ()
    # Of workloads that are on no way to be proved; and of those whose pods were all seen ready by this run.
    failed: tuple[Mapping[str, str], ...] = ()
    rolled: tuple[Mapping[str, str], ...] = ()


@dataclass
class _Namespace:
    """`open`: what is awaited of it, its LIST or pods that are not judged yet. `listed`: when it was listed.

    `told`: pods by uid that are proved or disproved, by a look before this one as well.
    """

    question: Question
    open: int = 1
    listed: float = 0.0
    proofs: list[PodProof] = field(default_factory=list)
    told: dict[str, PodProof] = field(default_factory=dict)
    forbidden: str = ""

    @property
    def name(self) -> str:
        return self.question.namespace


@dataclass
class _Pod:
    of: _Namespace
    name: str
    uid: str
    labels: Mapping[str, str]
    expectation: Expectation
    samples: Samples


class Proving:
    """`finished`: all that was asked for is judged. An answer that comes after `end` or `forget` is nobody's any more.

    :param name: the filter's.
    :param at_once: how many pages are asked for at the same time.
    """

    def __init__(self, bus: Bus, name: str, terms: Terms, at_once: int = AT_ONCE) -> None:
        self._bus, self._name, self._terms, self._at_once = bus, name, terms, at_once
        self._found: dict[str, _Namespace] = {}
        self._unfinished: set[str] = set()
        self._asked = 0
        self._queue: deque[_Pod] = deque()

    def ask(self, question: Question, now: float) -> None:
        """LIST a namespace's pods and begin with them; anew, where it was asked before."""
        found = self._new(question)
        path = collection(PODS, question.namespace)
        request = Request(Verb.LIST, path, label_selector=question.expected.selector)
        self._bus.send(Send(request, now + REQUEST_SECONDS), partial(self._listed, found))

    def ask_again(self, before: float, now: float) -> None:
        """LIST once more what was changed and listed before that time; ask the pods of which nothing is known."""
        known = [one for one in self._found.values() if one.question.changed and not one.open]
        for former in [one for one in known if one.listed < before]:
            self.ask(former.question, now)
            self._found[former.name].told.update(former.told)

    def look(self, question: Question, pods: list[Object], now: float) -> None:
        """Begin with pods that were read already."""
        self._begin_with(self._new(question), pods, now)

    @property
    def finished(self) -> bool:
        return not self._unfinished

    def proofs(self, namespace: str) -> list[PodProof]:
        """What is known of a namespace's pods."""
        found = self._found.get(namespace)
        return sorted(found.proofs, key=lambda one: one.name) if found else []

    def forget(self, namespace: str) -> None:
        """What is known of it is of before."""
        self._found.pop(namespace, None)
        self._unfinished.discard(namespace)

    def end(self) -> None:
        """Nobody is going to ask any more; what is known stays."""
        self._found = {name: replace(one, open=0) for name, one in self._found.items()}
        self._unfinished.clear()
        self._queue.clear()

    def _new(self, question: Question) -> _Namespace:
        found = self._found[question.namespace] = _Namespace(question)
        self._unfinished.add(question.namespace)
        return found

    def _is_forgotten(self, found: _Namespace) -> bool:
        return self._found.get(found.name) is not found

    def _listed(self, found: _Namespace, message: Reply | Refusal, now: float) -> None:
        if self._is_forgotten(found):
            return
        if isinstance(message, Refusal):
            found.proofs.append(PodProof("", Proof.UNPROVED, *_unanswered(message.error)))
        self._begin_with(found, message.answer[0] if isinstance(message, Reply) else [], now)

    def _begin_with(self, found: _Namespace, pods: list[Object], now: float) -> None:
        # A LIST that took long is not to be paid for by the pods.
        found.listed = now
        for pod in pods:
            expectation = found.question.expected.of(pod)
            if expectation is not None:
                self._begin(found, expectation, pod)
        if found.question.changed and found.open > 1:
            self._bus.tell(found.name, progress_lines.proving(found.open - 1), step=True)
        self._settle(found)
        self._ask(now)

    def _begin(self, found: _Namespace, expectation: Expectation, pod: Object) -> None:
        question = found.question
        name, labels = pod["metadata"]["name"], pod["metadata"].get("labels") or {}
        if _is_of(labels, question.failed):
            return
        uid = pod["metadata"].get("uid", "")
        lacking = expectation.expected.lacks(pod)
        if uid in found.told:
            found.proofs.append(found.told[uid])
        elif lacking is not None:
            found.proofs.append(PodProof(name, Proof.DISPROVED, *lacking, labels=labels))
        elif not is_ready(pod) and not _is_of(labels, question.rolled):
            # It may be ill for reasons of its own, as where a workload is held because a node is down.
            return
        elif question.changed and not expectation.period_seconds:
            found.proofs.append(PodProof(name, Proof.UNPROVED, Reason.FOREIGN_FILTER, FOREIGN, labels=labels))
        elif question.changed:
            found.open += 1
            samples = Samples(expectation.expected.revision, _is_of(labels, question.fresh))
            self._queue.append(_Pod(found, name, uid, labels, expectation, samples))

    def _ask(self, now: float) -> None:
        while self._queue and self._asked < self._at_once:
            pod = self._queue.popleft()
            if self._is_forgotten(pod.of):
                continue
            if pod.of.forbidden:
                self._judge(pod, Proof.UNPROVED, Reason.PROOF_FORBIDDEN, pod.of.forbidden)
                continue
            if now > self._deadline(pod) and (pod.samples.last is None or pod.samples.error):
                # Those that never answer take all the time there is, one after the other.
                self._judge_by_samples(pod)
                continue
            self._asked += 1
            # Once: what is not answered is asked again with the next sample.
            request = Request(Verb.GET_TEXT, sidecar_stats.path(pod.of.name, pod.name))
            self._bus.send(Send(request, now), partial(self._sampled, pod))

    def _sampled(self, pod: _Pod, message: Reply | Refusal, now: float) -> None:
        self._asked -= 1
        if not self._is_forgotten(pod.of):
            self._take(pod, message, now)
        self._ask(now)

    def _take(self, pod: _Pod, message: Reply | Refusal, now: float) -> None:
        if isinstance(message, Reply):
            try:
                pod.samples = pod.samples.taken(sidecar_stats.parse(message.answer, self._name), now)
            except ValueError as error:
                pod.samples = pod.samples.failed(f"no page of statistics: {error}")
        elif isinstance(message.error, Forbidden):
            pod.of.forbidden = message.error.detail
            self._judge(pod, Proof.UNPROVED, *_unanswered(message.error))
            return
        elif message.error.status == NOT_FOUND:
            # The pod is gone: another one is in its place, of the same template.
            self._close(pod)
            return
        else:
            pod.samples = pod.samples.failed(str(message.error.detail))
        if pod.samples.proved or now + PAUSE_SECONDS > self._deadline(pod):
            self._judge_by_samples(pod)
        else:
            self._bus.wake(now + PAUSE_SECONDS, partial(self._again, pod))

    def _deadline(self, pod: _Pod) -> float:
        return pod.of.listed + self._terms.seconds

    def _again(self, pod: _Pod, now: float) -> None:
        self._queue.append(pod)
        self._ask(now)

    def _judge_by_samples(self, pod: _Pod) -> None:
        # Heartbeats have to be less than half of the time apart: see wasm_filter_proof_seconds.
        seconds = max(self._terms.seconds / 2, pod.expectation.period_seconds)
        self._judge(pod, *pod.samples.judged(pod.expectation.expected.always_loaded, seconds))

    def _judge(self, pod: _Pod, proof: Proof, reason: str, message: str) -> None:
        last = pod.samples.last
        metrics = last.metrics() if last else {}
        found = PodProof(pod.name, proof, str(reason), message, metrics, pod.labels)
        pod.of.proofs.append(found)
        if proof != Proof.UNPROVED:
            pod.of.told[pod.uid] = found
        self._close(pod)

    def _close(self, pod: _Pod) -> None:
        self._settle(pod.of)
        if not pod.of.open:
            self._bus.tell(pod.of.name, runs_in(pod.of.proofs), step=True)

    def _settle(self, found: _Namespace) -> None:
        found.open -= 1
        if not found.open:
            self._unfinished.discard(found.name)


def _is_of(labels: Mapping[str, str], workloads: tuple[Mapping[str, str], ...]) -> bool:
    return any(wanted and wanted.items() <= labels.items() for wanted in workloads)


def _unanswered(error: ApiError) -> tuple[str, str]:
    reason = Reason.PROOF_FORBIDDEN if isinstance(error, Forbidden) else Reason.NO_ANSWER
    return str(reason), error.detail


def holds_up(terms: Terms, proof: PodProof) -> bool:
    """Does what is known of a pod fail its namespace?

    What may not be asked, or can't be told, does so only where proof is required: then nothing else is wrong.
    """
    if proof.proof == Proof.PROVED or terms.mode == ProofMode.OFF:
        return False
    if proof.proof == Proof.DISPROVED:
        return True
    untold = (Reason.PROOF_FORBIDDEN, Reason.FOREIGN_FILTER, Reason.NOT_LOADED)
    return terms.mode == ProofMode.REQUIRE or (terms.mode == ProofMode.AUTO and proof.reason not in untold)
