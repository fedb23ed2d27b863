"""An API server that is only read: objects by their paths, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

NAMESPACES = "/api/v1/namespaces"
GROUP = "/apis/networking.istio.io/v1alpha3"
MESH = f"{NAMESPACES}/istio-system/configmaps/istio"
SERVICE = {"metadata": {"name": "collector", "namespace": "traces"}, "spec": {"ports": [{"port": 9000}]}}


class ReadOnlyApi(ClusterApi):
    """`refused`: {pattern of "METHOD path": HTTP status, 0 for no answer}. A write is an AttributeError."""

    def __init__(self, *namespaces: dict[str, Any], service: dict[str, Any] | None = None) -> None:
        self.refused: dict[str, int] = {}
        self.requests: list[str] = []
        self.objects: dict[str, dict[str, Any]] = {GROUP: {"kind": "APIResourceList"}}
        for one in namespaces:
            self.objects[f"{NAMESPACES}/{one['metadata']['name']}"] = one
        if service:
            metadata = service["metadata"]
            self.objects[f"{NAMESPACES}/{metadata['namespace']}/services/{metadata['name']}"] = service

    def get(self, path: str) -> dict[str, Any] | None:
        self._asked("GET", path)
        return self.objects.get(path)

    def list(
        self, path: str, label_selector: str = "", metadata_only: bool = False, field_selector: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        self._asked("LIST", path)
        return [one for key, one in self.objects.items() if re.fullmatch(f"{path}/[^/]+", key)], "1"

    def _asked(self, method: str, path: str) -> None:
        self.requests.append(f"{method} {path}")
        for pattern, status in self.refused.items():
            if re.search(pattern, self.requests[-1]):
                raise api_error(f"{method} {path}", status, f"refused by the test with {status}")
