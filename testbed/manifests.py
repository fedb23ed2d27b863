# SPDX-License-Identifier: Apache-2.0
"""Small manifests that tests vary."""

from __future__ import annotations

import json
from typing import Any


def pod(name: str, container: dict[str, Any] | None = None, **spec: Any) -> str:
    app = {"name": "app", "image": "testbed/app", **(container or {})}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"containers": [app], "terminationGracePeriodSeconds": 5, **spec},
        }
    )


def config_map_volume(config_map: str, **more: Any) -> dict[str, Any]:
    return {"name": "files", "configMap": {"name": config_map, **more}}


def service(name: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
        }
    )


MOUNTED: dict[str, Any] = {"volumeMounts": [{"name": "files", "mountPath": "/var/local/files"}]}
SERVING: dict[str, Any] = {
    "ports": [{"containerPort": 8080}],
    "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1},
}
