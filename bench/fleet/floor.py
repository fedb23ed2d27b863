# SPDX-License-Identifier: Apache-2.0
"""What the work costs at least: the same objects and a patch as large, sent by sixteen threads, with nothing read,
compared, locked or told. Patches are strategic merges, which cost the API server less than a server-side apply.

It writes fields of its own, so that it leaves the collection's alone; to controllers each is a changed template.
"""

from __future__ import annotations

import base64
import json

from bench.fleet.fleet import Fleet
from bench.options import RELEASED
from testbed.kubernetes_api import ApiError, Object

NAME = "floor"
ENVOY_FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/{}/envoyfilters"
CONFIG_MAPS = "/api/v1/namespaces/{}/configmaps"


class Floor:
    """:param spec: of the EnvoyFilter."""

    def __init__(self, fleet: Fleet, spec: Object) -> None:
        self._fleet, self._spec = fleet, spec
        self._round = 0

    def patch(self) -> None:
        """All objects and all templates; returns when the last is answered."""
        self._round += 1
        self._fleet.each(self._objects, ((name,) for name in self._fleet.namespaces))
        self._fleet.each(self._workload, self._fleet.workloads)

    def roll(self) -> None:
        self._fleet.wait_rolled(1, self.patch)

    def tidy(self) -> None:
        """What is not the collection's would be named by it as a foreign filter."""
        self._fleet.each(self._delete, ((name,) for name in self._fleet.namespaces))

    def _objects(self, namespace: str) -> None:
        api, metadata = self._fleet.api, {"name": NAME, "namespace": namespace}
        wasm = base64.b64encode(RELEASED.read_bytes()).decode()
        api.create(CONFIG_MAPS.format(namespace), {"metadata": metadata, "binaryData": {"filter.wasm": wasm}})
        body = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter"}
        api.create(ENVOY_FILTERS.format(namespace), {**body, "metadata": metadata, "spec": self._spec})

    def _workload(self, namespace: str, name: str) -> None:
        volume = {"wasm-filter-trace": {"configMap": {"name": f"wasm-filter-{self._round:010x}", "optional": True}}}
        mount = {"wasm-filter-trace": {"mountPath": "/var/local/lib/wasm-filters/trace", "readOnly": True}}
        metadata = {
            "labels": {"bench.floor/revision": f"{self._round:010x}"},
            "annotations": {"bench.floor/volume": json.dumps(volume), "bench.floor/mount": json.dumps(mount)},
        }
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
        self._fleet.api.patch(path, {"spec": {"template": {"metadata": metadata}}})

    def _delete(self, namespace: str) -> None:
        for collection in (CONFIG_MAPS, ENVOY_FILTERS):
            try:
                self._fleet.api.delete(f"{collection.format(namespace)}/{NAME}")
            except ApiError as error:
                if error.status != 404:
                    raise
