# SPDX-License-Identifier: Apache-2.0
"""Objects that tests begin with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import Delivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.registry import DELIVERIES
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import (
    Release,
    inline_reference,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.wasm_module import WasmModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import WorkloadKind
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.registry import KINDS

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = REPOSITORY / "filter" / "dist" / "http-trace-filter.wasm"
NAMES = FilterNames("trace")
R1, R2 = "0000000001", "0000000002"
VOLUME = "sidecar.istio.io/userVolume"
MOUNT = "sidecar.istio.io/userVolumeMount"


def namespace(name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"istio-injection": "enabled", **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def workload(
    namespace: str = "shop",
    name: str = "web",
    kind: str = "Deployment",
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """`annotations` and `labels` are the pod template's."""
    template: dict[str, Any] = {"labels": {"app": name, **(labels or {})}}
    if annotations is not None:
        template["annotations"] = annotations
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": template, "spec": {"containers": [{"name": "app", "image": "app"}]}},
            **spec,
        },
    }


def injected_pod(mount: bool = True, native: bool = False, revision: str = "default") -> dict[str, Any]:
    """What an injector makes of a pod; `mount`: with the filter's file."""
    proxy: dict[str, Any] = {"name": "istio-proxy", "volumeMounts": []}
    volumes: list[dict[str, Any]] = []
    if mount:
        proxy["volumeMounts"] = [{"name": NAMES.volume, "mountPath": NAMES.mount_path, "readOnly": True}]
        volumes = [{"name": NAMES.volume, "configMap": {"name": NAMES.config_map(R1)}}]
    containers: dict[str, Any] = {"containers": [proxy, {"name": "app"}]}
    if native:
        containers = {"initContainers": [proxy], "containers": [{"name": "app"}]}
    annotations = {"sidecar.istio.io/status": "{}", "istio.io/rev": revision}
    return {"metadata": {"name": "x", "annotations": annotations}, "spec": {**containers, "volumes": volumes}}


def binary(content: bytes = b"wasm") -> WasmModule:
    return WasmModule(content, hashlib.sha256(content).hexdigest(), ("proxy_on_tick",))


def release(revision: str = R1, delivery: str = "configmap", names: FilterNames = NAMES) -> Release:
    code: dict[str, Any] = {"filename": f"{names.mount_path}/filter.wasm"}
    if delivery == "inline":
        code = {"inline_bytes": inline_reference(binary().sha256)}
    # By these the filter is known for one that shows them.
    plugin = json.dumps({"revision": revision, "heartbeat_seconds": 5})
    config = {"configuration": {"value": plugin}, "vm_config": {"code": {"local": code}}}
    spec: dict[str, Any] = {
        "configPatches": [
            {
                "applyTo": "EXTENSION_CONFIG",
                "patch": {"operation": "ADD", "value": {"name": names.extension, "typed_config": {"config": config}}},
            }
        ]
    }
    if delivery == "configmap":
        spec["workloadSelector"] = {"labels": {names.pod_label: revision}}
    return Release(names, revision, spec, binary())


def delivery(revision: str = R1, name: str = "configmap", names: FilterNames = NAMES) -> Delivery:
    """What a deploy does."""
    return DELIVERIES[name](release(revision, name, names))


def kind_of(entry: dict[str, Any]) -> WorkloadKind:
    """The kind of a workload."""
    return next(kind for kind in KINDS if kind.kind == entry["kind"])
