# SPDX-License-Identifier: Apache-2.0
"""A user who may do something in the fleet's namespaces only: the README's ClusterRole by a RoleBinding in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.fleet.fleet import Fleet
from testbed.paths import CHECKOUT
from tests.cluster.kubectl import Kubectl

ROLE = CHECKOUT / "docs" / "rbac" / "rollout.yml"
ACCOUNT = "deployer"


@contextmanager
def namespaced(kubectl: Kubectl, fleet: Fleet, scratch: Path) -> Iterator[str]:
    """Its kubeconfig. The backend's namespace, `default`, is one of those where it may."""
    home = fleet.namespaces[0]
    kubectl("apply", "-f", str(ROLE))
    kubectl("create", "serviceaccount", ACCOUNT, "-n", home)
    role = yaml.safe_load(ROLE.read_text())["metadata"]["name"]
    name = f"{ACCOUNT}-{fleet.id}"
    body = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}],
    }
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings"
    everywhere = [(namespace,) for namespace in (*fleet.namespaces, "default")]
    fleet.each(lambda namespace: fleet.api.create(path.format(namespace), body), everywhere)
    try:
        config = yaml.safe_load(Path(kubectl.kubeconfig).read_text())
        token = kubectl("create", "token", ACCOUNT, "-n", home, "--duration=2h").strip()
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        file = scratch / "namespaced.kubeconfig"
        file.write_text(yaml.safe_dump(config))
        yield str(file)
    finally:
        fleet.each(lambda namespace: fleet.api.delete(f"{path.format(namespace)}/{name}"), everywhere)
