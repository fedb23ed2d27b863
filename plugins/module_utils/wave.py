"""One wave: many namespaces at a time, each with a verdict of its own.

deploy: read -> objects -> workloads -> wait -> garbage; remove: read -> workloads -> wait -> objects.
A failure ends its own namespace's way only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import namespace_objects, rollout_wait, snapshot, verdict, workload_patch
from .cluster_api import ClusterApi
from .errors import ApiError, Conflict, Forbidden, WasmFilterError
from .names import FilterNames
from .pod_trouble import explain
from .progress import Report
from .release import CONFIG_MAP, Release
from .verdict import NamespaceVerdict, WorkloadVerdict
from .workload_kinds.kind import FAILED, HELD, ROLLED, WorkloadKind
from .workload_patch import NONE, WorkloadChange

WORKERS = 16
CONFLICT_RETRIES = 5
NOT_FOUND = 404


@dataclass
class WorkloadRun:
    """One workload on its way through a wave."""

    kind: WorkloadKind
    workload: dict[str, Any]
    change: WorkloadChange
    verdict: WorkloadVerdict
    awaited: rollout_wait.Awaited | None = None

    @property
    def label(self) -> str:
        return f"{self.kind.kind}/{self.verdict.name}"


@dataclass
class NamespaceRun:
    """One namespace on its way through a wave."""

    state: snapshot.NamespaceState
    verdict: NamespaceVerdict
    workloads: list[WorkloadRun] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.verdict.verdict == verdict.FAILED

    def fail(self, reason: str, message: str) -> None:
        self.verdict.verdict, self.verdict.reason, self.verdict.message = verdict.FAILED, reason, message


@dataclass
class Wave:
    """What every step of a wave needs."""

    api: ClusterApi
    names: FilterNames
    report: Report
    timeout_seconds: int
    pool: Executor
    plan: Callable[[dict[str, Any]], WorkloadChange]

    def read(self, namespaces: list[str], unfit: dict[str, dict[str, str]]) -> tuple[list[NamespaceRun], Any]:
        """Refuse what preflight found unfit, LIST the rest."""
        in_all = snapshot.namespaces_of_cluster(self.api, []).in_all
        fit = [name for name in namespaces if name not in unfit]
        taken = snapshot.take(self.api, self.pool, self.names, fit, in_all)
        runs = []
        for name in namespaces:
            state = taken.namespaces.get(name) or snapshot.NamespaceState(name)
            run = NamespaceRun(state, NamespaceVerdict(name, verdict.UNCHANGED))
            if name in unfit:
                run.fail(unfit[name]["reason"], unfit[name]["message"])
            elif state.error is not None:
                run.fail(verdict.API_REFUSED, str(state.error))
            runs.append(run)
        return runs, taken

    def objects(self, runs: list[NamespaceRun], step: Callable[[NamespaceRun], None]) -> None:
        """Run one step for all namespaces that have not failed, side by side."""

        def guarded(run: NamespaceRun) -> None:
            with _failure_of(run):
                step(run)

        list(self.pool.map(guarded, [run for run in runs if not run.failed]))

    def workloads(self, runs: list[NamespaceRun]) -> None:
        """Plan and send one request per workload that has to change, all side by side."""
        jobs = []
        for run in runs:
            if not run.failed:
                run.workloads = [self._planned(kind, workload) for kind, workload in run.state.workloads]
                jobs += [(run, entry) for entry in run.workloads]
        list(self.pool.map(lambda job: self._change(*job), jobs))

    def _planned(self, kind: WorkloadKind, workload: dict[str, Any]) -> WorkloadRun:
        change = self.plan(workload)
        return WorkloadRun(kind, workload, change, _workload_verdict(kind, workload, change))

    def _change(self, run: NamespaceRun, entry: WorkloadRun) -> None:
        try:
            for attempt in range(CONFLICT_RETRIES + 1):
                try:
                    if entry.change.body is not None:
                        entry.workload = {**entry.workload, **self._send(entry)}
                        run.before[entry.label], run.after[entry.label] = entry.change.before, entry.change.after
                        self.report(run.state.name, f"{entry.label} patched")
                    break
                except ApiError as error:
                    # Somebody else was faster: what we computed is about an object that is no more.
                    stale = isinstance(error, Conflict) or error.status == NOT_FOUND
                    if not stale or attempt == CONFLICT_RETRIES:
                        raise
                    self._read_again(entry)
        except ApiError as error:
            entry.verdict.verdict, entry.verdict.reason = verdict.FAILED, verdict.API_REFUSED
            entry.verdict.message, entry.verdict.to_revision = str(error), entry.verdict.from_revision
        # One that is on our revision already is waited for too: an earlier run may have been killed.
        ours = entry.change.body is not None or entry.change.to_revision != NONE
        if ours and entry.verdict.verdict in (verdict.DEPLOYED, verdict.REMOVED, verdict.UNCHANGED):
            entry.awaited = rollout_wait.Awaited(entry.kind, entry.workload)

    def _send(self, entry: WorkloadRun) -> dict[str, Any]:
        path = entry.kind.path(entry.workload["metadata"]["namespace"], entry.verdict.name)
        body = entry.change.body or {}
        # An apply body names its type, a merge patch does not.
        send = self.api.apply if "apiVersion" in body else self.api.merge_patch
        return send(path, body, self.names.field_manager)

    def _read_again(self, entry: WorkloadRun) -> None:
        namespace = entry.workload["metadata"]["namespace"]
        fresh = self.api.get(entry.kind.path(namespace, entry.verdict.name))
        if fresh is None:
            reason, message = verdict.WORKLOAD_DELETED, "it was deleted meanwhile"
            entry.change = WorkloadChange(NONE, NONE, verdict=verdict.SKIPPED, reason=reason, message=message)
        else:
            entry.workload = fresh
            entry.change = self.plan(fresh)
        entry.verdict = _workload_verdict(entry.kind, entry.workload, entry.change)

    def wait(self, runs: list[NamespaceRun], versions: dict[tuple[str, str | None], str]) -> None:
        """Wait until all have rolled; those that have not by then fail their namespace."""
        entries = {
            entry.awaited.key: (run, entry)
            for run in runs
            if not run.failed
            for entry in run.workloads
            if entry.awaited
        }

        def moved(awaited: rollout_wait.Awaited) -> None:
            rollout = awaited.rollout
            self.report(awaited.key[1], f"{awaited.kind.kind}/{awaited.key[2]} {_rollout_text(rollout)}")

        if not self.api.dry_run:
            deadline = time.monotonic() + self.timeout_seconds
            waiting = [entry.awaited for _run, entry in entries.values() if entry.awaited]
            rollout_wait.wait(self.api, waiting, versions, deadline, moved)
            for run, entry in entries.values():
                self._judge(run, entry)

    def _judge(self, run: NamespaceRun, entry: WorkloadRun) -> None:
        if entry.awaited is None:
            return
        rollout = entry.awaited.rollout
        if rollout.state == HELD and entry.change.body is not None:
            entry.verdict.reason, entry.verdict.message = verdict.ROLLOUT_HELD, rollout.message
        elif rollout.state == FAILED or not entry.awaited.settled:
            timed_out = rollout.state != FAILED
            entry.verdict.verdict = verdict.FAILED
            entry.verdict.reason = verdict.ROLLOUT_TIMEOUT if timed_out else verdict.ROLLOUT_FAILED
            after = f" after {self.timeout_seconds} s" if timed_out else ""
            trouble = explain(self.api, run.state.name, entry.workload)
            entry.verdict.message = f"{rollout.message}{after}{trouble}"


def deploy(
    api: ClusterApi,
    release: Release,
    namespaces: list[str],
    unfit: dict[str, dict[str, str]],
    timeout_seconds: int,
    report: Report,
) -> list[NamespaceVerdict]:
    """Put a release into namespaces; the verdicts are in the order of `namespaces`."""

    def plan(workload: dict[str, Any]) -> WorkloadChange:
        if release.delivery == CONFIG_MAP:
            return workload_patch.deploy(workload, release.names, release.revision)
        return WorkloadChange(NONE, NONE)

    def ensure(run: NamespaceRun) -> None:
        before, after = namespace_objects.ensure(api, release, run.state)
        run.before.update(before)
        run.after.update(after)
        if before or after:
            report(
                run.state.name, f"EnvoyFilter/{release.envoy_filter_name} and ConfigMap/{release.config_map_name} set"
            )

    def collect(run: NamespaceRun) -> None:
        if any(entry.verdict.verdict == verdict.FAILED for entry in run.workloads):
            return  # what is not rolled may have to go back
        for revision in namespace_objects.collect_garbage(api, release, run.state):
            run.before[f"revision {revision}"], run.after[f"revision {revision}"] = "kept", "deleted: no longer used"

    with ThreadPoolExecutor(WORKERS) as pool:
        wave = Wave(api, release.names, report, timeout_seconds, pool, plan)
        runs, taken = wave.read(namespaces, unfit)
        wave.objects(runs, ensure)
        wave.workloads(runs)
        wave.wait(runs, taken.watches)
        wave.objects(runs, collect)
    return [_concluded(run, verdict.DEPLOYED, f"revision {release.revision} ({release.delivery})") for run in runs]


def remove(
    api: ClusterApi,
    names: FilterNames,
    namespaces: list[str],
    unfit: dict[str, dict[str, str]],
    timeout_seconds: int,
    report: Report,
) -> list[NamespaceVerdict]:
    """Take a filter out of namespaces: workloads as they were before, then the objects."""

    def delete(run: NamespaceRun) -> None:
        run.before.update(namespace_objects.remove_envoy_filters(api, run.state))
        if all(entry.verdict.verdict != verdict.FAILED for entry in run.workloads):
            run.before.update(namespace_objects.remove_config_maps(api, run.state))
        if run.before:
            report(run.state.name, "EnvoyFilters and ConfigMaps deleted")

    with ThreadPoolExecutor(WORKERS) as pool:
        wave = Wave(api, names, report, timeout_seconds, pool, lambda workload: workload_patch.remove(workload, names))
        runs, taken = wave.read(namespaces, unfit)
        wave.workloads(runs)
        wave.wait(runs, taken.watches)
        wave.objects(runs, delete)
    return [_concluded(run, verdict.REMOVED, "filter removed") for run in runs]


@contextmanager
def _failure_of(run: NamespaceRun) -> Iterator[None]:
    """What is raised inside is this namespace's failure, and nobody else's."""
    try:
        yield
    except Forbidden as error:
        run.fail(verdict.API_REFUSED, str(error))
    except WasmFilterError as error:
        run.fail(getattr(error, "reason", verdict.API_REFUSED), str(error))


def _workload_verdict(kind: WorkloadKind, workload: dict[str, Any], change: WorkloadChange) -> WorkloadVerdict:
    return WorkloadVerdict(
        kind.kind,
        workload["metadata"]["name"],
        change.verdict,
        change.from_revision,
        change.to_revision,
        change.reason,
        change.message,
    )


def _rollout_text(rollout: Any) -> str:
    return (
        f"rolled, {rollout.total} {'pod' if rollout.total == 1 else 'pods'}"
        if rollout.state == ROLLED
        else rollout.message
    )


def _concluded(run: NamespaceRun, done: str, what: str) -> NamespaceVerdict:
    """The namespace's verdict from those of its workloads, and the sentence of the recap."""
    result = run.verdict
    result.workloads = [entry.verdict for entry in run.workloads]
    result.changed = bool(run.before or run.after)
    result.diff = {"before": run.before, "after": run.after}
    bad = [entry for entry in run.workloads if entry.verdict.verdict == verdict.FAILED]
    patched = sum(1 for entry in run.workloads if entry.change.body is not None and entry not in bad)
    skipped = [entry for entry in run.workloads if entry.verdict.verdict == verdict.SKIPPED]
    held = [entry for entry in run.workloads if entry.verdict.reason == verdict.ROLLOUT_HELD]
    restarts = any(entry.change.to_revision != NONE or entry.change.from_revision != NONE for entry in run.workloads)
    counts = [f"{patched} of {len(run.workloads)} workloads patched" if restarts else "no workload restarted"]
    counts += [f"{len(skipped)} skipped ({', '.join(_named(skipped))})"] if skipped else []
    counts += [f"{len(held)} held back ({', '.join(_named(held))})"] if held else []
    if bad and not run.failed:
        rest = f"; {patched} {'other' if patched == 1 else 'others'} done" if patched else ""
        message = "; ".join(f"{entry.label}: {entry.verdict.message}" for entry in bad)
        run.fail(bad[0].verdict.reason, f"{message}{rest}")
    elif not run.failed:
        result.verdict = done if result.changed else verdict.UNCHANGED
        result.message = f"{what}, {', '.join(counts)}" if result.changed else f"nothing to do, {what}"
    return result


def _named(entries: list[WorkloadRun]) -> list[str]:
    return [f"{entry.label}: {entry.verdict.reason}" for entry in entries]
