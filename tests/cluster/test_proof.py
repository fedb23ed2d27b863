# SPDX-License-Identifier: Apache-2.0
"""Deployed means that the filter runs in the pods, by what their own sidecars say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from testbed.paths import CHECKOUT
from tests.cluster import manifests, trapping
from tests.cluster.conftest import Backend, Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_rbac import kubeconfig_of

ROLLOUT = CHECKOUT / "docs" / "rbac" / "rollout.yml"
PROOF = CHECKOUT / "docs" / "rbac" / "proof.yml"
REVISION = "wasm-filters.openclarity.io/trace"


def pods_of(outcome: Outcome, namespace: str) -> list[dict[str, Any]]:
    """All that is told of a namespace's pods."""
    jsonschema.validate(outcome.result, json.loads((CHECKOUT / "docs/schemas/result.schema.json").read_text()))
    entry = outcome.namespaces[namespace]
    return [*entry["pods"], *(pod for workload in entry["workloads"] for pod in workload["pods"])]


def test_every_pod_is_proved_by_either_delivery(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("proved", replicas=2)

    first = collection.deploy(shop, wasm_filter_proof="require")

    assert first.verdicts == {shop: "deployed"}, first.output
    assert "the filter runs in 2 pods" in first.output
    names = {pod["metadata"]["name"] for pod in kubectl.pods(shop)}
    assert {pod["name"]: pod["proof"] for pod in pods_of(first, shop)} == dict.fromkeys(names, "proved")
    assert all(pod["metrics"]["heartbeat"] > 0 for pod in pods_of(first, shop))

    inline = collection.deploy(
        shop, wasm_filter_proof="require", wasm_filter_delivery="inline", wasm_filter_bodies="off"
    )

    assert inline.verdicts == {shop: "deployed"}, inline.output
    assert {pod["name"]: pod["proof"] for pod in pods_of(inline, shop)} == dict.fromkeys(names, "proved")
    revision = kubectl.get("envoyfilters", "-n", shop)["items"][0]["metadata"]["labels"][
        "wasm-filters.openclarity.io/revision"
    ]
    assert {kubectl.revision_running(shop, name) for name in names} == {revision}


def test_what_is_put_back_is_proved_when_what_was_there_before_is_gone(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("again", annotations={"proxy.istio.io/config": "drainDuration: 8s"})
    inline = {"wasm_filter_delivery": "inline", "wasm_filter_proof": "require"}
    assert collection.deploy(shop, **inline).verdicts == {shop: "deployed"}
    kubectl("delete", "envoyfilters", "--all", "-n", shop)

    outcome = collection.deploy(shop, **inline)

    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    (pod,) = pods_of(outcome, shop)
    assert pod["proof"] == "proved"
    assert pod["metrics"]["draining"] == 0 or pod["metrics"]["heartbeat"] > 0


def test_a_filter_that_does_not_run_is_no_deployment(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    shop = app("traps")
    trapped = collection.deploy(
        shop,
        wasm_filter_proof_seconds=15,
        wasm_filter_proof="warn",
        wasm_filter_binary_path=str(trapping.in_ticks(tmp_path)),
    )

    assert trapped.verdicts == {shop: "failed"}, trapped.output
    assert trapped.namespaces[shop]["reason"] == "not_running" and trapped.namespaces[shop]["changed"]
    (pod,) = pods_of(trapped, shop)
    assert (pod["proof"], pod["reason"]) == ("disproved", "not_running")
    assert f"pod {pod['name']}: the revision was loaded and does not run" in " ".join(trapped.output.split())

    mended = collection.deploy(shop, wasm_filter_proof="require")
    assert mended.verdicts == {shop: "deployed"}, mended.output


def test_a_pod_without_a_sidecar_is_named_by_every_run(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("bare")
    assert collection.deploy(shop).verdicts == {shop: "deployed"}
    template = kubectl.get("deployment", "web", "-n", shop)["spec"]["template"]
    bare = {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]}
    labels = {**template["metadata"]["labels"], "sidecar.istio.io/inject": "false"}
    kubectl.apply({**bare, "metadata": {"name": "bare", "namespace": shop, "labels": labels}})

    outcome = collection.deploy(shop, wasm_filter_proof="auto")

    assert outcome.verdicts == {shop: "failed"}, outcome.output
    entry = outcome.namespaces[shop]
    assert (entry["reason"], entry["changed"]) == ("no_sidecar", False)
    assert "pod bare: it has no sidecar" in entry["message"]


def test_pods_that_do_not_answer_hold_up_the_next_wave_unless_that_is_only_to_be_said(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop, pay = new_namespace("silent"), new_namespace("silent")
    for name in (shop, pay):
        kubectl.apply(manifests.workload(name, "web", pod=manifests.KWOK))
        kubectl.rolled(name, "deployment/web")
    both, short = f"{shop},{pay}", {"wasm_filter_serial": 1, "wasm_filter_proof_seconds": 4}

    held = collection.deploy(both, wasm_filter_proof="auto", **short)

    assert held.verdicts == {shop: "failed", pay: "not_started"}, held.output
    (pod,) = pods_of(held, shop)
    assert (pod["proof"], pod["reason"]) == ("unproved", "no_answer")

    said = collection.deploy(both, wasm_filter_proof="warn", wasm_filter_bodies="off", **short)
    assert said.verdicts == {shop: "deployed", pay: "deployed"}, said.output
    assert "the filter runs in 0 of 1 pod; not known of pod" in " ".join(said.output.split())


def test_who_may_not_ask_is_told_so(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection, tmp_path: Path
) -> None:
    shop = app("forbidden")
    kubectl("create", "serviceaccount", "deployer", "-n", shop)

    def bind(path: Path, *namespaces: str) -> None:
        kubectl("apply", "-f", str(path))
        role = yaml.safe_load(path.read_text())["metadata"]["name"]
        for namespace in namespaces:
            who = (f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")
            kubectl("create", "rolebinding", role, "-n", namespace, *who)

    bind(ROLLOUT, shop, backend.namespace)
    asked = {"kubeconfig": kubeconfig_of(kubectl, shop, "deployer", tmp_path)}

    said = collection.deploy(shop, wasm_filter_proof="auto", **asked)
    required = collection.deploy(shop, wasm_filter_proof="require", wasm_filter_bodies="off", **asked)
    bind(PROOF, shop)
    allowed = collection.deploy(shop, wasm_filter_proof="require", **asked)

    assert [one.verdicts[shop] for one in (said, required, allowed)] == ["deployed", "failed", "deployed"]
    for outcome in (said, required):
        (pod,) = pods_of(outcome, shop)
        assert (pod["proof"], pod["reason"]) == ("unproved", "proof_forbidden")
        assert "pods/proxy" in outcome.namespaces[shop]["message"]
