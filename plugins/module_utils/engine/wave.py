"""One wave: many namespaces at a time, each with a verdict of its own.

deploy: read -> objects -> workloads -> wait -> garbage; remove: read -> workloads -> wait -> objects.
A failure ends its own namespace's way only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..cluster import rollout_wait, snapshot
from ..cluster.api import ClusterApi
from ..deliveries import workload_change
from ..deliveries.release import CONFIG_MAP, Release
from ..deliveries.workload_change import NONE, WorkloadChange
from ..domain import outcome
from ..domain.errors import ApiError, Conflict, WasmFilterError
from ..domain.names import FilterNames
from ..domain.outcome import NamespaceVerdict, WorkloadVerdict
from ..kinds.base import FAILED, HELD, ROLLED, ROLLING, WorkloadKind
from ..runner.progress import Report
from . import namespace_objects
from .namespace_run import NamespaceRun, WorkloadRun, concluded
from .pod_diagnosis import explain

WORKERS = 16
CONFLICT_RETRIES = 5
NOT_FOUND = 404


class OutOfTime(WasmFilterError):
    """The wave's time was over before this was begun."""

    reason = outcome.ROLLOUT_TIMEOUT


@dataclass
class Wave:
    """What every step of a wave needs."""

    api: ClusterApi
    names: FilterNames
    report: Report
    timeout_seconds: int
    pool: Executor
    plan: Callable[[dict[str, Any]], WorkloadChange]
    deadline: float

    def read(self, namespaces: list[str], unfit: dict[str, dict[str, str]]) -> tuple[list[NamespaceRun], Any]:
        """Refuse what preflight found unfit, LIST the rest."""
        in_all = snapshot.namespaces_of_cluster(self.api, []).in_all
        fit = [name for name in namespaces if name not in unfit]
        taken = snapshot.take(self.api, self.pool, self.names, fit, in_all)
        runs = []
        for name in namespaces:
            state = taken.namespaces.get(name) or snapshot.NamespaceState(name)
            run = NamespaceRun(state, NamespaceVerdict(name, outcome.UNCHANGED))
            if name in unfit:
                run.fail(unfit[name]["reason"], unfit[name]["message"])
            elif state.error is not None:
                run.fail(outcome.API_REFUSED, str(state.error))
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
                with _failure_of(run):
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
                        self._in_time()
                        entry.workload = {**entry.workload, **self._send(entry)}
                        self._patched(run, entry)
                    break
                except ApiError as error:
                    # Somebody else was faster: what we computed is about an object that is no more.
                    stale = isinstance(error, Conflict) or error.status == NOT_FOUND
                    if not stale or attempt == CONFLICT_RETRIES:
                        raise
                    if self._read_again(entry):
                        self._patched(run, entry)
                        break
        except Exception as error:
            entry.verdict.verdict, entry.verdict.to_revision = outcome.FAILED, entry.verdict.from_revision
            entry.verdict.reason, entry.verdict.message = _reason(error)
        # One that is on our revision already is waited for too: an earlier run may have been killed.
        ours = entry.change.body is not None or entry.change.to_revision != NONE
        if ours and entry.verdict.verdict in (outcome.DEPLOYED, outcome.REMOVED, outcome.UNCHANGED):
            entry.awaited = rollout_wait.Awaited(entry.kind, entry.workload, entry.change.body is not None)

    def _in_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise OutOfTime(f"not patched within {self.timeout_seconds} s")

    def _patched(self, run: NamespaceRun, entry: WorkloadRun) -> None:
        run.before[entry.label], run.after[entry.label] = entry.change.before, entry.change.after
        done = "would be patched" if self.api.dry_run else "patched"
        self.report(run.state.name, f"{entry.label} {done}", True)

    def _send(self, entry: WorkloadRun) -> dict[str, Any]:
        path = entry.kind.path(entry.workload["metadata"]["namespace"], entry.verdict.name)
        body = entry.change.body or {}
        # An apply body names its type, a merge patch does not.
        send = self.api.apply if "apiVersion" in body else self.api.merge_patch
        return send(path, body, self.names.field_manager)

    def _read_again(self, entry: WorkloadRun) -> bool:
        """Plan anew; True if the change is there already, as the answer to ours was lost on the way."""
        namespace = entry.workload["metadata"]["namespace"]
        fresh = self.api.get(entry.kind.path(namespace, entry.verdict.name))
        if fresh is None:
            reason, message = outcome.WORKLOAD_DELETED, "it was deleted meanwhile"
            entry.change = WorkloadChange(NONE, NONE, verdict=outcome.SKIPPED, reason=reason, message=message)
        else:
            entry.workload = fresh
            again = self.plan(fresh)
            if again.body is None and again.verdict == outcome.UNCHANGED:
                return True
            entry.change = again
        entry.verdict = _workload_verdict(entry.kind, entry.workload, entry.change)
        return False

    def wait(self, runs: list[NamespaceRun], versions: dict[tuple[str, str | None], str]) -> None:
        """Wait until all have rolled; those that have not by then fail their namespace."""
        going = [run for run in runs if not run.failed]

        def moved(awaited: rollout_wait.Awaited) -> None:
            rollout = awaited.rollout
            text = f"{awaited.kind.kind}/{awaited.key[2]} {_rollout_text(rollout)}"
            self.report(awaited.key[1], text, rollout.state == ROLLING)

        if not self.api.dry_run:
            waiting = [entry.awaited for run in going for entry in run.workloads if entry.awaited]
            rollout_wait.wait(self.api, waiting, versions, self.deadline, moved)
            list(self.pool.map(self._judge_namespace, going))

    def _judge_namespace(self, run: NamespaceRun) -> None:
        """Pods are read once for all workloads that are late, and only then."""
        awaited = [entry for entry in run.workloads if entry.awaited]
        late = [entry for entry in awaited if not entry.rolled]
        pods: list[dict[str, Any]] = []
        if late:
            # Without the reason the verdict is the same.
            with suppress(ApiError):
                pods, _version = self.api.list(f"/api/v1/namespaces/{run.state.name}/pods")
        for entry in awaited:
            self._judge(entry, pods)

    def _judge(self, entry: WorkloadRun, pods: list[dict[str, Any]]) -> None:
        if entry.awaited is None:
            return
        rollout = entry.awaited.rollout
        if entry.awaited.ill_before:
            entry.verdict.message = f"{rollout.message}, not changed by this run"
        elif rollout.state == HELD and entry.change.body is not None:
            entry.verdict.reason, entry.verdict.message = outcome.ROLLOUT_HELD, rollout.message
        elif rollout.state == FAILED or not entry.awaited.settled:
            timed_out = rollout.state != FAILED
            entry.verdict.verdict = outcome.FAILED
            entry.verdict.reason = outcome.ROLLOUT_TIMEOUT if timed_out else outcome.ROLLOUT_FAILED
            after = f" after {self.timeout_seconds} s" if timed_out else ""
            entry.verdict.message = f"{rollout.message}{after}{explain(pods, entry.workload)}"


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
            return workload_change.deploy(workload, release.names, release.revision, release.selector)
        return WorkloadChange(NONE, NONE)

    def ensure(run: NamespaceRun) -> None:
        namespace_objects.ensure(api, release, run.state, run.before, run.after)
        if run.before or run.after:
            done = "would be set" if api.dry_run else "set"
            objects = f"EnvoyFilter/{release.envoy_filter_name} and ConfigMap/{release.config_map_name}"
            report(run.state.name, f"{objects} {done}", False)

    def collect(run: NamespaceRun) -> None:
        if any(entry.verdict.verdict == outcome.FAILED for entry in run.workloads):
            return  # what is not rolled may have to go back
        for revision in namespace_objects.collect_garbage(api, release, run.state):
            run.before[f"revision {revision}"], run.after[f"revision {revision}"] = "kept", "deleted: no longer used"

    with ThreadPoolExecutor(WORKERS) as pool:
        wave = Wave(api, release.names, report, timeout_seconds, pool, plan, time.monotonic() + timeout_seconds)
        runs, taken = wave.read(namespaces, unfit)
        wave.objects(runs, ensure)
        wave.workloads(runs)
        wave.wait(runs, taken.watches)
        wave.objects(runs, collect)
    return [concluded(run, outcome.DEPLOYED, f"revision {release.revision} ({release.delivery})") for run in runs]


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
        if all(entry.verdict.verdict != outcome.FAILED for entry in run.workloads):
            run.before.update(namespace_objects.remove_config_maps(api, run.state))
        if run.before:
            done = "would be deleted" if api.dry_run else "deleted"
            report(run.state.name, f"EnvoyFilters and ConfigMaps {done}", False)

    with ThreadPoolExecutor(WORKERS) as pool:
        deadline = time.monotonic() + timeout_seconds
        wave = Wave(api, names, report, timeout_seconds, pool, lambda one: workload_change.remove(one, names), deadline)
        runs, taken = wave.read(namespaces, unfit)
        wave.workloads(runs)
        wave.wait(runs, taken.watches)
        wave.objects(runs, delete)
    return [concluded(run, outcome.REMOVED, "filter removed") for run in runs]


@contextmanager
def _failure_of(run: NamespaceRun) -> Iterator[None]:
    """What is raised inside is this namespace's failure, and nobody else's."""
    try:
        yield
    except Exception as error:
        run.fail(*_reason(error))


def _reason(error: Exception) -> tuple[str, str]:
    """(reason, message) of a failure."""
    if isinstance(error, WasmFilterError):
        return getattr(error, "reason", outcome.API_REFUSED), str(error)
    # A fault of ours, on an object that nobody foresaw: it must not stop the others.
    return outcome.CRASHED, f"{type(error).__name__}: {error}"


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
