# SPDX-License-Identifier: Apache-2.0
"""istiod as a plain process. The Envoy of PyPI has none of Istio's own extensions, so istiod must not name them: each
PILOT_ENABLE_* below switches one off, else Envoy would reject the listeners."""

from __future__ import annotations

from ..component import Component, Setting

NAMESPACE = "istio-system"
INJECTOR = "istio-sidecar-injector"
VALIDATOR = "istio-validator-istio-system"


def istiod(setting: Setting) -> Component:
    ports = setting.ports
    host = "" if setting.real_pods else "127.0.0.1"
    return Component(
        name="istiod",
        command=(
            str(setting.binaries.pilot_discovery),
            "discovery",
            f"--kubeconfig={setting.layout.inner_kubeconfig}",
            f"--httpAddr={host}:{ports.istiod_http}",
            f"--grpcAddr={host}:{ports.istiod_grpc}",
            f"--secureGRPCAddr={host}:{ports.istiod_xds}",
            f"--monitoringAddr={host}:{ports.istiod_monitoring}",
            f"--httpsAddr={host}:{ports.istiod_webhook}",
            "--kubernetesApiQPS=500",
            "--kubernetesApiBurst=1000",
            "--profile=false",
        ),
        environment={
            "POD_NAME": "istiod",
            "POD_NAMESPACE": NAMESPACE,
            "REVISION": "default",
            "CLUSTER_ID": "Kubernetes",
            "ISTIOD_CUSTOM_HOST": "localhost",
            "PILOT_CERT_PROVIDER": "istiod",
            "INJECTION_WEBHOOK_CONFIG_NAME": INJECTOR,
            "VALIDATION_WEBHOOK_CONFIG_NAME": VALIDATOR,
            "ENABLE_LEADER_ELECTION": "false",
            "PILOT_ENABLE_ALPN_FILTER": "false",
            "PILOT_ENABLE_METADATA_EXCHANGE": "false",
            "PILOT_ENABLE_GATEWAY_API": "false",
        },
        ready_url=f"http://127.0.0.1:{ports.istiod_http}/ready",
    )
