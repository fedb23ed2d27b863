# SPDX-License-Identifier: Apache-2.0
"""What a run asks of the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl
from tests.cluster.request_meter import READING, RequestMeter, metering

KINDS = {"web": "Deployment", "db": "StatefulSet", "agent": "DaemonSet"}
WORKLOADS = ("deployments", "statefulsets", "daemonsets", "cronjobs")


@pytest.fixture(scope="module")
def meter(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestMeter]:
    with metering(kubectl, tmp_path_factory.mktemp("metered")) as found:
        yield found


def test_the_meter_counts_this_users_requests_and_no_others(kubectl: Kubectl, meter: RequestMeter) -> None:
    def send() -> None:
        kubectl("get", "--raw", "/api/v1/namespaces", "--kubeconfig", meter.kubeconfig)
        kubectl("get", "--raw", "/api/v1/namespaces/default", "--kubeconfig", meter.kubeconfig)
        kubectl("get", "--raw", "/apis/apps/v1/deployments", "--kubeconfig", meter.kubeconfig)
        kubectl("get", "--raw", "/apis/apps/v1/deployments", "--kubeconfig", meter.kubeconfig)
        kubectl("get", "--raw", "/apis/apps/v1/deployments")

    assert meter.during(send) == {("list", "namespaces"): 1, ("get", "namespaces"): 1, ("list", "deployments"): 2}


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_a_run_with_nothing_to_do_only_reads(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, meter: RequestMeter, delivery: str
) -> None:
    shop = new_namespace("reading")
    kubectl.apply(*(manifests.workload(shop, name, kind, pod=manifests.KWOK) for name, kind in KINDS.items()))
    kubectl.rolled(shop, *(f"{kind}/{name}" for name, kind in KINDS.items()))

    def deploy() -> None:
        outcome = collection.deploy(shop, kubeconfig=meter.kubeconfig, wasm_filter_delivery=delivery)
        assert outcome.status == 0, outcome.output

    first = meter.during(deploy)
    pods = {pod["metadata"]["uid"] for pod in kubectl.pods(shop)}
    again = meter.during(deploy)

    # What new pods would be is asked once for all that are alike, by a dry run that makes none.
    asked = {("create", "pods"): 1} if delivery == "configmap" else {}
    assert not {verb for verb, _resource in first} <= READING
    assert {verb: count for (verb, resource), count in first.items() if resource == "leases"} == {
        "create": 1,
        "delete": 1,
    }
    assert {key: number for key, number in again.items() if key[0] not in READING} == asked
    assert {pod["metadata"]["uid"] for pod in kubectl.pods(shop)} == pods
    # One LIST for each kind and for what is ours, before and in the run: not a request for each object.
    listed = {resource: again["list", resource] for verb, resource in again if verb == "list"}
    both = {"namespaces", "envoyfilters"} | ({*WORKLOADS, "pods"} if delivery == "configmap" else set())
    # Of the namespace and of the root namespace; or of all, where these two are a good part of the cluster's.
    assert listed.pop("sidecars") in (1, 2)
    assert listed == {resource: 2 if resource in both else 1 for resource in listed}
