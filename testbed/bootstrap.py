# SPDX-License-Identifier: Apache-2.0
"""What is put into the empty cluster: the nodes, and Istio's manifests."""

from __future__ import annotations

import time
from typing import Any

from . import istio_manifests, network
from .component import Setting
from .errors import TestbedError
from .kubernetes_api import Api, ApiError, Object

KUBELET_VERSION = "v1.36.3"
INJECTION_SECONDS = 30.0
CRD_SECONDS = 15.0


def nodes(api: Api, real_pods: bool, kubelet_port: int) -> None:
    kwok = _node("kwok-0", "kwok", pods="100k")
    kwok["spec"] = {"taints": [{"key": "testbed/kind", "value": "kwok", "effect": "NoSchedule"}]}
    api.create("/api/v1/nodes", kwok)
    if real_pods:
        real = _node("real-0", "real", pods="500")
        api.create("/api/v1/nodes", real)
        status = {
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "addresses": [
                {"type": "InternalIP", "address": network.NODE_IP},
                {"type": "Hostname", "address": "real-0"},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
        }
        api.patch("/api/v1/nodes/real-0/status", {"status": status})


def _node(name: str, kind: str, pods: str) -> Object:
    # Sidecars are native ones only where each node's kubelet is new enough: istiod reads this version.
    size = {"cpu": "1k", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": pods}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "testbed/kind": kind,
            },
        },
        "status": {
            "capacity": size,
            "allocatable": size,
            "nodeInfo": {
                **dict.fromkeys(("machineID", "systemUUID", "bootID", "kernelVersion", "kubeProxyVersion"), ""),
                "osImage": "testbed",
                "containerRuntimeVersion": f"testbed://{kind}",
                "kubeletVersion": KUBELET_VERSION,
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def istio(api: Api, setting: Setting) -> None:
    rendered = setting.binaries.istio_manifests.read_text()
    documents = istio_manifests.adapt(rendered, setting.ports.istiod_webhook, setting.ports.istiod_xds)
    for document in documents:
        _create(api, document)


def _create(api: Api, document: Object) -> None:
    collection, name = object_path(document).rsplit("/", 1)
    deadline = time.monotonic() + CRD_SECONDS
    while True:
        try:
            api.create(collection, document)
            return
        except ApiError as error:
            if error.status == 409:
                return
            # A resource whose definition has just been created is served a moment later.
            if error.status != 404 or time.monotonic() > deadline:
                raise TestbedError(f"creating {document['kind']} {name} failed: {error}") from error
        time.sleep(0.1)


def object_path(document: Object) -> str:
    metadata: dict[str, Any] = document["metadata"]
    group = document["apiVersion"]
    base = f"/apis/{group}" if "/" in group else f"/api/{group}"
    if "namespace" in metadata:
        base += f"/namespaces/{metadata['namespace']}"
    return f"{base}/{_plural(document['kind'])}/{metadata['name']}"


def _plural(kind: str) -> str:
    lower = kind.lower()
    if lower.endswith("y"):
        return lower[:-1] + "ies"
    return lower + ("es" if lower.endswith("s") else "s")


def wait_for_injection(api: Api) -> None:
    """istiod fills in the webhook's certificate after it is ready: pods made before that would have no sidecar."""
    deadline = time.monotonic() + INJECTION_SECONDS
    path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-sidecar-injector"
    while time.monotonic() < deadline:
        webhooks = api.get(path).get("webhooks") or [{}]
        if all(webhook.get("clientConfig", {}).get("caBundle") for webhook in webhooks):
            return
        time.sleep(0.1)
    raise TestbedError(f"istiod did not fill in the webhook's certificate within {INJECTION_SECONDS:g} s")
