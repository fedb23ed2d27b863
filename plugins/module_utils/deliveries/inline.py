# SPDX-License-Identifier: Apache-2.0
"""Delivery `inline`: the wasm is in the EnvoyFilter; no workload is touched and nothing restarts."""

from __future__ import annotations

from ..domain.outcome import NONE
from ..kinds.base import Object, WorkloadKind
from .base import WorkloadChange
from .delivery import Delivery


class InlineDelivery(Delivery):
    """One EnvoyFilter for all revisions, replaced in place. What configmap left on workloads stays until removal."""

    name = "inline"
    # An inline filter is sent to every proxy of a namespace, in base64, over one stream.
    bytes_max = 256 * 1024
    limit = (
        "wasm_filter_delivery=inline sends a copy to every proxy and takes at most {bytes_max}: "
        "use wasm_filter_delivery=configmap"
    )
    contexts = ("outbound", "inbound", "gateway")
    restarts_pods = False

    @property
    def envoy_filter_name(self) -> str:
        return self.names.envoy_filter(None)

    def conflicts_with(self, envoy_filter: Object) -> bool:
        return bool(envoy_filter["metadata"]["name"] != self.envoy_filter_name)

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        return WorkloadChange(NONE, NONE)

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        return []
