# SPDX-License-Identifier: Apache-2.0
"""The real kube-proxy: pods without a sidecar reach Services by it. It runs in the node's network namespace."""

from __future__ import annotations

from .. import network
from ..component import Component, Setting


def kube_proxy(setting: Setting) -> Component:
    return Component(
        name="kube-proxy",
        command=(
            str(setting.binaries.control_plane),
            "proxy",
            f"--kubeconfig={setting.layout.inner_kubeconfig}",
            "--proxy-mode=iptables",
            "--hostname-override=real-0",
            f"--cluster-cidr={network.POD_NETWORK}",
            f"--healthz-bind-address=127.0.0.1:{setting.ports.kube_proxy}",
            f"--metrics-bind-address=127.0.0.1:{setting.ports.kube_proxy_metrics}",
            # These write sysctls of the whole machine, which a network namespace does not own.
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ),
        ready_url=f"http://127.0.0.1:{setting.ports.kube_proxy}/livez",
    )
