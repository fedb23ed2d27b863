# SPDX-License-Identifier: Apache-2.0
"""The agent that plays the kubelet of `real-0`: its pods are processes in namespaces."""

from __future__ import annotations

import sys

from ..component import Component, Setting
from ..paths import CHECKOUT, user_cache


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
        # Its home is the mesh's own; where the user's cache is it has to be told.
        environment={"PYTHONPATH": str(CHECKOUT), "XDG_CACHE_HOME": str(user_cache().parent)},
        ready_url=f"http://127.0.0.1:{setting.ports.node_agent}/healthz",
    )
