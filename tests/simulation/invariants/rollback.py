# SPDX-License-Identifier: Apache-2.0
"""What fails goes back, as docs/verdicts.md ("What is taken back") has it, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import (
    NamespaceVerdict,
    WorkloadVerdict,
)

from tests.simulation import truth
from tests.simulation.going_back import is_back, revision_of
from tests.simulation.invariants import came_back, reasons
from tests.simulation.invariants.facts import Facts, facts_of
from tests.simulation.invariants.untouched import by_run
from tests.simulation.record import Record
from tests.simulation.resources import RESOURCES, Place, place_of_object
from tests.simulation.simulation import NODES, OBJECTS, Simulation
from tests.simulation.store import Change
from tests.simulation.traits import TEMPLATE
from tests.simulation.values import Object, at

WENT = ("rolled_back", "rollback_failed")
BY_CLUSTER = ("rollout_failed", "rollout_timeout", "changed_by_admission")
BY_FILTER = ("no_sidecar", "no_mount", "wrong_revision", "not_loaded", "not_running")
WAVE, WAS_ILL = "wave_failed", "it was ill before"
# After which a run does not write any more, or knows nothing of what it did.
ENDING = ("stopped", "lock_lost", "locked", "crashed", "api_refused")
MEDDLING = ("our object meddled with", "EnvoyFilter deleted", "namespace deleted", "object there already")


def workloads(record: Record) -> list[WorkloadVerdict]:
    """Those that went back, or were to."""
    return [one for verdict in record.verdicts for one in verdict.workloads if one.outcome in WENT]


def workloads_of(records: Sequence[Record]) -> list[WorkloadVerdict]:
    """The same of several runs."""
    return [one for record in records for one in workloads(record)]


def backs(record: Record) -> list[Change]:
    """What a run has taken back."""
    had = {place for place, entry in record.objects_before.items() if revision_of(entry) == record.task.revision}
    return [one for one in record.changes if by_run(record, one) and is_back(record.task, one, had)]


def check(simulation: Simulation, record: Record) -> Iterator[str]:
    task, found = record.task, backs(record)
    # A policy that drops a label looks like it.
    if found and not task.may_go_back and not record.faults(found[0].place.namespace, "webhook drops"):
        where = f"{found[0].place.resource.kind} {found[0].place.namespace}/{found[0].place.name}"
        yield f"{where} was taken back, and that was not asked for"
    if record.killed or task.dry_run:
        return
    if not task.may_go_back:
        went = [one.name for one in workloads(record)]
        went += [one.name for one in record.verdicts if one.outcome in WENT]
        yield from (f"{name} is said to have gone back, and nothing was to be taken back" for name in went)
        return
    for wave in task.waves:
        of_wave = OfWave(simulation, record, [one for one in record.verdicts if one.name in wave], found)
        yield from of_wave.violations()


class OfWave:
    """The namespaces of one wave."""

    def __init__(
        self, simulation: Simulation, record: Record, verdicts: Sequence[NamespaceVerdict], found: list[Change]
    ) -> None:
        self.simulation, self.record, self.task = simulation, record, record.task
        self.verdicts = verdicts
        names = {one.name for one in verdicts}
        self.backs = [one for one in found if one.place.namespace in names]
        self.said = [(verdict.name, one) for verdict in verdicts for one in verdict.workloads]
        self.by_filter = any(reason in BY_FILTER for reason in self._causes())

    def _causes(self, surely: bool = False) -> list[str]:
        """Why something of it went back, or was to, of what failed itself; not by what was ill before.

        :param surely: nor by what may have been.
        """
        cut_off = bool(self.record.stops) or any(one.reason in ENDING for one in self.verdicts)
        found = [
            str(one.reason)
            for name, one in self.said
            if (one.outcome in WENT or (cut_off and one.reason in BY_CLUSTER + BY_FILTER))
            and (one.reason in BY_FILTER or not self._ill(name, one, surely))
        ]
        if not self.task.by_pods:
            found += [str(one.reason) for one in self.verdicts if one.outcome in WENT]
        return [reason for reason in found if reason != WAVE]

    def _ill(self, namespace: str, said: WorkloadVerdict, maybe: bool) -> bool:
        if WAS_ILL in said.message:
            return True
        key = (said.kind, namespace, said.name)
        states = list(facts_of(self.record, *key).states()) if said.kind in truth.WORKLOADS else []
        return maybe and (self.simulation.scenario.ill(key) or (bool(states) and reasons.waits(states[0])))

    def violations(self) -> Iterator[str]:
        for name, one in self.said:
            if one.kind in truth.WORKLOADS:
                facts = facts_of(self.record, one.kind, name, one.name)
                for text in self._workload(facts, one):
                    said = f"{one.outcome} ({one.reason}: {one.message})"
                    yield f"{one.kind} {name}/{one.name} is said to be {said}: {text}"
        for verdict in self.verdicts:
            for text in self._namespace(verdict):
                yield f"{verdict.name} is said to be {verdict.outcome} ({verdict.reason}: {verdict.message}): {text}"

    def _workload(self, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
        taken = [one for one in self.backs if one.place == facts.place]
        if said.outcome in WENT:
            yield from self._why(facts, said)
            yield from came_back.check(self.simulation, self.record, facts, said)
            if self.task.by_pods and not facts.ours:
                yield "nothing of it was changed"
        elif taken and not facts.deleted and not self._cut_off(facts.place.namespace):
            yield "it was taken back"
        elif self._should_go(facts, said):
            yield f"it was to be taken back, by {self.task.on_failure}"
        if said.outcome == "rolled_back":
            yield from self._as_before(facts)
        elif said.outcome == "rollback_failed" and self.task.by_pods:
            yield from _says_what_to_do(said)

    def _why(self, facts: Facts, said: WorkloadVerdict) -> Iterator[str]:
        reason = str(said.reason)
        if reason in BY_CLUSTER:
            yield from reasons.of_workload(self.simulation, facts, said)
        elif reason in BY_FILTER:
            # Inline its namespace goes back, by whatever pod of it.
            pods = said.pods if self.task.by_pods else self._pods(facts.place.namespace)
            if not any(pod["proof"] == "disproved" and pod["reason"] == reason for pod in pods):
                yield "none of its pods is said to be so"
        elif reason != WAVE:
            yield "nothing goes back by that reason"
        elif self.task.on_failure == "rollback_workload":
            yield "only what failed itself was to go back"
        elif not (self.by_filter or self._some_gone or (self.task.on_failure == "rollback_wave" and self._causes())):
            yield f"nothing in its wave is a reason for that: {self._causes()}"

    @property
    def _some_gone(self) -> bool:
        """What was deleted says nothing any more of why it failed."""
        return any(one.reason == "workload_deleted" for _name, one in self.said)

    def _pods(self, namespace: str) -> list[Object]:
        own = [pod for verdict in self.verdicts if verdict.name == namespace for pod in verdict.pods]
        return own + [pod for name, one in self.said if name == namespace for pod in one.pods]

    def _should_go(self, facts: Facts, said: WorkloadVerdict) -> bool:
        """Was it changed by this run, and is it still, though it or its wave failed?"""
        before = self.record.before.get(facts.place)
        changed = [one for one in facts.ours if truth.label(one.after, self.task.filter_name) == self.task.revision]
        mended = before is not None and truth.label(before, self.task.filter_name) == self.task.revision
        if not changed or mended or facts.by_others or facts.deleted or self._cut_off(facts.place.namespace):
            return False
        itself = (said.outcome == "failed" and said.reason in BY_CLUSTER) or (
            any(pod["proof"] == "disproved" for pod in said.pods)
        )
        whole = self.by_filter if self.task.on_failure == "auto" else bool(self._causes(surely=True))
        whole = whole and self.task.on_failure != "rollback_workload" and said.outcome in ("deployed", "held")
        return itself or (whole and not self._ended_before(facts.place.namespace))

    def _cut_off(self, namespace: str) -> bool:
        """Whether a run could not go on with it, or did not know of what it had done."""
        lost = any(one.reason in ENDING for one in self.verdicts if one.name == namespace) or any(
            one.reason in ENDING for name, one in self.said if name == namespace
        )
        return lost or bool(self.record.stops)

    def _ended_before(self, namespace: str) -> bool:
        """Had it given back its lock when the first one was taken back; or not got it yet?"""
        first = min((one.time for one in self.backs), default=self.record.end)
        gone = [
            one.time
            for one in self.record.changes
            if one.place.resource.kind == "Lease" and one.place.namespace == namespace and one.type == "DELETED"
        ]
        got = [
            one.time
            for one in self.record.changes
            if one.place.resource.kind == "Lease" and one.place.namespace == namespace and by_run(self.record, one)
        ]
        return (bool(gone) and gone[-1] <= first) or min(got, default=first) > first

    def _as_before(self, facts: Facts) -> Iterator[str]:
        name, before = self.task.filter_name, self.record.before.get(facts.place)
        found = self.simulation.store.get(facts.place)
        if found is None:
            if not facts.deleted:
                yield "it is not there"
            return
        if self.task.by_pods and truth.label(found, name) == self.task.revision and not facts.by_others:
            yield "it is on the revision that failed"
        if facts.by_others or facts.deleted or before is None or self._orphaned(facts.place):
            return
        if self.record.faults(facts.place.namespace, "webhook drops") and _filtered(before):
            # Such a policy need not spare what is of other filters, or of a revision before.
            return
        if not truth.has_filter(before, name, truth.label(before, name)):
            # It was not wholly on what it had, and is now.
            return
        for key in ("labels", "annotations"):
            was, now = (at(entry, *TEMPLATE, key) or {} for entry in (before, found))
            if was != now:
                yield f"its template's {key} were {was}, and are {now}"
        was, now = (_kept(entry, name) for entry in (before, found))
        if was != now:
            yield f"its annotations were {was}, and are {now}"
        held = any(truth.held(state) for state in facts.states())
        uid = found["metadata"]["uid"]
        owned = self.simulation.cluster.owned
        if (
            self.task.by_pods
            and not held
            and uid not in self.record.rolled_at
            and not truth.rolled(owned, found, NODES)
        ):
            yield "its pods have not come back"

    def _orphaned(self, place: Place) -> bool:
        return any(one.version in self.record.orphans for one in self.record.changes_of(place))

    def _namespace(self, verdict: NamespaceVerdict) -> Iterator[str]:
        if verdict.outcome not in WENT:
            return
        if verdict.reason not in (*BY_CLUSTER, *BY_FILTER, WAVE):
            yield "nothing goes back by that reason"
        outcomes = {str(one.outcome) for one in verdict.workloads}
        if verdict.outcome == "rolled_back" and outcomes & {"failed", "rollback_failed"}:
            yield f"of its workloads some are {outcomes}"
        could_not = ("could not be taken back", came_back.BARE, came_back.WRONG)
        if verdict.outcome == "rollback_failed" and not any(text in verdict.message for text in could_not):
            yield "it does not say what could not be taken back"
        on_it = any(truth.label(entry, self.task.filter_name) == self.task.revision for entry in self._of(verdict.name))
        left = outcomes & {"deployed", "held", "unchanged", "skipped"} if self.task.by_pods else set()
        if verdict.outcome == "rolled_back" and not left and not (self.task.by_pods and on_it):
            yield from self._objects(verdict.name)

    def _of(self, namespace: str) -> Iterator[Object]:
        for kind in truth.WORKLOADS:
            yield from self.simulation.store.collection(RESOURCES[kind], namespace)

    def _objects(self, namespace: str) -> Iterator[str]:
        """As before the run, unless others have had their hands in it."""
        if self.record.faults(namespace, *MEDDLING) or self.record.orphans:
            return
        now = {
            place_of_object(entry): _content(entry)
            for kind in OBJECTS
            for entry in self.simulation.store.collection(RESOURCES[kind], namespace)
        }
        was = {
            place: _content(entry)
            for place, entry in self.record.objects_before.items()
            if place.namespace == namespace
        }
        for place in {**was, **now}:
            if was.get(place) != now.get(place):
                text = f"{place.resource.kind}/{place.name} was {was.get(place)}, and is {now.get(place)}"
                yield text[:600]


def _filtered(entry: Object) -> bool:
    """Whether there was anything of ours in a pod template."""
    labels = at(entry, *TEMPLATE, "labels") or {}
    return "wasm-filter" in str(truth.texts(entry)) or any(key.startswith(truth.DOMAIN) for key in labels)


def _content(entry: Object) -> Object:
    labels, annotations = (at(entry, "metadata", key) or {} for key in ("labels", "annotations"))
    rest = {key: value for key, value in entry.items() if key not in ("metadata", "apiVersion", "kind")}
    return {"labels": labels, "annotations": annotations, **rest}


def _kept(entry: Object, filter_name: str) -> Object:
    """What a workload keeps of ours. A list of three forgets its last one when another comes before it."""
    annotations = entry["metadata"].get("annotations") or {}
    found: Object = {key: text for key, text in annotations.items() if key.startswith(truth.DOMAIN)}
    previous = f"{truth.DOMAIN}/{filter_name}.previous"
    return {**found, previous: found[previous].split(",")[:2]} if previous in found else found


def _says_what_to_do(said: WorkloadVerdict) -> Iterator[str]:
    if came_back.BARE in said.message or came_back.WRONG in said.message:
        return
    _why, could_not, because = said.message.partition("could not be taken back: ")
    if not could_not or not because.strip():
        yield "it does not say what could not be taken back"
    waits = any(text in because for text in ("updated", "ready", "available"))
    if said.kind == "StatefulSet" and waits and "delete " not in because:
        yield "it does not say which pod has to be deleted"
