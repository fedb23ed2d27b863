# SPDX-License-Identifier: Apache-2.0
"""Requests are turned away, watches are cut, answers are lost: a deploy and a removal still do each thing once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.client import Mesh
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_faults import fleet, patched
from tests.faults.proxy import Proxy
from tests.faults.troubles import Bursts, CutWatches, LostAnswers, Trouble

COUNT = 12


def met(trouble: Trouble) -> int:
    """How much trouble there was."""
    if isinstance(trouble, Bursts):
        return sum(trouble.met.values())
    if isinstance(trouble, LostAnswers):
        return len(trouble.lost)
    return trouble.count if isinstance(trouble, CutWatches) else 0


def generations(kubectl: Kubectl, namespace: str) -> list[int]:
    """How often each has been changed, its creation included."""
    return [one["metadata"]["generation"] for one in kubectl.get("deployments", "-n", namespace)["items"]]


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: Bursts(seed=1, share=0.6, seconds=1.5),
        lambda: CutWatches(events=2, seconds=1.0),
        lambda: LostAnswers(seed=3),
    ],
    ids=["bursts", "cut_watches", "lost_answers"],
)
@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_each_workload_is_changed_once(
    mesh: Mesh,
    kubectl: Kubectl,
    new_namespace: Callable[..., str],
    collection: Collection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[], Trouble],
    delivery: str,
) -> None:
    # The client caches by address, and this is one that is soon gone.
    monkeypatch.setitem(collection.environment, "TMPDIR", str(tmp_path))
    shop = new_namespace("wire")
    fleet(kubectl, shop, COUNT)
    generation = 1
    with Proxy(mesh.layout.kubeconfig, tmp_path) as proxy:
        for run, verdict in (
            (lambda: collection.deploy(shop, kubeconfig=proxy.kubeconfig, wasm_filter_delivery=delivery), "deployed"),
            (lambda: collection.remove(shop, kubeconfig=proxy.kubeconfig), "removed"),
        ):
            proxy.trouble = trouble()
            outcome = run()
            assert (outcome.status, outcome.verdicts) == (0, {shop: verdict}), outcome.output
            # With inline nothing is rolled, so there may be nothing to watch.
            assert met(proxy.trouble) or (delivery == "inline" and isinstance(proxy.trouble, CutWatches))
            generation += delivery == "configmap"
            assert generations(kubectl, shop) == [generation] * COUNT
            assert len(patched(kubectl, shop)) == (COUNT if (verdict, delivery) == ("deployed", "configmap") else 0)
            assert kubectl.get("leases", "-n", shop)["items"] == []
