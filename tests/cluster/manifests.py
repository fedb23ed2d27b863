# SPDX-License-Identifier: Apache-2.0
"""Objects that tests put into the mesh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.filter import otel_collector

KWOK = {"nodeSelector": {"testbed/kind": "kwok"}, "tolerations": [{"operator": "Exists"}]}


def namespace(name: str, injected: bool = True) -> dict[str, Any]:
    labels = {"istio-injection": "enabled"} if injected else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def service(namespace: str, name: str, port: int = 80, target: int = 8080) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{"port": port, "targetPort": target, "name": "http"}]},
    }


def workload(
    namespace: str,
    name: str,
    kind: str = "Deployment",
    replicas: int = 1,
    image: str = "testbed/app",
    port: int = 8080,
    annotations: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
    pod: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A workload whose pods are real unless `pod` says otherwise (KWOK)."""
    container = {
        "name": "app",
        "image": image,
        "ports": [{"containerPort": port}],
        "env": [{"name": key, "value": value} for key, value in {"PORT": str(port), **(env or {})}.items()],
        "readinessProbe": {"httpGet": {"path": "/", "port": port}, "periodSeconds": 1},
    }
    body: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}, "annotations": annotations or {}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **(pod or {})},
        },
        **(spec or {}),
    }
    if kind != "DaemonSet":
        body["replicas"] = replicas
    if kind == "StatefulSet":
        body["serviceName"] = name
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": body}


def collector(namespace_name: str, injected: bool = False) -> list[dict[str, Any]]:
    """A trace backend, outside the mesh unless it is to have a sidecar."""
    return [
        namespace(namespace_name, injected),
        service(namespace_name, "collector", 9000, 9000),
        workload(namespace_name, "collector", image="testbed/trace-backend", port=9000),
    ]


def opentelemetry_collector(namespace_name: str, program: Path, sink: str) -> list[dict[str, Any]]:
    """A Collector that hands on to `sink`, a URL, what comes in by OTLP/HTTP."""
    deployment = workload(namespace_name, "otel", port=4318)
    pod = deployment["spec"]["template"]["spec"]
    pod["containers"][0] |= {
        "command": [str(program), "--config", "/etc/otel/collector.json"],
        "readinessProbe": {"tcpSocket": {"port": 4318}, "periodSeconds": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/otel"}],
    }
    pod["volumes"] = [{"name": "config", "configMap": {"name": "otel"}}]
    content = json.dumps(otel_collector.configuration({"endpoint": "0.0.0.0:4318"}, sink))
    metadata = {"name": "otel", "namespace": namespace_name}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"collector.json": content}}
    return [config, service(namespace_name, "otel", 4318, 4318), deployment]


def gateway(namespace_name: str, target: str, annotations: dict[str, str]) -> list[dict[str, Any]]:
    """An ingress gateway, injected by Istio's own template, that leads all it gets to the Service `web` of `target`."""
    deployment = workload(
        namespace_name, "gateway", annotations={"inject.istio.io/templates": "gateway", **annotations}
    )
    template = deployment["spec"]["template"]
    # A Gateway selects pods of all namespaces.
    selector = {"edge": namespace_name}
    template["metadata"]["labels"] |= {"sidecar.istio.io/inject": "true", **selector}
    template["spec"]["containers"] = [{"name": "istio-proxy", "image": "auto"}]
    host = f"web.{target}.svc.cluster.local"
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    routes = [{"route": [{"destination": {"host": host, "port": {"number": 80}}}]}]
    metadata = {"name": "gateway", "namespace": namespace_name}
    api = {"apiVersion": "networking.istio.io/v1", "metadata": metadata}
    return [
        service(namespace_name, "gateway"),
        deployment,
        {**api, "kind": "Gateway", "spec": {"selector": selector, "servers": servers}},
        {**api, "kind": "VirtualService", "spec": {"hosts": ["*"], "gateways": ["gateway"], "http": routes}},
    ]
