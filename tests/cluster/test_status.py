# SPDX-License-Identifier: Apache-2.0
"""What status.yml says of namespaces that were rolled out to and interfered with; it writes nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from testbed.paths import CHECKOUT
from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl
from tests.cluster.test_deploy import only_pod
from tests.cluster.test_faults import POD_LABEL
from tests.cluster.test_rbac import kubeconfig_of

ROLE = CHECKOUT / "docs" / "rbac" / "status.yml"
PROOF = CHECKOUT / "docs" / "rbac" / "proof.yml"
SCHEMA = json.loads((CHECKOUT / "docs" / "schemas" / "status.schema.json").read_text())
OURS = "app.kubernetes.io/managed-by=openclarity.wasm_filters"
VOLUMES = ("sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount")


class Status:
    """Runs of the playbook."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def __call__(self, *arguments: str, environment: dict[str, str] | None = None, **variables: Any) -> Outcome:
        path = self._collection.scratch / f"{uuid.uuid4().hex}.json"
        # Proof takes a heartbeat: the tests that are about it ask for it.
        content = json.dumps({"wasm_filter_status_file": str(path), "wasm_filter_status_proof": False, **variables})
        outcome = self._collection.typed(
            "playbooks/status.yml", "-e", content, *arguments, result=path, environment=environment
        )
        if outcome.result:
            jsonschema.validate(outcome.result, SCHEMA)
        return outcome

    def states(self, *namespaces: str) -> dict[str, str]:
        outcome = self(namespaces=list(namespaces))
        assert outcome.status == 0, outcome.output
        return {name: entry["state"] for name, entry in outcome.namespaces.items()}

    def proved(self, *namespaces: str, environment: dict[str, str] | None = None) -> Outcome:
        variables = {"wasm_filter_status_proof": True, "wasm_filter_fail_on_drift": True}
        return self(namespaces=list(namespaces), environment=environment, **variables)

    def workloads(self, namespace: str) -> dict[str, str]:
        (found,) = self(namespaces=namespace).namespaces[namespace]["filters"]
        return {one["name"]: one["state"] for one in found["workloads"]}


@pytest.fixture(scope="module")
def status(collection: Collection) -> Status:
    return Status(collection)


@pytest.fixture
def shop(kubectl: Kubectl, new_namespace: Callable[..., str]) -> str:
    """Two workloads of pods that cost nothing."""
    name = new_namespace("status")
    kubectl.apply(*(manifests.workload(name, one, pod=manifests.KWOK) for one in ("web", "api")))
    kubectl.rolled(name, "deployment/web", "deployment/api")
    return name


def deployed(collection: Collection, namespace: str, **variables: Any) -> None:
    outcome = collection.deploy(namespace, **variables)
    assert outcome.verdicts == {namespace: "deployed"}, outcome.output


def revision_of(kubectl: Kubectl, namespace: str) -> str:
    (found,) = kubectl.get("envoyfilters", "-n", namespace, "-l", OURS)["items"]
    revision: str = found["metadata"]["labels"]["wasm-filters.openclarity.io/revision"]
    return revision


def test_from_nothing_to_deployed_to_removed(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str
) -> None:
    assert status.states(shop) == {shop: "absent"}
    deployed(collection, shop)
    outcome = status(namespaces=shop)
    (found,) = outcome.namespaces[shop]["filters"]
    assert (found["state"], found["delivery"]) == ("deployed", "configmap")
    assert found["revision"] == revision_of(kubectl, shop)
    assert [(one["name"], one["state"], one["rollout"]) for one in found["workloads"]] == [
        (name, "deployed", {"new": 1, "total": 1}) for name in ("api", "web")
    ]
    assert "changed=0" in outcome.output and len(outcome.output.splitlines()) <= 40
    # Also where nobody names it.
    assert status().namespaces[shop]["state"] == "deployed"
    assert status.states(shop, f"{shop}-x") == {shop: "deployed", f"{shop}-x": "missing"}

    assert collection.remove(shop).status == 0
    assert status.states(shop) == {shop: "absent"}
    assert shop not in status().namespaces


def test_what_a_killed_run_leaves_is_half_done_until_the_next_ends(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str
) -> None:
    deployed(collection, shop)
    first = revision_of(kubectl, shop)

    def pods_take(seconds: int) -> None:
        patch = json.dumps({"spec": {"minReadySeconds": seconds}})
        for name in ("web", "api"):
            kubectl("patch", "deployment", name, "-n", shop, "-p", patch)

    # One at a time, and each takes longer than a kill does.
    pods_take(10)
    wanted: dict[str, Any] = {"wasm_filter_trace_batch_count": 7, "wasm_filter_max_in_flight": 1}

    def one_is_patched() -> bool:
        found = kubectl.get("deployments", "-n", shop)["items"]
        return [one["spec"]["template"]["metadata"]["labels"].get(POD_LABEL) for one in found].count(first) == 1

    collection.deploy_killed(shop, one_is_patched, **wanted)
    outcome = status(namespaces=shop, wasm_filter_fail_on_drift=True)
    assert outcome.status == 2, outcome.output
    assert "1 of 1 namespaces are not as they were left" in outcome.output
    assert (outcome.result["counts"], outcome.result["drifted"]) == ({"half_done": 1}, [shop])
    assert first in outcome.output

    pods_take(0)
    deployed(collection, shop, **wanted)
    assert status.states(shop) == {shop: "deployed"}


def test_annotations_that_were_taken_off_are_drift(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str
) -> None:
    deployed(collection, shop)
    off = {"spec": {"template": {"metadata": {"annotations": dict.fromkeys(VOLUMES)}}}}
    kubectl("patch", "deployment", "web", "-n", shop, "-p", json.dumps(off))
    kubectl.rolled(shop, "deployment/web")
    assert status.workloads(shop) == {"api": "deployed", "web": "drifted"}
    deployed(collection, shop)
    assert status.states(shop) == {shop: "deployed"}


def test_a_config_map_that_is_gone_is_broken(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str
) -> None:
    deployed(collection, shop)
    kubectl("delete", "configmap", "-n", shop, "-l", OURS)
    assert status.workloads(shop) == {"api": "broken", "web": "broken"}
    # It holds an EnvoyFilter still, by which it is found.
    assert status().namespaces[shop]["state"] == "broken"


def test_envoy_filters_of_both_deliveries_are_doubled(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str
) -> None:
    deployed(collection, shop)
    (saved,) = kubectl.get("envoyfilters", "-n", shop, "-l", OURS)["items"]
    deployed(collection, shop, wasm_filter_delivery="inline")
    assert status.states(shop) == {shop: "deployed"}
    metadata = {key: saved["metadata"][key] for key in ("name", "namespace", "labels")}
    kubectl.apply({**saved, "metadata": metadata})
    assert status.states(shop) == {shop: "doubled"}


def test_the_cluster_role_is_enough(
    kubectl: Kubectl, collection: Collection, status: Status, shop: str, tmp_path: Path
) -> None:
    deployed(collection, shop)
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "reader", "-n", shop)
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    kubeconfig = {"KUBECONFIG": kubeconfig_of(kubectl, shop, "reader", tmp_path)}
    arguments = (f"--clusterrole={role}", f"--serviceaccount={shop}:reader")
    kubectl("create", "rolebinding", "reader", "-n", shop, *arguments)
    # In its own namespace, but not in all.
    assert status(namespaces=shop, environment=kubeconfig).namespaces[shop]["state"] == "deployed"
    refused = status(environment=kubeconfig)
    assert refused.status == 2 and "docs/rbac/status.yml" in refused.output, refused.output
    binding = ("clusterrolebinding", f"reader-{shop}")
    kubectl("create", *binding, *arguments)
    try:
        outcome = status(environment=kubeconfig)
        assert (outcome.namespaces[shop]["state"], outcome.namespaces[shop]["unread"]) == ("deployed", []), (
            outcome.output
        )
    finally:
        kubectl("delete", *binding)


def pods_of(outcome: Outcome, namespace: str) -> list[tuple[str, str]]:
    """(proof, reason) of each."""
    (found,) = outcome.namespaces[namespace]["filters"]
    pods = [*found["pods"], *(pod for one in found["workloads"] for pod in one["pods"])]
    return sorted((pod["proof"], pod["reason"]) for pod in pods)


@pytest.fixture
def running(kubectl: Kubectl, collection: Collection, new_namespace: Callable[..., str]) -> tuple[str, str]:
    """Real pods, by either delivery; beside one of them a pod that never answers."""
    by_mount, by_inline = new_namespace("status-mount"), new_namespace("status-inline")
    for name in (by_mount, by_inline):
        kubectl.apply(manifests.service(name, "web"), manifests.workload(name, "web"))
    kubectl.apply(manifests.workload(by_mount, "silent", pod=manifests.KWOK))
    for name in (by_mount, by_inline):
        kubectl.rolled(name, "deployment/web")
    deployed(collection, by_mount)
    deployed(collection, by_inline, wasm_filter_delivery="inline")
    # What of before the filter still drains, for 45 s, would keep it from being proved.
    kubectl("rollout", "restart", "deployment/web", "-n", by_inline)
    kubectl.rolled(by_inline, "deployment/web")
    only_pod(kubectl, by_inline)
    return by_mount, by_inline


def test_what_runs_in_pods_is_proved_and_what_does_not_is_drift(
    kubectl: Kubectl, status: Status, running: tuple[str, str], tmp_path: Path
) -> None:
    by_mount, by_inline = running
    kubectl("apply", "-f", str(ROLE), "-f", str(PROOF))
    kubectl("create", "serviceaccount", "reader", "-n", by_mount)
    reader = {"KUBECONFIG": kubeconfig_of(kubectl, by_mount, "reader", tmp_path)}

    def bind(path: Path) -> None:
        role = yaml.safe_load(path.read_text())["metadata"]["name"]
        for name in running:
            who = (f"--clusterrole={role}", f"--serviceaccount={by_mount}:reader")
            kubectl("create", "rolebinding", role, "-n", name, *who)

    proved = status.proved(*running)
    assert proved.status == 0, proved.output
    assert pods_of(proved, by_mount) == [("proved", ""), ("unproved", "no_answer")]
    assert pods_of(proved, by_inline) == [("proved", "")]
    assert (
        f"{revision_of(kubectl, by_mount)} (configmap) in 1 namespace: 2 workloads, runs in 1 of 2 pods"
        in proved.output
    )
    assert f"{revision_of(kubectl, by_inline)} (inline) in 1 namespace: runs in 1 pod" in proved.output
    assert "not known whether it runs in 1 pod in 1 namespace: no answer" in proved.output
    (web,) = (one for one in proved.namespaces[by_mount]["filters"][0]["workloads"] if one["name"] == "web")
    assert [pod["name"] for pod in web["pods"]] == [
        pod["metadata"]["name"] for pod in kubectl.pods(by_mount, "app=web")
    ]
    assert all(pod["metrics"]["heartbeat"] > 0 for pod in web["pods"])

    bind(ROLE)
    forbidden = status.proved(*running, environment=reader)
    assert forbidden.status == 0, forbidden.output
    assert pods_of(forbidden, by_mount) == [("unproved", "proof_forbidden")] * 2
    assert forbidden.output.count("docs/rbac/proof.yml") == 1

    bind(PROOF)
    kubectl("delete", "envoyfilters", "-n", by_inline, "-l", OURS)
    template = kubectl.get("deployment", "web", "-n", by_mount)["spec"]["template"]
    labels = {**template["metadata"]["labels"], "sidecar.istio.io/inject": "false"}
    bare = {"apiVersion": "v1", "kind": "Pod", "spec": {**template["spec"], **manifests.KWOK}}
    kubectl.apply({**bare, "metadata": {"name": "bare", "namespace": by_mount, "labels": labels}})
    drifted = status.proved(*running, environment=reader)
    assert (drifted.status, drifted.result["counts"]) == (2, {"not_running": 1, "orphaned": 1}), drifted.output
    assert pods_of(drifted, by_mount) == [("disproved", "no_sidecar"), ("proved", ""), ("unproved", "no_answer")]
    assert "runs in 1 of 3 pods" in drifted.output and "pod bare: it has no sidecar" in drifted.output


def test_a_misspelt_variable_is_refused(status: Status) -> None:
    outcome = status(wasm_filter_fail_on_drfit=True)
    assert outcome.status == 2 and "did you mean wasm_filter_fail_on_drift?" in outcome.output, outcome.output
