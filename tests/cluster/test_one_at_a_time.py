"""Two runs at once in one namespace: one after the other, or one of them says that it did nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually

COUNT = 20
LABEL = "wasm-filters.openclarity.io/trace"
OURS = "wasm-filters.openclarity.io/filter=trace"
LEASE = "wasm-filter-trace"
Run = Callable[[], Outcome]


@pytest.fixture
def shop(kubectl: Kubectl, new_namespace: Callable[..., str]) -> str:
    """Many workloads."""
    name = new_namespace("together")
    kubectl.apply(*(manifests.workload(name, f"w{number}", pod=manifests.KWOK) for number in range(COUNT)))
    kubectl.rolled(name, *(f"deployment/w{number}" for number in range(COUNT)))
    return name


def at_once(*runs: Run) -> list[Outcome]:
    """All begin at the same moment."""
    together = threading.Barrier(len(runs))

    def begin(run: Run) -> Outcome:
        together.wait()
        return run()

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(begin, runs))


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
    one, two = at_once(
        lambda: collection.deploy(shop, wasm_filter_bodies="on"),
        lambda: collection.deploy(shop, wasm_filter_bodies="off"),
    )
    # Each had its turn, and waited for it; what there is in the end is of the one that was last, and whole.
    assert one.verdicts == two.verdicts == {shop: "deployed"}, one.output + two.output
    (last,) = set(labels(kubectl, shop))
    assert last in (revision(one, shop), revision(two, shop))
    assert revision(one, shop) != revision(two, shop)
    first = one if last == revision(two, shop) else two
    waited = two if first is one else one
    assert "waits: locked by " in waited.output and "waits: " not in first.output
    # Neither has undone a workload of the other while that one was at work.
    generations = {one["metadata"]["generation"] for one in kubectl.get("deployments", "-n", shop)["items"]}
    assert len(generations) == 1
    assert leases(kubectl, shop) == []


@pytest.mark.parametrize("first", ["inline", "configmap"])
def test_both_deliveries(kubectl: Kubectl, shop: str, collection: Collection, first: str) -> None:
    second = {"inline": "configmap", "configmap": "inline"}[first]
    runs = at_once(
        lambda: collection.deploy(shop, wasm_filter_delivery=first),
        lambda: collection.deploy(shop, wasm_filter_delivery=second),
    )
    assert [one.verdicts for one in runs] == [{shop: "deployed"}] * 2, runs[0].output + runs[1].output
    waited = next(one for one in runs if "waits: locked by " in one.output)
    (name,) = envoy_filters(kubectl, shop)
    if "(inline)" in waited.namespaces[shop]["message"]:
        assert name == "trace-filter"
    else:
        assert name == f"trace-filter-{revision(waited, shop)}"
        assert set(labels(kubectl, shop)) == {revision(waited, shop)}


def test_a_deploy_and_a_removal(kubectl: Kubectl, shop: str, collection: Collection) -> None:
    assert collection.deploy(shop, wasm_filter_bodies="off").status == 0
    put, out = at_once(
        lambda: collection.deploy(shop, wasm_filter_bodies="on"),
        lambda: collection.remove(shop),
    )
    assert (put.verdicts, out.verdicts) == ({shop: "deployed"}, {shop: "removed"}), put.output + out.output
    if "waits: locked by " in out.output:
        assert (set(labels(kubectl, shop)), envoy_filters(kubectl, shop)) == ({""}, [])
    else:
        assert set(labels(kubectl, shop)) == {revision(put, shop)}
        assert envoy_filters(kubectl, shop) == [f"trace-filter-{revision(put, shop)}"]


def lease_of(namespace: str, holder: str, seconds: int) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "openclarity.wasm_filters", "wasm-filters.openclarity.io/filter": "trace"}
    metadata = {"name": LEASE, "namespace": namespace, "labels": labels}
    time = "2026-01-02T03:04:05.000000Z"
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": time, "renewTime": time}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def test_who_has_it_is_named_and_nothing_is_touched(kubectl: Kubectl, shop: str, collection: Collection) -> None:
    kubectl.apply(lease_of(shop, "alice@bastion", 600))

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
    """A deploy that holds the Lease is killed, with all that it has started."""
    command = [
        f"{os.path.dirname(os.sys.executable)}/ansible-playbook",  # type: ignore[attr-defined]
        "playbooks/deploy.yml",
        *("-e", f"namespaces={shop}"),
        *("-e", f"wasm_filter_trace_backend_address={collection.backend}"),
        *("-e", "wasm_filter_max_in_flight=1"),
    ]
    environment = {**os.environ, **collection.environment, "KUBECONFIG": kubectl.kubeconfig}
    started = subprocess.Popen(
        command,
        cwd=collection.checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually("some of its workloads are patched", lambda: len(set(labels(kubectl, shop))) > 1)
    finally:
        for process in descendants(started.pid):
            os.kill(process, signal.SIGKILL)
        started.wait()
    yield shop


def descendants(process: int) -> list[int]:
    """It and all that it has started, whatever session they are in."""
    found = [process]
    for line in subprocess.check_output(["ps", "-e", "-o", "pid=,ppid="], text=True).splitlines():
        child, parent = map(int, line.split())
        if parent == process:
            found += descendants(child)
    return found


def test_a_run_that_was_killed_holds_up_the_next_until_its_lease_expires(
    kubectl: Kubectl, killed: str, collection: Collection
) -> None:
    (left,) = leases(kubectl, killed)
    assert left["spec"]["holderIdentity"]
    assert len(set(labels(kubectl, killed))) > 1

    outcome = collection.deploy(killed)

    assert outcome.verdicts == {killed: "deployed"}, outcome.output
    assert f"waits: locked by {left['spec']['holderIdentity']}" in outcome.output
    assert set(labels(kubectl, killed)) == {revision(outcome, killed)}
    assert leases(kubectl, killed) == []
