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
WORKLOADS = tuple("abcdefghijkl")
# One at a time; by the time that its pods are seen, the next ones may be under way.
BEGUN_MAX = 6


def policy(name: str) -> list[dict[str, Any]]:
    """Pods are labelled as they are created, so that no webhook of istiod is asked. Selectors do not tell it."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}
    path = f"/metadata/labels/{INJECT.replace('/', '~1')}"
    patch = {"expression": f'[JSONPatch{{op: "add", path: "{path}", value: "false"}}]'}
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
def never_injected(kubectl: Kubectl) -> Iterator[Callable[[str], None]]:
    """From now on new pods of a namespace get no sidecar."""
    made: list[str] = []

    def begin(namespace: str) -> None:
        made.append(namespace)
        kubectl.apply(*policy(namespace))
        kubectl("label", "namespace", namespace, f"{LABEL}={namespace}")

        def labelled() -> bool:
            tried = kubectl("run", "tried", "-n", namespace, "--image=x", "--dry-run=server", "-o", "yaml")
            return yaml.safe_load(tried)["metadata"]["labels"].get(INJECT) == "false"

        eventually("the policy holds", labelled)

    yield begin
    for name in made:
        kubectl("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name)


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
    kubectl: Kubectl,
    new_namespace: Callable[..., str],
    collection: Collection,
    never_injected: Callable[[str], None],
    tmp_path: Path,
) -> None:
    shop = new_namespace("blind")
    for name in WORKLOADS:
        kubectl.apply(manifests.workload(shop, name, pod=manifests.KWOK))
    for name in WORKLOADS:
        kubectl.rolled(shop, f"deployment/{name}")
    # Who may not try to create a pod can't know.
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "deployer", "-n", shop)
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    binding = ("clusterrolebinding", f"deployer-{shop}")
    kubectl("create", *binding, f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")
    never_injected(shop)
    before = generations(kubectl, shop)
    try:
        outcome = collection.deploy(
            shop,
            kubeconfig=kubeconfig_of(kubectl, shop, "deployer", tmp_path),
            wasm_filter_max_in_flight=1,
            wasm_filter_proof="auto",
            wasm_filter_on_failure="auto",
        )
    finally:
        kubectl("delete", *binding)

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
