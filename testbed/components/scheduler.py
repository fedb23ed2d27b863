# SPDX-License-Identifier: Apache-2.0
"""kube-scheduler, with client limits for fleets of thousands of pods."""

from __future__ import annotations

import json

from ..component import Component, Setting


def scheduler(setting: Setting) -> Component:
    configuration = setting.data / "scheduler.json"
    content = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(setting.layout.inner_kubeconfig), "qps": 1000, "burst": 2000},
    }
    return Component(
        name="scheduler",
        command=(
            str(setting.binaries.control_plane),
            "scheduler",
            f"--config={configuration}",
            "--bind-address=127.0.0.1",
            f"--secure-port={setting.ports.scheduler}",
            f"--cert-dir={setting.data / 'scheduler'}",
        ),
        files={configuration: json.dumps(content)},
        ready_url=f"https://127.0.0.1:{setting.ports.scheduler}/healthz",
    )
