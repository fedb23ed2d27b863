# SPDX-License-Identifier: Apache-2.0
"""KWOK plays the kubelet of `kwok-0`: pods there become ready without any process."""

from __future__ import annotations

from .. import network
from ..component import Component, Setting

NODE_SELECTOR = "testbed/kind=kwok"


def kwok(setting: Setting) -> Component:
    return Component(
        name="kwok",
        command=(
            str(setting.binaries.kwok),
            f"--kubeconfig={setting.layout.inner_kubeconfig}",
            f"--config={setting.binaries.kwok_stages}",
            f"--manage-nodes-with-label-selector={NODE_SELECTOR}",
            f"--cidr={network.KWOK_NETWORK}",
            "--node-ip=10.245.255.1",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{setting.ports.kwok}",
        ),
        ready_url=f"http://127.0.0.1:{setting.ports.kwok}/healthz",
    )
