# SPDX-License-Identifier: Apache-2.0
"""What new pods would be is asked of the mesh itself, before any pod is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod
from tests.unit.module_utils.planning.test_old_script import envoy_filter

GONE = "1-20-gone"
TEMPLATES = "inject.istio.io/templates"
OPTED_IN = {"sidecar.istio.io/inject": "true"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
CLAIMS = {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": CLAIM}]}


def kwok(namespace: str, name: str, labels: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    entry = manifests.workload(namespace, name, pod=manifests.KWOK, **options)
    entry["spec"]["template"]["metadata"]["labels"] |= labels or {}
    return entry


def relabelled(kubectl: Kubectl, namespace: str, *labels: str) -> None:
    kubectl("label", "namespace", namespace, "istio-injection-", *labels)


def generations(kubectl: Kubectl, namespace: str) -> dict[str, int]:
    found = kubectl.get("deployments,statefulsets", "-n", namespace)["items"]
    return {one["metadata"]["name"]: one["metadata"]["generation"] for one in found}


def reasons(outcome: Outcome, namespace: str) -> dict[str, str]:
    workloads = outcome.namespaces[namespace]["workloads"]
    return {one["name"]: one["reason"] for one in workloads if one["verdict"] == "skipped"}


def test_a_namespace_that_no_injector_serves_any_more_is_refused_and_its_pods_keep_their_sidecars(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop, pay = new_namespace("relabelled"), new_namespace("served")
    kubectl.apply(kwok(shop, "web"), kwok(pay, "data", kind="StatefulSet", spec=CLAIMS, replicas=0))
    kubectl.rolled(shop, "deployment/web")
    relabelled(kubectl, shop, f"istio.io/rev={GONE}")
    before, pod = generations(kubectl, shop), only_pod(kubectl, shop)["metadata"]["uid"]

    tried = collection.deploy(f"{shop},{pay}", "--check", wasm_filter_max_fail_percentage=100)
    done = collection.deploy(f"{shop},{pay}", wasm_filter_max_fail_percentage=100)

    for outcome in (tried, done):
        assert outcome.verdicts == {shop: "failed", pay: "deployed"}, outcome.output
        assert outcome.status != 0
        refused = outcome.namespaces[shop]
        assert refused["reason"] == "no_injector"
        assert f"istio.io/rev={GONE}" in refused["message"] and "of this cluster: default" in refused["message"]
    assert generations(kubectl, shop) == before
    assert only_pod(kubectl, shop)["metadata"]["uid"] == pod
    assert reasons(done, pay) == {}


def test_workloads_that_would_get_no_sidecar_or_no_file_are_left_alone_beside_others(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("mixed")
    by_hand = {"sidecar.istio.io/status": "{}", "sidecar.istio.io/inject": "true"}
    own_proxy = kwok(shop, "by-hand", {"istio.io/rev": GONE}, annotations=by_hand)
    own_proxy["spec"]["template"]["spec"]["containers"].append({"name": "istio-proxy", "image": "proxy"})
    kubectl.apply(
        kwok(shop, "web", OPTED_IN),
        kwok(shop, "old", {"istio.io/rev": GONE}),
        own_proxy,
        kwok(shop, "edge", OPTED_IN, annotations={TEMPLATES: "gateway"}),
        # Istio's, and not for a pod: whoever creates one is told so by the injector.
        kwok(shop, "custom", OPTED_IN, annotations={TEMPLATES: "agentgateway"}, replicas=0),
    )
    relabelled(kubectl, shop)
    kubectl.rolled(shop, "deployment/web")
    before = generations(kubectl, shop)

    outcome = collection.deploy(shop)

    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    expected = {"old": "no_sidecar", "by-hand": "no_mount", "edge": "gateway", "custom": "no_sidecar"}
    assert reasons(outcome, shop) == expected
    changed = {name for name, number in generations(kubectl, shop).items() if number != before[name]}
    assert changed == {"web"}
    custom = next(one for one in outcome.namespaces[shop]["workloads"] if one["name"] == "custom")
    assert "failed to run injection template" in custom["message"]
    assert collection.deploy(shop).verdicts == {shop: "unchanged"}


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_one_opted_in_workload_serves_an_ambient_namespace(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, delivery: str
) -> None:
    shop, pay = new_namespace("ambient"), new_namespace("ambient")
    for name in (shop, pay):
        relabelled(kubectl, name, "istio.io/dataplane-mode=ambient")
    kubectl.apply(kwok(shop, "web", OPTED_IN), kwok(shop, "other"), kwok(pay, "other"))
    kubectl.rolled(shop, "deployment/web")

    outcome = collection.deploy(f"{shop},{pay}", wasm_filter_delivery=delivery, wasm_filter_max_fail_percentage=100)

    assert outcome.verdicts == {shop: "deployed", pay: "failed"}, outcome.output
    assert outcome.namespaces[pay]["reason"] == "not_injected"
    assert f"namespace {pay} is ambient" in outcome.namespaces[pay]["message"]
    assert reasons(outcome, shop) == ({"other": "no_sidecar"} if delivery == "configmap" else {})


def test_a_pod_that_would_not_start_and_another_istiods_sidecars_are_told_before_the_restart(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop, pay = new_namespace("quota"), new_namespace("upgraded")
    kubectl.apply(kwok(shop, "web"), kwok(pay, "web"))
    kubectl.rolled(shop, "deployment/web")
    kubectl.rolled(pay, "deployment/web")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full", "namespace": shop}}
    kubectl.apply({**quota, "spec": {"hard": {"pods": "0"}}})
    eventually(
        "the quota counts", lambda: kubectl.get("resourcequota", "full", "-n", shop).get("status", {}).get("used")
    )
    name = only_pod(kubectl, pay)["metadata"]["name"]
    kubectl("annotate", "--overwrite", "pod", name, "-n", pay, "istio.io/rev=1-20")

    outcome = collection.deploy(shop, "--check")
    upgraded = collection.deploy(pay, "--check")

    output = " ".join(outcome.output.split())
    assert (
        f"namespace {shop}: a new pod of Deployment/web would not be created" in output and "exceeded quota" in output
    )
    # That says nothing of its sidecar.
    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    said = f"namespace {pay}: sidecars are of istiod revision 1-20; pods that are replaced get default"
    assert said in " ".join(upgraded.output.split())
    assert upgraded.verdicts == {pay: "deployed"}


def test_a_sidecar_resource_that_hides_the_backend_is_told_and_does_hide_it(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("hidden")
    sidecar = {"apiVersion": "networking.istio.io/v1", "kind": "Sidecar"}
    hosts = {"egress": [{"hosts": ["./*", "istio-system/*"]}]}
    kubectl.apply({**sidecar, "metadata": {"name": "default", "namespace": shop}, "spec": hosts})

    outcome = collection.deploy(shop)

    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    said = f"namespace {shop}: proxies have no cluster for the trace backend"
    assert said in " ".join(outcome.output.split()) and f"Sidecar {shop}/default" in outcome.output
    pod = only_pod(kubectl, shop)["metadata"]["name"]
    eventually("the filter runs", lambda: kubectl.revision_running(shop, pod))
    assert kubectl.call(shop, pod, f"http://web.{shop}/echo?hidden")["status"] == 200
    eventually("the trace fails", lambda: kubectl.stats(shop, pod).get("wasmcustom_trace_failed", 0) > 0)
    assert kubectl.stats(shop, pod).get("wasmcustom_trace_sent", 0) == 0


def test_the_old_scripts_filter_is_named(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop, pay = new_namespace("old"), new_namespace("new")
    kubectl.apply({"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", **envoy_filter(shop)})
    kubectl.apply(kwok(shop, "web"), kwok(pay, "web"))

    outcome = collection.deploy(f"{shop},{pay}", "--check")

    said = f"namespace {shop}: EnvoyFilter trace-filter of the old script, deploy.sh, traces there already"
    assert said in " ".join(outcome.output.split()), outcome.output
    assert outcome.verdicts == {shop: "deployed", pay: "deployed"}
