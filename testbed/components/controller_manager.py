# SPDX-License-Identifier: Apache-2.0
"""kube-controller-manager. Its client limits are raised: at the default 20 requests a second a fleet of thousands of
pods would measure the limit instead of the roll-out."""

from __future__ import annotations

from ..component import Component, Setting

CONCURRENT_SYNCS = 20


def controller_manager(setting: Setting) -> Component:
    certificates = setting.certificates
    return Component(
        name="controller-manager",
        command=(
            str(setting.binaries.control_plane),
            "controller-manager",
            f"--kubeconfig={setting.layout.inner_kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={setting.ports.controller_manager}",
            f"--cert-dir={setting.data / 'controller-manager'}",
            f"--service-account-private-key-file={certificates.service_account_key}",
            f"--root-ca-file={certificates.ca}",
            "--leader-elect=false",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
            *(f"--concurrent-{what}-syncs={CONCURRENT_SYNCS}" for what in ("deployment", "replicaset", "namespace")),
            *(f"--concurrent-{what}-syncs={CONCURRENT_SYNCS}" for what in ("statefulset", "daemonset", "gc")),
        ),
        ready_url=f"https://127.0.0.1:{setting.ports.controller_manager}/healthz",
    )
