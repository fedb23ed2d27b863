# SPDX-License-Identifier: Apache-2.0
"""Faults in the middle of a run lose nothing: the run goes on, or the next one converges."""

from __future__ import annotations

import threading
from collections.abc import Callable

from testbed.client import Mesh
from tests.cluster import manifests
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl, eventually

POD_LABEL = "wasm-filters.openclarity.io/trace"


def fleet(kubectl: Kubectl, namespace: str, count: int) -> None:
    names = [f"web-{number}" for number in range(count)]
    kubectl.apply(*(manifests.workload(namespace, name, pod=manifests.KWOK) for name in names))
    kubectl.rolled(namespace, *(f"deployment/{name}" for name in names))


def patched(kubectl: Kubectl, namespace: str) -> list[str]:
    found = kubectl.get("deployments", "-n", namespace)["items"]
    return [item["metadata"]["name"] for item in found if POD_LABEL in item["spec"]["template"]["metadata"]["labels"]]


def test_a_killed_run_is_finished_by_the_next(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("killed")
    fleet(kubectl, shop, 12)
    collection.deploy_killed(shop, lambda: patched(kubectl, shop))

    outcome = collection.deploy(shop)

    assert outcome.status == 0, outcome.output
    assert len(patched(kubectl, shop)) == 12
    assert collection.deploy(shop).verdicts == {shop: "unchanged"}


def test_an_api_server_that_stands_still_for_a_while_is_waited_for(
    mesh: Mesh, kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("still")
    fleet(kubectl, shop, 12)
    first_patch, thawed = threading.Event(), threading.Event()

    def freeze() -> None:
        eventually("the first workload is patched", lambda: patched(kubectl, shop))
        first_patch.set()
        with mesh.paused("apiserver"):
            # Not a wait for something to happen: this is how long the fault lasts.
            thawed.wait(3)

    freezer = threading.Thread(target=freeze)
    freezer.start()
    outcome = collection.deploy(shop)
    freezer.join()

    assert first_patch.is_set() and outcome.status == 0, outcome.output
    assert len(patched(kubectl, shop)) == 12


def test_a_workload_that_others_keep_changing_is_patched_all_the_same(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("busy")
    fleet(kubectl, shop, 3)
    stop = threading.Event()

    def meddle() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            kubectl("annotate", "deployment", "--all", "-n", shop, f"busy={number}", "--overwrite")

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        outcome = collection.deploy(shop)
    finally:
        stop.set()
        meddler.join()
    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    annotations = kubectl.get("deployments", "-n", shop)["items"][0]["metadata"]["annotations"]
    assert "busy" in annotations and f"{POD_LABEL}.original" in annotations
