# SPDX-License-Identifier: Apache-2.0
"""Two runs at once in one namespace: one after the other, or one of them says that it did nothing."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import manifests, processes
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually

COUNT = 20
LABEL = "wasm-filters.openclarity.io/trace"
OURS = "wasm-filters.openclarity.io/filter=trace"
LEASE = "wasm-filter-trace"
GATE = "the gate"


class Started:
    """A playbook that runs while the test goes on."""

    def __init__(self, collection: Collection, playbook: str, namespace: str, **variables: Any) -> None:
        stem = collection.scratch / uuid.uuid4().hex
        self._result, self._output = stem.with_suffix(".json"), stem.with_suffix(".txt")
        # Until the last of them has begun to wait, the first has waited long on a slow machine.
        standing = {"wasm_filter_lock_seconds": 240, **(collection.standing if playbook == "deploy" else {})}
        content = {"namespaces": namespace, "wasm_filter_result_file": str(self._result), **standing, **variables}
        program = Path(sys.executable).parent / "ansible-playbook"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [str(program), f"playbooks/{playbook}.yml", "-e", json.dumps(content)],
                cwd=collection.checkout,
                env={**os.environ, **collection.environment, "KUBECONFIG": collection.kubectl.kubeconfig},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def over(self) -> Outcome:
        status = self.process.wait()
        found = json.loads(self._result.read_text()) if self._result.exists() else {}
        return Outcome(status, self.output, found)

    def kill(self) -> None:
        """With all that it has started."""
        processes.kill(self.process.pid)
        self.process.wait()


@pytest.fixture
def shop(kubectl: Kubectl, new_namespace: Callable[..., str]) -> str:
    """Many workloads."""
    name = new_namespace("together")
    kubectl.apply(*(manifests.workload(name, f"w{number}", pod=manifests.KWOK) for number in range(COUNT)))
    kubectl.rolled(name, *(f"deployment/w{number}" for number in range(COUNT)))
    return name


def lease_of(namespace: str, holder: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "openclarity.wasm_filters", "wasm-filters.openclarity.io/filter": "trace"}
    metadata = {"name": LEASE, "namespace": namespace, "labels": labels}
    time = "2026-01-02T03:04:05.000000Z"
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 600, "acquireTime": time, "renewTime": time}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def at_once(kubectl: Kubectl, namespace: str, *begin: Callable[[], Started]) -> tuple[list[Outcome], Outcome]:
    """What comes of runs that all wait for the namespace until it is free for them; and which of them was the last."""
    kubectl.apply(lease_of(namespace, GATE))
    with holders(kubectl, namespace) as seen:
        runs = [one() for one in begin]
        for one in runs:
            eventually("it waits", lambda one=one: f"waits: locked by {GATE}" in one.output)  # type: ignore[misc]
        kubectl("delete", "lease", "-n", namespace, LEASE)
        outcomes = [one.over() for one in runs]
        turns = eventually("each had its turn", lambda: seen() if len(seen()) > len(runs) else [])
    ids = {one.result["run"]["id"]: one for one in outcomes}
    gate, *order = [next((found for found in ids if found in holder), holder) for holder in turns]
    # One after the other, each once.
    assert gate == GATE and sorted(order) == sorted(ids)
    return outcomes, ids[order[-1]]


@contextmanager
def holders(kubectl: Kubectl, namespace: str) -> Iterator[Callable[[], list[str]]]:
    """Who had the Lease, one after the other, since the block began."""
    command = [str(kubectl.layout.bin / "kubectl"), "--kubeconfig", kubectl.kubeconfig, "get", "leases", "-w"]
    form = 'jsonpath={.spec.holderIdentity}{"\\n"}'
    with tempfile.NamedTemporaryFile() as output:
        watch = subprocess.Popen([*command, "-n", namespace, "-o", form], stdout=output)

        def seen() -> list[str]:
            return [who for who, _times in itertools.groupby(Path(output.name).read_text().splitlines())]

        try:
            eventually("the watch is open", seen)
            yield seen
        finally:
            watch.kill()
            watch.wait()


def labels(kubectl: Kubectl, namespace: str) -> list[str]:
    """The revision of each workload's template; "" for none."""
    found = kubectl.get("deployments", "-n", namespace)["items"]
    return [(one["spec"]["template"]["metadata"].get("labels") or {}).get(LABEL, "") for one in found]


def envoy_filters(kubectl: Kubectl, namespace: str) -> list[str]:
    found = kubectl.get("envoyfilters", "-n", namespace, "-l", OURS)["items"]
    return [one["metadata"]["name"] for one in found]


def revision(outcome: Outcome, namespace: str) -> str:
    """What a run says it has put there."""
    words: list[str] = outcome.namespaces[namespace]["message"].split()
    return words[words.index("revision") + 1]


def leases(kubectl: Kubectl, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kubectl.get("leases", "-n", namespace)["items"]
    return found


def test_two_deploys(kubectl: Kubectl, shop: str, collection: Collection) -> None:
    outcomes, last = at_once(
        kubectl,
        shop,
        lambda: Started(collection, "deploy", shop, wasm_filter_bodies="on"),
        lambda: Started(collection, "deploy", shop, wasm_filter_bodies="off"),
    )
    # Each had its turn; what there is in the end is of the one that was last, and whole.
    assert [one.verdicts for one in outcomes] == [{shop: "deployed"}] * 2, outcomes[0].output + outcomes[1].output
    assert revision(outcomes[0], shop) != revision(outcomes[1], shop)
    assert set(labels(kubectl, shop)) == {revision(last, shop)}
    # Each has changed each workload once.
    generations = {one["metadata"]["generation"] for one in kubectl.get("deployments", "-n", shop)["items"]}
    assert len(generations) == 1
    assert leases(kubectl, shop) == []


@pytest.mark.parametrize("first", ["inline", "configmap"])
def test_both_deliveries(kubectl: Kubectl, shop: str, collection: Collection, first: str) -> None:
    second = {"inline": "configmap", "configmap": "inline"}[first]
    outcomes, last = at_once(
        kubectl,
        shop,
        lambda: Started(collection, "deploy", shop, wasm_filter_delivery=first),
        lambda: Started(collection, "deploy", shop, wasm_filter_delivery=second),
    )
    assert [one.verdicts for one in outcomes] == [{shop: "deployed"}] * 2, outcomes[0].output + outcomes[1].output
    if "(inline)" in last.namespaces[shop]["message"]:
        assert envoy_filters(kubectl, shop) == ["trace-filter"]
    else:
        assert envoy_filters(kubectl, shop) == [f"trace-filter-{revision(last, shop)}"]
        assert set(labels(kubectl, shop)) == {revision(last, shop)}


def test_a_deploy_and_a_removal(kubectl: Kubectl, shop: str, collection: Collection) -> None:
    assert collection.deploy(shop, wasm_filter_bodies="off").status == 0
    (put, out), last = at_once(
        kubectl,
        shop,
        lambda: Started(collection, "deploy", shop, wasm_filter_bodies="on"),
        lambda: Started(collection, "remove", shop),
    )
    assert (put.verdicts, out.verdicts) == ({shop: "deployed"}, {shop: "removed"}), put.output + out.output
    if last is out:
        assert (set(labels(kubectl, shop)), envoy_filters(kubectl, shop)) == ({""}, [])
    else:
        assert set(labels(kubectl, shop)) == {revision(put, shop)}
        assert envoy_filters(kubectl, shop) == [f"trace-filter-{revision(put, shop)}"]


def test_who_has_it_is_named_and_nothing_is_touched(kubectl: Kubectl, shop: str, collection: Collection) -> None:
    kubectl.apply(lease_of(shop, "alice@bastion"))

    checked = collection.deploy(shop, "--check")
    outcome = collection.deploy(shop, wasm_filter_lock_seconds=1)

    since = "locked by alice@bastion since 2026-01-02T03:04:05Z"
    assert checked.verdicts == {shop: "deployed"} and since in checked.namespaces[shop]["message"]
    assert outcome.status == 2
    found = outcome.namespaces[shop]
    assert (found["verdict"], found["reason"], found["changed"]) == ("failed", "locked", False)
    assert since in found["message"] and since in outcome.output
    assert (set(labels(kubectl, shop)), envoy_filters(kubectl, shop)) == ({""}, [])
    assert [one["spec"]["holderIdentity"] for one in leases(kubectl, shop)] == ["alice@bastion"]


@pytest.fixture
def killed(kubectl: Kubectl, shop: str, collection: Collection) -> Iterator[str]:
    """A namespace of which some workloads were patched by a run that was killed."""
    started = Started(collection, "deploy", shop, wasm_filter_max_in_flight=1)
    try:
        eventually("some of its workloads are patched", lambda: len(set(labels(kubectl, shop))) > 1)
    finally:
        started.kill()
    yield shop


def test_a_run_that_was_killed_holds_up_the_next_until_its_lease_expires(
    kubectl: Kubectl, killed: str, collection: Collection
) -> None:
    (left,) = leases(kubectl, killed)
    assert len(set(labels(kubectl, killed))) > 1

    outcome = collection.deploy(killed)

    assert outcome.verdicts == {killed: "deployed"}, outcome.output
    assert f"waits: locked by {left['spec']['holderIdentity']}" in outcome.output
    assert set(labels(kubectl, killed)) == {revision(outcome, killed)}
    assert leases(kubectl, killed) == []
