# SPDX-License-Identifier: Apache-2.0
"""What is said of pods is true: in which of them the revision runs, and in which it does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.commands import Verb

from tests.simulation import injection
from tests.simulation.controllers.base import ready
from tests.simulation.executor import Served
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place, page_of
from tests.simulation.sidecars import FOREVER, Sidecar
from tests.simulation.simulation import Simulation
from tests.simulation.store import Change
from tests.simulation.truth import DOMAIN
from tests.simulation.values import Object

# From one sample of a pod to the next.
PAUSE_SECONDS = 2.0
REASONS = (
    "no_sidecar",
    "no_mount",
    "wrong_revision",
    "not_loaded",
    "not_running",
    "draining",
    "no_answer",
    "proof_forbidden",
)
# What may be unproved of a namespace that is deployed, by mode.
LEFT_OPEN = {"auto": ("proof_forbidden", "not_loaded"), "require": ()}


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    if record.killed:
        return
    task = record.task
    if task.proof == "off" or task.removes or task.dry_run:
        if _pages(record):
            yield "pods were asked, and nobody wanted that"
        if any(pods_of(verdict) for verdict in record.verdicts):
            yield "something is said of pods that nobody asked"
        return
    for verdict in record.verdicts:
        found = OfNamespace(simulation, record, verdict)
        for text in found.violations():
            yield f"{verdict.name} is said to be {verdict.outcome} ({verdict.reason}: {verdict.message}): {text}"


def names_it(verdict: NamespaceVerdict, reason: str) -> bool:
    """Is that the reason of one of its pods?"""
    return any(pod["reason"] == reason for pod in pods_of(verdict))


def lasting(simulation: Simulation, record: Record, namespace: str) -> set[str]:
    """What of it no run mends: pods that nobody has made anew, and those that answer nothing."""
    pods = [one.pod for one in simulation.sidecars.of(namespace) if one.gone == FOREVER]
    of_filter = [pod for pod in pods if f"{DOMAIN}/{record.task.filter_name}" in (pod["metadata"].get("labels") or {})]
    found = {"no_sidecar"} if any(injection.proxy_of(pod) is None for pod in of_filter) else set()
    return found | ({"no_answer"} if namespace in simulation.sidecars.silent else set())


def came_without(simulation: Simulation, record: Record, namespace: str) -> bool:
    """Did a pod of the wave's revision come, in this run, that has not got what it was to have?"""
    wave = next(wave for wave in record.task.waves if namespace in wave)
    label = f"{DOMAIN}/{record.task.filter_name}"
    pods = [one.pod for name in wave for one in simulation.sidecars.of(name) if one.gone >= record.begin]
    of_revision = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(label) == record.task.revision]
    file = f"wasm-filter-{record.task.revision}"
    return any(not injection.files(pod) or file not in injection.config_maps(pod) for pod in of_revision)


def pods_of(verdict: NamespaceVerdict) -> list[Object]:
    """All that is said of pods."""
    return [*verdict.pods, *(pod for one in verdict.workloads for pod in one.pods)]


def was_ready(history: list[Change], pod: Object, time: float) -> bool:
    place = Place(RESOURCES["Pod"], pod["metadata"]["namespace"], pod["metadata"]["name"])
    states = [change.after for change in history if change.place == place and change.time <= time]
    return bool(states) and ready(states[-1])


def _pages(record: Record) -> list[Served]:
    return [one for one in record.served if one.request.verb == Verb.GET_TEXT]


class OfNamespace:
    """One namespace of a run, and its pods."""

    def __init__(self, simulation: Simulation, record: Record, verdict: NamespaceVerdict) -> None:
        self.sidecars, self.record, self.verdict = simulation.sidecars, record, verdict
        self.task, self.name = record.task, verdict.name
        self.history = simulation.server.store.history
        self.end = record.wave_end(self.name)

    @cached_property
    def pages(self) -> dict[str, list[Served]]:
        """Of pods that take the revision; one of the same name that has gone back shows another."""
        found: dict[str, list[Served]] = {}
        for one in _pages(self.record):
            page = page_of(one.request.path)
            if page and page[0] == self.name and one.time <= self.end and not self._is_back(page[1], one.asked):
                found.setdefault(page[1], []).append(one)
        return found

    def _is_back(self, name: str, time: float) -> bool:
        there = [one for one in self.named(name) if one.created <= time <= one.gone]
        labels = [one.pod["metadata"].get("labels") or {} for one in there]
        return bool(labels) and not any(self.labels.items() <= one.items() for one in labels)

    @cached_property
    def existed(self) -> list[Sidecar]:
        """Pods that were there at some moment of the run."""
        return [one for one in self.sidecars.of(self.name) if one.created <= self.end and one.gone >= self.record.begin]

    @property
    def labels(self) -> dict[str, str]:
        """Of the pods that take the revision."""
        by_pods = {f"{DOMAIN}/{self.task.filter_name}": self.task.revision} if self.task.by_pods else {}
        return {**dict(self.task.selector), **by_pods}

    def named(self, name: str) -> list[Sidecar]:
        return [one for one in self.existed if one.pod["metadata"]["name"] == name]

    @property
    def _changed(self) -> bool:
        """Whether the run has changed more than what nothing refers to any more."""
        return any(
            by_run(self.record, one) and one.place.resource.kind != "Lease" and one.type != "DELETED"
            for one in self.record.changes
            if one.place.namespace == self.name
        )

    def violations(self) -> Iterator[str]:
        said = pods_of(self.verdict)
        if len({pod["name"] for pod in said}) < len(said):
            yield f"pods are named twice: {[pod['name'] for pod in said]}"
        if self.pages and not self.verdict.changed and not self.record.stops:
            yield "its pods were asked, and nothing was changed"
        yield from self.of_pods()
        only_said = self.task.proof == "warn" and not any(pod["proof"] == "disproved" for pod in said)
        if only_said and self.verdict.outcome == "failed" and self.verdict.reason in REASONS:
            yield "what is not known was only to be said"
        deployed = self.verdict.outcome == "deployed" and self._changed
        if deployed and self.task.proof in LEFT_OPEN:
            yield from self._all_run({pod["name"]: pod for pod in said})

    def of_pods(self) -> Iterator[str]:
        """What is not true of each by itself."""
        for pod in pods_of(self.verdict):
            for text in self._pod(pod):
                yield f"pod {pod['name']} is {pod['proof']} ({pod['reason']}: {pod['message']}): {text}"

    def _pod(self, said: Object) -> Iterator[str]:
        name, proof, reason = said["name"], said["proof"], said["reason"]
        pods = self.named(name)
        if name and not pods:
            yield "there is no such pod in the namespace"
        elif proof == "proved":
            yield from self._proved(name, pods)
        elif reason not in REASONS:
            yield "there is no such reason"
        elif proof == "disproved":
            yield from self._disproved(name, reason, pods)
        elif reason == "proof_forbidden" and not self.record.faults(self.name, "pages forbidden", "LIST forbidden"):
            yield "nothing was forbidden"
        elif reason == "no_answer" and name and not self._poorly_answered(name):
            yield "it has answered all that it was asked, for long enough"

    def _proved(self, name: str, pods: list[Sidecar]) -> Iterator[str]:
        answered = sorted(one.time for one in self.pages.get(name, []) if one.error is None)
        if not answered:
            yield "it has never answered"
            return
        last = answered[-1]
        # What has stopped since the answer before shows in none.
        since = min(last - PAUSE_SECONDS, answered[-2] if len(answered) > 1 else last)
        if not any(self._runs(one, since, last) for one in pods):
            yield f"it did not run the revision when it was asked at {last:.1f} s"

    def _poorly_answered(self, name: str) -> bool:
        """Not at all, or too late for a heartbeat to be seen or missed, since pods were last looked for."""
        asked = [one for one in self.pages.get(name, []) if one.asked >= self._asked_for_pods]
        if not asked or any(one.error is not None for one in asked):
            return True
        late = asked[-1].time - self.task.proof_seconds / 2
        # An answer may be long on its way, and the next is asked for once it is there.
        first = asked[1].asked if len(asked) > 1 else asked[0].time
        # What was there when it was asked before the last time was seen; that it has gone since only by the last.
        seen = min(late, asked[-2].time) if len(asked) > 1 else late
        return first > late or any(one.changed_since(self.task.filter_name, seen) for one in self.named(name))

    def _runs(self, one: Sidecar, since: float, last: float) -> bool:
        what = (self.task.filter_name, self.task.revision)
        if one.runs(*what, since, last) or one.came_back(*what, last):
            return True
        # That somebody takes it away again right after it came shows in no page, as its chains go on for a while.
        taken = self.record.faults(self.name, "EnvoyFilter deleted", "our object meddled with")
        return bool(taken) and one.beats_of_this_run(*what, self.record.begin, last)

    def _disproved(self, name: str, reason: str, pods: list[Sidecar]) -> Iterator[str]:
        answered = [one.time for one in self.pages.get(name, []) if one.error is None]
        if reason == "no_sidecar":
            if all(injection.proxy_of(one.pod) for one in pods):
                yield "it has one"
        elif reason == "no_mount":
            if all(injection.files(one.pod) for one in pods):
                yield "it has it"
        elif not answered:
            yield "it has never answered"
        else:
            last = answered[-1]
            since = max(answered[0], last - self.task.proof_seconds, last - self._long)
            what = (self.task.filter_name, self.task.revision)
            # Where another one was there for a moment, it is the machines of before that ran.
            if any(one.ran_all_along(*what, since, last) and not one.came_back(*what, last) for one in pods):
                yield f"it ran the revision from {since:.1f} s to {last:.1f} s without a break"

    @property
    def _long(self) -> float:
        return 2 * self.sidecars.heartbeat_seconds + 2 * PAUSE_SECONDS

    def _all_run(self, said: dict[str, Object]) -> Iterator[str]:
        """Every pod that takes it is named, and runs it, or is named as one of which that may be left open."""
        left_open = LEFT_OPEN[self.task.proof]
        # On their way out, after the workload that made them.
        leaving = {
            pod["name"] for one in self.verdict.workloads if one.reason == "workload_deleted" for pod in one.pods
        }
        path = RESOURCES["Pod"].path(self.name)
        lists = [one.time for one in self.record.served if one.request.path == path and one.error is None]
        listed = max((time for time in lists if time <= self.end), default=None)
        for pod in said.values():
            if pod["name"] in leaving:
                continue
            if pod["proof"] != "proved" and not (pod["proof"] == "unproved" and pod["reason"] in left_open):
                yield f"pod {pod['name']} is {pod['proof']} ({pod['reason']}: {pod['message']})"
        if "" in said:
            return
        if listed is None:
            yield "nobody has looked for its pods"
            return
        for one in self.existed:
            metadata = one.pod["metadata"]
            # A Job's pod may be gone before it can be asked.
            meant = all(owner["kind"] != "Job" for owner in metadata.get("ownerReferences") or ())
            meant = meant and self.labels.items() <= (metadata.get("labels") or {}).items()
            meant = meant and (self.task.by_pods or injection.proxy_of(one.pod) is not None)
            there = one.created < min(listed, self._asked_for_pods) and one.gone == FOREVER
            # One that is not ready may be ill for reasons of its own, and is not waited for.
            ready_then = was_ready(self.history, one.pod, self._asked_for_pods)
            if meant and there and metadata["name"] not in said and ready_then:
                yield f"nothing is said of pod {metadata['name']}"

    @cached_property
    def _asked_for_pods(self) -> float:
        """When the LIST of pods was answered that the pages were asked by."""
        selector = ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))
        path = RESOURCES["Pod"].path(self.name)
        times = [
            one.time
            for one in self.record.served
            if one.request.path == path and one.request.label_selector == selector and one.error is None
        ]
        return max((time for time in times if time <= self.end), default=FOREVER)
