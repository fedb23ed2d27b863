# SPDX-License-Identifier: Apache-2.0
"""How many requests of which verb and resource one user sends, by the API server's own metrics.

apiserver_request_total does not say whose requests they were. What a FlowSchema takes is counted by its name
(apiserver_flowcontrol_dispatched_requests_total), and a FlowSchema chooses by user, verb and resource: one for each
of them counts exactly, whatever else goes on in the cluster.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import manifests
from tests.cluster.kubectl import Kubectl, eventually

VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
READING = {"get", "list", "watch"}
RESOURCES = {
    "": ("namespaces", "services", "configmaps", "pods", "events"),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"),
    "batch": ("cronjobs", "jobs"),
    "coordination.k8s.io": ("leases",),
    "networking.istio.io": ("envoyfilters", "sidecars"),
    "admissionregistration.k8s.io": ("mutatingwebhookconfigurations",),
    "authorization.k8s.io": ("selfsubjectaccessreviews",),
}
OTHER, DISCOVERY = "other", "discovery"
ANY = ["*"]
METRIC = "apiserver_flowcontrol_dispatched_requests_total"
COUNTED = re.compile(METRIC + r'\{flow_schema="([^"]+)".*\} (\S+)')
FLOW_SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
METERED = "testbed/metered"
Requests = Counter[tuple[str, str]]


class RequestMeter:
    """Counts the requests that are sent with `kubeconfig`."""

    def __init__(self, kubectl: Kubectl, name: str, kubeconfig: str) -> None:
        self.kubectl, self.name, self.kubeconfig = kubectl, name, kubeconfig

    def during(self, action: Callable[[], Any]) -> Requests:
        """(verb, resource) -> how many."""
        before = self.total()
        action()
        return self.total() - before

    def total(self) -> Requests:
        found: Requests = Counter()
        for schema, count in COUNTED.findall(self.kubectl("get", "--raw", "/metrics")):
            if schema.startswith(f"{self.name}."):
                _name, verb, resource = schema.split(".")
                found[verb, resource] += int(float(count))
        return found


@contextmanager
def metering(kubectl: Kubectl, folder: Path) -> Iterator[RequestMeter]:
    """A user of its own with all rights, for as long as it is measured."""
    name = f"metered-{uuid.uuid4().hex[:6]}"
    binding = ("clusterrolebinding", name)
    kubectl.apply(manifests.namespace(name, injected=False))
    try:
        kubectl("create", "serviceaccount", name, "-n", name)
        kubectl("create", *binding, "--clusterrole=cluster-admin", f"--serviceaccount={name}:{name}")
        kubectl.apply(*_schemas(name))
        meter = RequestMeter(kubectl, name, _kubeconfig(kubectl, name, folder))
        eventually("its requests are counted", lambda: _counts(meter))
        yield meter
    finally:
        kubectl("delete", "--raw", f"{FLOW_SCHEMAS}?labelSelector={METERED}={name}")
        kubectl("delete", "--ignore-not-found", *binding)
        kubectl("delete", "--wait=false", "namespace", name)


def _counts(meter: RequestMeter) -> Requests:
    """The last FlowSchema takes requests: so do all those before it."""
    return meter.during(lambda: meter.kubectl("get", "--raw", "/version", "--kubeconfig", meter.kubeconfig))


def _schemas(name: str) -> list[dict[str, Any]]:
    rules = {
        f"{name}.{verb}.{resource}": {"verbs": [verb], "apiGroups": [group], "resources": [resource]}
        for (group, resources), verb in itertools.product(RESOURCES.items(), VERBS)
        for resource in resources
    }
    rest = {"verbs": ANY, "apiGroups": ANY, "resources": ANY}
    everywhere = {"namespaces": ANY, "clusterScope": True}
    return [
        *(_schema(name, at, 600, {"resourceRules": [{**rule, **everywhere}]}) for at, rule in rules.items()),
        _schema(name, f"{name}.any.{OTHER}", 601, {"resourceRules": [{**rest, **everywhere}]}),
        _schema(name, f"{name}.get.{DISCOVERY}", 601, {"nonResourceRules": [{"verbs": ANY, "nonResourceURLs": ANY}]}),
    ]


def _schema(user: str, name: str, precedence: int, rules: dict[str, Any]) -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "serviceAccount": {"name": user, "namespace": user}}
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": name, "labels": {METERED: user}},
        "spec": {
            "matchingPrecedence": precedence,
            "priorityLevelConfiguration": {"name": "workload-high"},
            "rules": [{"subjects": [subject], **rules}],
        },
    }


def _kubeconfig(kubectl: Kubectl, account: str, folder: Path) -> str:
    token = kubectl("create", "token", account, "-n", account).strip()
    config = yaml.safe_load(Path(kubectl.kubeconfig).read_text())
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    path = folder / f"{account}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)
