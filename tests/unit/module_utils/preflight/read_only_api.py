# SPDX-License-Identifier: Apache-2.0
"""An API server that is only read, or asked what it would create: objects by their paths, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.api import ClusterApi
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

from tests.unit.module_utils.planning.mesh_webhooks import injector
from tests.unit.objects import injected_pod, kind_of

NAMESPACES = "/api/v1/namespaces"
GROUP = "/apis/networking.istio.io/v1alpha3"
MESH = f"{NAMESPACES}/istio-system/configmaps/istio"
WEBHOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-sidecar-injector"
SERVICE: dict[str, Any] = {
    "metadata": {"name": "collector", "namespace": "traces"},
    "spec": {"ports": [{"port": 9000}], "selector": {"app": "collector"}, "clusterIP": "10.96.0.12"},
}


class ReadOnlyApi(ClusterApi):
    """`refused`: {pattern of "METHOD path": HTTP status, 0 for no answer}; `saying`: in which words, by status.

    A write is an error. `admission`: what becomes of a pod that is to be created. `tried`: pods that this was asked of.
    """

    def __init__(self, *namespaces: dict[str, Any], service: dict[str, Any] | None = None) -> None:
        self.refused: dict[str, int] = {}
        self.saying: dict[int, str] = {}
        self.admission: Callable[[dict[str, Any]], dict[str, Any]] = lambda _pod: injected_pod()
        self.tried: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.objects: dict[str, dict[str, Any]] = {GROUP: {"kind": "APIResourceList"}, WEBHOOK: injector()}
        for one in namespaces:
            self.objects[f"{NAMESPACES}/{one['metadata']['name']}"] = one
        if service:
            metadata = service["metadata"]
            self.objects[f"{NAMESPACES}/{metadata['namespace']}/services/{metadata['name']}"] = service

    def get(self, path: str) -> dict[str, Any] | None:
        self._asked("GET", path)
        return self.objects.get(path)

    def first(self, path: str, label_selector: str, count: int) -> list[dict[str, Any]]:
        self._asked("FIRST", path)
        wanted = dict([label_selector.split("=")])
        found = [one for key, one in self.objects.items() if _holds(path, key)]
        return [one for one in found if wanted.items() <= one["metadata"].get("labels", {}).items()][:count]

    def list(
        self,
        path: str,
        label_selector: str = "",
        metadata_only: bool = False,
        field_selector: str = "",
        kept: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> tuple[list[dict[str, Any]], str]:
        self._asked("LIST", path)
        return [kept(one) if kept else one for key, one in self.objects.items() if _holds(path, key)], "1"

    def create(self, path: str, body: dict[str, Any], manager: str, rehearsal: bool = False) -> dict[str, Any]:
        assert rehearsal, f"a write: {path}"
        self._asked("REHEARSE", path)
        self.tried.append(body)
        return self.admission(body)

    def put(self, *workloads: dict[str, Any]) -> None:
        """Workloads, as the API server has them."""
        for one in workloads:
            metadata = one["metadata"]
            metadata |= {"uid": f"uid of {metadata['name']}", "resourceVersion": "1"}
            self.objects[kind_of(one).path(metadata["namespace"], metadata["name"])] = one

    def _asked(self, method: str, path: str) -> None:
        self.requests.append(f"{method} {path}")
        for pattern, status in self.refused.items():
            if re.search(pattern, self.requests[-1]):
                said = self.saying.get(status, f"refused by the test with {status}")
                raise api_error(f"{method} {path}", status, said)


def _holds(collection: str, path: str) -> bool:
    """Whether it is an object of a collection, in one namespace or in all."""
    if re.fullmatch(f"{collection}/[^/]+", path):
        return True
    base, _slash, plural = collection.rpartition("/")
    return re.fullmatch(f"{base}/namespaces/[^/]+/{plural}/[^/]+", path) is not None
