"""The agent that plays the kubelet of `real-0`: its pods are processes in namespaces."""

from __future__ import annotations

import sys

from ..component import Component, Setting
from ..paths import CHECKOUT


def node_agent(setting: Setting) -> Component:
    return Component(
        name="node-agent",
        command=(
            sys.executable,
            "-m",
            "testbed.node",
            str(setting.layout.root),
            str(setting.data),
            str(setting.binaries.folder),
        ),
        environment={"PYTHONPATH": str(CHECKOUT)},
        ready_url=f"http://127.0.0.1:{setting.ports.node_agent}/healthz",
    )
