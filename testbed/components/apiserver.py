# SPDX-License-Identifier: Apache-2.0
"""The API server: RBAC, a static administrator token, service account tokens by TokenRequest."""

from __future__ import annotations

from .. import network
from ..component import Component, Setting
from .etcd import client_url


def apiserver(setting: Setting) -> Component:
    certificates = setting.certificates
    tokens = setting.data / "tokens.csv"
    return Component(
        name="apiserver",
        command=(
            str(setting.binaries.control_plane),
            "apiserver",
            f"--etcd-servers={client_url(setting)}",
            f"--bind-address={setting.address}",
            f"--secure-port={setting.ports.apiserver}",
            f"--tls-cert-file={certificates.server}",
            f"--tls-private-key-file={certificates.server_key}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            f"--service-cluster-ip-range={network.SERVICE_NETWORK}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={certificates.service_account_public}",
            f"--service-account-signing-key-file={certificates.service_account_key}",
            f"--kubelet-certificate-authority={certificates.ca}",
            f"--kubelet-client-certificate={certificates.client}",
            f"--kubelet-client-key={certificates.client_key}",
            "--kubelet-preferred-address-types=InternalIP",
            *_endpoints(setting),
            # Roll-outs over whole fleets run with service accounts too, which are not exempt from the limits.
            "--max-requests-inflight=2000",
            "--max-mutating-requests-inflight=1000",
            "--profiling=false",
        ),
        files={tokens: f'{setting.token},testbed-admin,testbed-admin,"system:masters"\n'},
        ready_url=f"{inner_url(setting)}/readyz",
    )


def inner_url(setting: Setting) -> str:
    return f"https://127.0.0.1:{setting.ports.apiserver}"


def _endpoints(setting: Setting) -> tuple[str, ...]:
    """Pods reach the API server as Service `kubernetes`, where there is an address that pods can reach."""
    if not setting.real_pods:
        return ("--endpoint-reconciler-type=none",)
    return (f"--advertise-address={network.NODE_IP}", "--endpoint-reconciler-type=lease")
