# SPDX-License-Identifier: Apache-2.0
"""Taking a filter out: workloads as they were before, then the objects."""

from __future__ import annotations

from ..domain.names import SHA256_ANNOTATION
from ..domain.outcome import Outcome
from ..kinds.base import Object, WorkloadKind
from . import workload_change
from .base import CONFIG_MAPS, NamespaceObjects, ObjectStep, Operation, WorkloadChange, delete_envoy_filter, delete_step


class Removal(Operation):
    """Whatever delivery it came by."""

    done = Outcome.REMOVED
    description = "filter removed"
    restarts_pods = False
    objects_go_last = True

    def change(self, kind: WorkloadKind, workload: Object) -> WorkloadChange:
        return workload_change.remove(kind, workload, self.names)

    def missing(self, kind: WorkloadKind, change: WorkloadChange, workload: Object) -> list[str]:
        return workload_change.left(kind, workload, self.names)

    def steps_after(
        self, namespace: str, objects: NamespaceObjects, used: set[str], all_well: bool
    ) -> list[ObjectStep]:
        """Pods of a workload that failed may still need their file: then the ConfigMaps stay."""
        steps = [delete_envoy_filter(namespace, found) for found in objects.envoy_filters]
        for found in objects.config_maps if all_well else []:
            sha256 = (found["metadata"].get("annotations") or {}).get(SHA256_ANNOTATION, "")
            shown = {f"ConfigMap/{found['metadata']['name']}": f"{SHA256_ANNOTATION}: {sha256}"}
            steps.append(delete_step(CONFIG_MAPS, "ConfigMap", namespace, found, shown))
        return steps
