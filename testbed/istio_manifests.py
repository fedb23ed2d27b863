# SPDX-License-Identifier: Apache-2.0
"""Istio's manifests: rendered by istioctl when the programs are built, adapted to a mesh without cluster network when
it starts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from . import network
from .paths import PACKAGE

OPERATOR = PACKAGE / "istio-operator.yaml"
LEFT_OUT = {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"}
NAMESPACE = "istio-system"


def source() -> bytes:
    return OPERATOR.read_bytes()


def render(istioctl: Path) -> str:
    command = [str(istioctl), "manifest", "generate", f"--filename={OPERATOR}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def adapt(rendered: str, webhook_port: int, xds_port: int) -> list[dict[str, Any]]:
    """In an order in which the API server takes them."""
    documents = [d for d in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if d and d["kind"] not in LEFT_OUT]
    for document in documents:
        for webhook in document.get("webhooks") or ():
            _point_at_process(webhook["clientConfig"], webhook_port)
    documents = [d for d in documents if not (d["kind"] == "Service" and d["metadata"]["name"] == "istiod")]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return _ordered([namespace, *documents, *_istiod_service(xds_port)])


def _point_at_process(client_config: dict[str, Any], port: int) -> None:
    """istiod is no pod: the API server finds it on the loopback they share."""
    path = client_config.pop("service", {}).get("path", "/")
    client_config["url"] = f"https://localhost:{port}{path}"


def _istiod_service(xds_port: int) -> list[dict[str, Any]]:
    """Headless, so that sidecars find istiod by DNS alone: pods must start even while kube-proxy is not ready."""
    metadata = {"name": "istiod", "namespace": NAMESPACE, "labels": {"app": "istiod", "istio": "pilot"}}
    port = {"name": "https-dns", "port": xds_port, "protocol": "TCP"}
    slice_metadata = {**metadata, "labels": {"kubernetes.io/service-name": "istiod"}}
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"clusterIP": "None", "ports": [port]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": slice_metadata,
            "addressType": "IPv4",
            "ports": [port],
            "endpoints": [{"addresses": [network.NODE_IP], "conditions": {"ready": True}}],
        },
    ]


def _ordered(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    first = ["Namespace", "CustomResourceDefinition"]
    return sorted(documents, key=lambda d: first.index(d["kind"]) if d["kind"] in first else len(first))
