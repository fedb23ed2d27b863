# SPDX-License-Identifier: Apache-2.0
"""A first new pod without its sidecar breaks the wave off: of many workloads only what was under way is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import manifests
from tests.cluster.conftest import Collection
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.policies import API
from tests.cluster.test_injection import generations
from tests.cluster.test_rbac import ROLE, kubeconfig_of

LABEL = "example.org/never-inject"
INJECT = "sidecar.istio.io/inject"
MOUNT = "sidecar.istio.io/userVolumeMount"
WORKLOADS = tuple("abcdefghijkl")
# One at a time; by the time that its pods are seen, the next ones may be under way.
BEGUN_MAX = 6
ONE_BY_ONE = {"wasm_filter_max_in_flight": 1, "wasm_filter_proof": "auto", "wasm_filter_on_failure": "auto"}


# Pods are labelled as they are created, so that no webhook of istiod is asked. Selectors do not tell it.
NO_SIDECAR = f'[JSONPatch{{op: "add", path: "/metadata/labels/{INJECT.replace("/", "~1")}", value: "false"}}]'
NO_MOUNT = (
    f'"{MOUNT}" in object.metadata.?annotations.orValue({{}}) ? '
    f'[JSONPatch{{op: "remove", path: "/metadata/annotations/{MOUNT.replace("/", "~1")}"}}] : []'
)


def policy(name: str, expression: str) -> list[dict[str, Any]]:
    """Alters pods as they are created."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
    patch = {"expression": expression}
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchLabels": {LABEL: name}}},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": patch}],
    }
    return [
        {"apiVersion": API, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec},
        {
            "apiVersion": API,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name},
        },
    ]


@pytest.fixture
def altered(kubectl: Kubectl) -> Iterator[Callable[[str, str], None]]:
    """From now on new pods of a namespace are altered by that expression."""
    made: list[str] = []

    def begin(namespace: str, expression: str) -> None:
        made.append(namespace)
        kubectl.apply(*policy(namespace, expression))
        kubectl("label", "namespace", namespace, f"{LABEL}={namespace}")
        probe: dict[str, Any] = {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": "tried", "labels": {"app": "tried"}, "annotations": {MOUNT: "{}"}},
            "spec": {"containers": [{"name": "app", "image": "x"}]},
        }

        def holds() -> bool:
            tried = kubectl(
                "create", "-n", namespace, "--dry-run=server", "-o", "yaml", "-f", "-", stdin=yaml.safe_dump(probe)
            )
            metadata = yaml.safe_load(tried)["metadata"]
            return metadata.get("labels", {}).get(INJECT) == "false" or MOUNT not in metadata.get("annotations", {})

        eventually("the policy holds", holds)

    yield begin
    for name in made:
        kubectl("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name)


@pytest.fixture
def blind(kubectl: Kubectl, new_namespace: Callable[..., str], tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A namespace with workloads, and a kubeconfig of who may not try to create a pod, and so can't know."""
    shop = new_namespace("blind")
    for name in WORKLOADS:
        kubectl.apply(manifests.workload(shop, name, pod=manifests.KWOK))
    for name in WORKLOADS:
        kubectl.rolled(shop, f"deployment/{name}")
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "deployer", "-n", shop)
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    binding = ("clusterrolebinding", f"deployer-{shop}")
    kubectl("create", *binding, f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")
    yield shop, kubeconfig_of(kubectl, shop, "deployer", tmp_path)
    kubectl("delete", *binding)


def containers(kubectl: Kubectl, namespace: str) -> list[tuple[str, set[str]]]:
    """(app, names of its containers) of each pod that stays."""
    return [
        (pod["metadata"]["labels"]["app"], {one["name"] for one in _all(pod["spec"])})
        for pod in kubectl.pods(namespace)
        if "deletionTimestamp" not in pod["metadata"]
    ]


def _all(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec["containers"], *spec.get("initContainers", [])]


def test_what_is_not_begun_stays_as_it_is_and_what_was_goes_back(
    kubectl: Kubectl, collection: Collection, altered: Callable[[str, str], None], blind: tuple[str, str]
) -> None:
    shop, kubeconfig = blind
    altered(shop, NO_SIDECAR)
    before = generations(kubectl, shop)

    outcome = collection.deploy(shop, kubeconfig=kubeconfig, **ONE_BY_ONE)

    # On the way back nobody injects either.
    assert outcome.status != 0 and outcome.verdicts == {shop: "rollback_failed"}, outcome.output
    said = {one["name"]: (one["verdict"], one["reason"]) for one in outcome.namespaces[shop]["workloads"]}
    begun = [name for name, (_verdict, reason) in said.items() if reason == "no_sidecar"]
    lost = {name for name in begun if said[name][0] == "rollback_failed"}
    assert lost == {app for app, names in containers(kubectl, shop) if "istio-proxy" not in names} != set()
    assert "nobody has injected a sidecar into" in outcome.namespaces[shop]["message"]
    assert 1 <= len(begun) <= BEGUN_MAX, said
    assert {said[name] for name in WORKLOADS if name not in begun} == {("not_started", "wave_failed")}
    after = generations(kubectl, shop)
    assert {name for name in WORKLOADS if after[name] != before[name]} == {*begun}


def test_what_comes_back_without_its_file_is_not_back(
    kubectl: Kubectl, collection: Collection, altered: Callable[[str, str], None], blind: tuple[str, str]
) -> None:
    shop, kubeconfig = blind
    first = collection.deploy(shop, wasm_filter_proof="off")
    assert first.verdicts == {shop: "deployed"}, first.output
    altered(shop, NO_MOUNT)

    outcome = collection.deploy(shop, kubeconfig=kubeconfig, wasm_filter_bodies="off", **ONE_BY_ONE)

    assert outcome.status != 0 and outcome.verdicts == {shop: "rollback_failed"}, outcome.output
    messages = [one["message"] for one in outcome.namespaces[shop]["workloads"] if one["verdict"] == "rollback_failed"]
    assert messages and all("; it is back on revision" in text for text in messages)
    assert all(", but pod " in text and text.endswith("is not mounted into its sidecar") for text in messages)
