# SPDX-License-Identifier: Apache-2.0
"""The ClusterRole that the README hands out is enough, and also as a Role in each namespace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from testbed.paths import CHECKOUT
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl

ROLE = CHECKOUT / "docs" / "rbac" / "rollout.yml"
ASKING = CHECKOUT / "docs" / "rbac" / "preflight.yml"
BY_LABELS = "whether new pods get a sidecar is judged by labels alone"


def kubeconfig_of(kubectl: Kubectl, namespace: str, account: str, folder: Path) -> str:
    """A kubeconfig with a token of a ServiceAccount and no other right."""
    token = kubectl("create", "token", account, "-n", namespace).strip()
    config = yaml.safe_load(Path(kubectl.kubeconfig).read_text())
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_the_cluster_role_is_enough(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    shop = app("rbac")
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "deployer", "-n", shop)
    binding = ("clusterrolebinding", f"deployer-{shop}")
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    kubectl("create", *binding, f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")
    try:
        kubeconfig = kubeconfig_of(kubectl, shop, "deployer", tmp_path)
        outcome = collection.deploy(shop, kubeconfig=kubeconfig)
        assert outcome.verdicts == {shop: "deployed"}, outcome.output
        assert collection.deploy(shop, kubeconfig=kubeconfig, wasm_filter_delivery="inline").status == 0
        assert collection.remove(shop, kubeconfig=kubeconfig).verdicts == {shop: "removed"}
    finally:
        kubectl("delete", *binding)


def test_roles_in_each_namespace_are_enough(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection, tmp_path: Path
) -> None:
    shop, foreign = app("roles"), app("foreign")
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "deployer", "-n", shop)
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    for namespace in (shop, backend.namespace):
        arguments = (f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")
        kubectl("create", "rolebinding", "deployer", "-n", namespace, *arguments)
    kubeconfig = kubeconfig_of(kubectl, shop, "deployer", tmp_path)

    outcome = collection.deploy(f"{shop},{foreign}", kubeconfig=kubeconfig)

    assert outcome.verdicts == {shop: "deployed", foreign: "failed"}, outcome.output
    assert outcome.namespaces[foreign]["reason"] == "api_refused"
    assert "forbidden" in outcome.namespaces[foreign]["message"]


def test_what_new_pods_would_be_is_known_by_each_optional_right_as_far_as_it_goes(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, tmp_path: Path
) -> None:
    shop, gone = app("asking"), app("gone")
    kubectl("label", "namespace", gone, "istio-injection-", "istio.io/rev=1-20-gone")
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", "deployer", "-n", shop)
    kubeconfig = kubeconfig_of(kubectl, shop, "deployer", tmp_path)
    optional = yaml.safe_load(ASKING.read_text())
    bindings = []

    def bind(role: str) -> None:
        bindings.append(("clusterrolebinding", f"{role}-{shop}"))
        kubectl("create", *bindings[-1], f"--clusterrole={role}", f"--serviceaccount={shop}:deployer")

    def allow(*resources: str) -> None:
        rules = [rule for rule in optional["rules"] if set(rule["resources"]) & set(resources)]
        kubectl.apply({**optional, "metadata": {"name": f"asking-{shop}"}, "rules": rules})

    def checked() -> tuple[dict[str, str], bool]:
        outcome = collection.deploy(
            f"{shop},{gone}", "--check", kubeconfig=kubeconfig, wasm_filter_max_fail_percentage=100
        )
        return outcome.verdicts, BY_LABELS in " ".join(outcome.output.split())

    try:
        bind(yaml.safe_load(ROLE.read_text())["metadata"]["name"])
        bind(f"asking-{shop}")
        allow()
        assert checked() == ({shop: "deployed", gone: "deployed"}, True)
        for resource in ("mutatingwebhookconfigurations", "pods"):
            allow(resource)
            assert checked() == ({shop: "deployed", gone: "failed"}, False), resource
    finally:
        kubectl("delete", "clusterrole", f"asking-{shop}")
        for binding in bindings:
            kubectl("delete", *binding)
