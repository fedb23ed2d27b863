# SPDX-License-Identifier: Apache-2.0
"""The old script's way: namespace by namespace a ConfigMap and an EnvoyFilter, then each Deployment a patch, one
kubectl after the other. It never waits for pods."""

from __future__ import annotations

import json
from pathlib import Path

from bench.fleet.fleet import Fleet
from bench.options import RELEASED
from testbed.kubernetes_api import Object
from tests.cluster.kubectl import Kubectl

NAME = "wasm-filter"


class Script:
    def __init__(self, kubectl: Kubectl, fleet: Fleet, spec: Object, scratch: Path) -> None:
        self._kubectl, self._fleet = kubectl, fleet
        self._filter = scratch / "envoy-filter.json"
        body = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"name": NAME}}
        self._filter.write_text(json.dumps({**body, "spec": spec}))
        self._round = 0

    def patch(self) -> None:
        self._round += 1
        for namespace in self._fleet.namespaces:
            self._namespace(namespace)

    def roll(self) -> None:
        """Until the pods are replaced, as it would have to be waited for."""
        self._fleet.wait_rolled(1, self.patch)

    def _namespace(self, namespace: str) -> None:
        at = ("-n", namespace)
        self._kubectl("delete", "configmap", NAME, "--ignore-not-found", *at)
        self._kubectl("create", "configmap", NAME, f"--from-file=filter.wasm={RELEASED}", *at)
        self._kubectl("apply", "-f", str(self._filter), *at)
        names = self._kubectl("get", "deployments", "-o", "jsonpath={.items[*].metadata.name}", *at)
        for name in names.split():
            self._kubectl("patch", "deployment", name, "--type=merge", "-p", json.dumps(self._patch()), *at)

    def _patch(self) -> Object:
        annotations = {
            "sidecar.istio.io/userVolume": json.dumps([{"name": NAME, "configmap": {"name": NAME}}]),
            "sidecar.istio.io/userVolumeMount": json.dumps(
                [{"name": NAME, "mountPath": "/var/local/lib/wasm-filters"}]
            ),
            # It would change nothing when it is run again.
            "bench.script/round": str(self._round),
        }
        return {"spec": {"template": {"metadata": {"annotations": annotations}}}}
