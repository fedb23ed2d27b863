# SPDX-License-Identifier: Apache-2.0
"""Delivery `configmap`: the wasm is mounted into the pods, which are replaced for it."""

from __future__ import annotations

from ..kinds.base import Object, WorkloadKind
from . import workload_change
from .base import WorkloadChange
from .delivery import Delivery


class ConfigMapDelivery(Delivery):
    """One patch of each workload's pod template; a pod gets code, file and configuration of one revision, or none."""

    name = "configmap"
    # The API server refuses a ConfigMap whose data is over 1 MiB; the EnvoyFilter lies in there too.
    bytes_max = 1024 * 1024 - 64 * 1024
    limit = "a ConfigMap takes at most {bytes_max}"
    # Gateways take no userVolume, so the file would never be there.
    contexts = ("outbound", "inbound")
    restarts_pods = True

    @property
    def envoy_filter_name(self) -> str:
        return self.names.envoy_filter(self.release.revision)

    def conflicts_with(self, envoy_filter: Object) -> bool:
        """The one of delivery inline; those of other revisions select other pods."""
        return envoy_filter["metadata"]["name"] == self.names.envoy_filter(None)

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        release = self.release
        change = workload_change.deploy(kind, workload, release.names, release.revision, release.selector)
        return self.unless_excluded(kind, workload, change)

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        return workload_change.missing(kind, workload, self.names, self.release.revision)
