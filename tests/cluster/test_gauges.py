# SPDX-License-Identifier: Apache-2.0
"""What a sidecar's Prometheus page says of the filter, and whether it is the truth: after a swap, a trap, a removal."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.paths import CHECKOUT
from tests.cluster import trapping
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod
from tests.cluster.test_safety import proxy_log

TRUTH_SECONDS = 15
# One worker, as another one's heartbeat would say nothing of the one that is looked at; and a short drain time.
SIDECAR = {"proxy.istio.io/config": "concurrency: 1\ndrainDuration: 5s"}
# The test mesh adds a regular expression to what Istio includes by default; this takes its place.
DEFAULT_INCLUSION = {"sidecar.istio.io/statsInclusionRegexps": "no-such-metric"}
RELOADED = "envoy_wasm_wasm_filters_openclarity_io_trace_vm_reload_success"


class Sidecar:
    """The filter in the sidecar of a namespace's only pod."""

    def __init__(self, kubectl: Kubectl, collection: Collection, namespace: str) -> None:
        self.kubectl, self.collection, self.namespace = kubectl, collection, namespace
        self.pod = only_pod(kubectl, namespace)["metadata"]["name"]

    def deploy(self, **variables: str) -> str:
        """The revision that was deployed, whether it runs or not."""
        outcome = self.collection.deploy(self.namespace, wasm_filter_delivery="inline", **variables)
        assert outcome.status == 0, outcome.output
        (found,) = self.kubectl.get("envoyfilters", "-n", self.namespace)["items"]
        revision = found["metadata"]["labels"]["wasm-filters.openclarity.io/revision"]
        eventually("it shows", lambda: self.kubectl.revision_running(self.namespace, self.pod) == revision)
        return str(revision)

    def stats(self) -> dict[str, float]:
        return self.kubectl.stats(self.namespace, self.pod)

    def get(self, path: str) -> int:
        return int(self.kubectl.call(self.namespace, self.pod, f"http://web.{self.namespace}/echo?{path}")["status"])

    def log(self) -> str:
        return proxy_log(self.kubectl, self.namespace, self.pod)

    def metrics_gone(self) -> bool:
        """Until then they are of what drains: connections from before the removal, which are traced still."""
        stats = self.stats()
        if not any(name.startswith("wasmcustom_") for name in stats):
            return True
        assert stats["envoy_listener_manager_total_filter_chains_draining"] > 0
        return False

    def heartbeat(self) -> float:
        return self.stats()["wasmcustom_trace_heartbeat"]

    def beats_after(self, moment: float) -> None:
        def fresh() -> bool:
            return self.heartbeat() > moment

        eventually("a heartbeat", fresh, TRUTH_SECONDS)


@pytest.fixture
def sidecar(kubectl: Kubectl, app: Callable[..., str], collection: Collection) -> Sidecar:
    return Sidecar(kubectl, collection, app("gauges", annotations=SIDECAR))


@pytest.fixture(scope="module")
def trapping_in_requests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trapping.in_requests(tmp_path_factory.mktemp("trapping"))


@pytest.fixture(scope="module")
def trapping_in_ticks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trapping.in_ticks(tmp_path_factory.mktemp("trapping"))


def metrics_of_the_readme() -> set[str]:
    chapter = (CHECKOUT / "filter" / "README.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in chapter.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row[1])}
    reasons = {name for row in rows for name in re.findall(r"`(dropped_[a-z_]+)`", row[3])}
    assert named and reasons
    return {f"wasmcustom_trace_{name}" for name in named | reasons}


def test_all_metrics_are_within_istios_default_inclusion(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    sidecar = Sidecar(kubectl, collection, app("names", annotations=DEFAULT_INCLUSION))
    sidecar.deploy()
    assert sidecar.get("names") == 200
    eventually("its trace is counted", lambda: sidecar.stats()["wasmcustom_trace_sent"] == 1)
    stats = sidecar.stats()
    assert "envoy_http_downstream_rq" not in stats, "the test mesh shows more than Istio does by default"
    assert {name for name in stats if name.startswith("wasmcustom_")} == metrics_of_the_readme()


def test_swaps_and_a_removal(sidecar: Sidecar, trapping_in_ticks: Path) -> None:
    sidecar.deploy()
    sidecar.beats_after(0)

    sidecar.deploy(wasm_filter_binary_path=str(trapping_in_ticks))
    # The worker's machine, and the main thread's.
    eventually("both have trapped", lambda: sidecar.log().count("proxy_on_tick failed") >= 2, TRUTH_SECONDS)
    assert sidecar.stats()["wasmcustom_trace_heartbeat"] == 0, "the old revision's heartbeat is not the new one's"

    swapped = time.time()
    sidecar.deploy(wasm_filter_bodies="off")
    sidecar.beats_after(swapped)
    assert sidecar.get("swapped") == 200
    eventually("the newest traces", lambda: sidecar.stats()["wasmcustom_trace_sent"] == 1)

    assert sidecar.collection.remove(sidecar.namespace).verdicts == {sidecar.namespace: "removed"}
    eventually("the metrics are gone", sidecar.metrics_gone, TRUTH_SECONDS)


def test_a_trap_shows_as_a_reload_and_the_filter_is_back(sidecar: Sidecar, trapping_in_requests: Path) -> None:
    revision = sidecar.deploy(wasm_filter_binary_path=str(trapping_in_requests))
    sidecar.beats_after(0)
    assert sidecar.get("trap-now") == 503, "the proxy answers for the exchange in which a machine trapped"
    trapped = time.time()
    # The heartbeat has nobody left to set it, and is older than two of its periods soon.
    eventually("the heartbeat is stale", lambda: time.time() - sidecar.heartbeat() > 10, TRUTH_SECONDS)
    assert sidecar.stats()[RELOADED] == 0, "it waits for the next request"
    assert sidecar.get("after") == 200
    eventually("its trace", lambda: sidecar.stats()["wasmcustom_trace_sent"] == 1, TRUTH_SECONDS)
    sidecar.beats_after(trapped)
    assert sidecar.stats()[RELOADED] == 1
    assert sidecar.kubectl.revision_running(sidecar.namespace, sidecar.pod) == revision
