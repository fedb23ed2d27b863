# SPDX-License-Identifier: Apache-2.0
"""The simulation is held against the real API server and controllers: the same runs in both, and equal verdicts."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner import loop
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.executor import Executor

from tests.cluster import manifests, policies
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.scenarios import POLICY, Group, Scenario, groups
from tests.simulation import scenario as simulated
from tests.simulation.simulation import Simulation
from tests.simulation.tasks import Task
from tests.simulation.traits import TEMPLATE, VOLUME
from tests.simulation.values import Object, at, put

PREFIX = f"sim-{uuid.uuid4().hex[:6]}"
GROUPS = groups(PREFIX)
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


class Real:
    """Runs on the mesh, by the client and the executor that a user's runs have."""

    def __init__(self, kubectl: Kubectl) -> None:
        from kubernetes import config, dynamic  # without it the module is not importable on a controller either

        client = config.new_client_from_config(config_file=kubectl.kubeconfig)
        self._dynamic = dynamic.DynamicClient(client)

    def run(self, task: Task) -> list[NamespaceVerdict]:
        machine = task.run()
        api = ClusterApi(SimpleNamespace(client=self._dynamic, dry_run=task.dry_run))
        loop.run(machine, Executor(api, lambda _tell: None))
        return machine.verdicts()


class Simulated:
    """The same scenarios in the simulation."""

    def __init__(self, group: Group) -> None:
        whole = simulated.Scenario()
        for one in group.scenarios:
            whole.objects.append(manifests.namespace(one.name))
            whole.objects += [_as_it_would_be(entry) for entry in one.objects]
            whole.traits |= one.traits
        self._policies = {one.name: one.policy for one in group.scenarios}
        self._simulation = Simulation(whole, random.Random(1), start_seconds=(0.05, 0.3))
        self._simulation.server.admission.append(self._admit)

    def run(self, task: Task) -> list[NamespaceVerdict]:
        found = self._simulation.carry_out(task).verdicts
        self._simulation.settle(1.0)
        return found

    def _admit(self, operation: str, _before: Object | None, after: Object) -> Object:
        policy = self._policies.get(after["metadata"].get("namespace", ""), "")
        if after["kind"] not in WORKLOADS or operation != "UPDATE" or not policy:
            return after
        if policy == "refuse" and policies.LABEL in (at(after, *TEMPLATE, "labels") or {}):
            raise api_error("patch", 422, "denied")
        annotations = at(after, *TEMPLATE, "annotations") or {}
        kept = {key: text for key, text in annotations.items() if key != VOLUME or policy != "drop"}
        return put(after, *TEMPLATE, "annotations", kept)


def _as_it_would_be(entry: Object) -> Object:
    """What the cluster makes of it by itself: a Job has a pod, and a pod that is injected says so."""
    namespace = entry["metadata"]["namespace"]
    status = {"annotations": {"sidecar.istio.io/status": "{}"}}
    if entry["kind"] == "Job":
        owner = {"kind": "Job", "name": entry["metadata"]["name"], "uid": "uid-job", "controller": True}
        metadata = {"name": "lone-x", "namespace": namespace, "ownerReferences": [owner], **status}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    if entry["kind"] == "Pod":
        return {**entry, "metadata": {**entry["metadata"], **status}}
    return entry


@pytest.fixture(scope="module")
def real(kubectl: Kubectl) -> Iterator[Real]:
    """All scenarios, in the mesh, as they are before the first run."""
    scenarios = [one for group in GROUPS for one in group.scenarios]
    guards = policies.of_namespaces(PREFIX)
    try:
        kubectl.apply(*[_namespace(one) for one in scenarios], *guards)
        kubectl.apply(*[_without_deletion(entry) for one in scenarios for entry in one.objects])
        leaving = [entry for one in scenarios for entry in one.objects if entry["metadata"].get("finalizers")]
        for entry in leaving:
            kubectl("delete", "-n", entry["metadata"]["namespace"], _label(entry), "--wait=false")
        eventually("all are at rest", lambda: not _restless(kubectl, scenarios))
        yield Real(kubectl)
    finally:
        kubectl(
            "delete",
            "--wait=false",
            "--ignore-not-found",
            *[f"{one['kind']}/{one['metadata']['name']}" for one in guards],
        )
        for entry in (entry for one in scenarios for entry in one.objects if entry["metadata"].get("finalizers")):
            patch = '{"metadata":{"finalizers":null}}'
            kubectl(
                "patch", "-n", entry["metadata"]["namespace"], _label(entry), "--type=merge", "-p", patch, check=False
            )
        kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *[one.name for one in scenarios])


def _namespace(one: Scenario) -> Object:
    entry: Object = manifests.namespace(one.name)
    return put(entry, "metadata", "labels", POLICY, f"{PREFIX}-{one.policy}") if one.policy else entry


def _without_deletion(entry: Object) -> Object:
    metadata = {key: value for key, value in entry["metadata"].items() if key != "deletionTimestamp"}
    return {**entry, "metadata": metadata}


def _label(entry: Object) -> str:
    return f"{entry['kind']}/{entry['metadata']['name']}"


def _restless(kubectl: Kubectl, scenarios: list[Scenario]) -> list[str]:
    """Workloads whose pods are still on their way; those of some never get there."""
    never = {
        key
        for one in scenarios
        for key, chosen in one.traits.items()
        if any(trait.ill or trait.failed for trait in chosen)
    }
    found: list[Any] = kubectl.get(",".join(WORKLOADS), "--all-namespaces")["items"]
    there = {(entry["kind"], entry["metadata"]["namespace"], entry["metadata"]["name"]): entry for entry in found}
    keys = [key for one in scenarios for key in one.traits if key not in never]
    return [str(key) for key in keys if key not in there or not _rolled(there[key])]


def _rolled(entry: Object) -> bool:
    status, spec = entry.get("status", {}), entry["spec"]
    if entry["metadata"].get("deletionTimestamp"):
        return True
    if status.get("observedGeneration") != entry["metadata"]["generation"]:
        return False
    if spec.get("paused"):
        return True
    replicas = status.get("desiredNumberScheduled") if entry["kind"] == "DaemonSet" else spec["replicas"]
    return bool((status.get("numberAvailable") or status.get("availableReplicas") or 0) == replicas)


def _said(verdicts: list[NamespaceVerdict]) -> dict[str, Any]:
    """What a script would act on."""
    return {
        one.name: (
            str(one.outcome),
            one.changed,
            str(one.reason),
            sorted(
                (entry.kind, entry.name, str(entry.outcome), str(entry.reason), entry.from_revision, entry.to_revision)
                for entry in one.workloads
            ),
        )
        for one in verdicts
    }


def test_there_are_enough_scenarios() -> None:
    assert sum(len(group.scenarios) for group in GROUPS) >= 50


@pytest.mark.parametrize("index", range(len(GROUPS)))
def test_verdicts_are_equal(real: Real, index: int) -> None:
    group = GROUPS[index]
    twin = Simulated(group)
    for number, task in enumerate(group.tasks):
        one = replace(task)
        assert _said(real.run(one)) == _said(twin.run(one)), f"task {number + 1}: {one}"
