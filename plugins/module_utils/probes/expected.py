# SPDX-License-Identifier: Apache-2.0
"""Which pods of a namespace take a revision, and what each of them then has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.names import FilterNames
from ..domain.outcome import Reason

PROXY = "istio-proxy"
_ROUTER = "router"
# Contexts of an EnvoyFilter: https://istio.io/latest/docs/reference/config/networking/envoy-filter/
_GATEWAY, _OUTBOUND, _ANY = "GATEWAY", "SIDECAR_OUTBOUND", "ANY"

Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """`labels`: of the pods that it goes to. `mounted`: whether it comes as a file in the pod.

    `contexts`: of its EnvoyFilter. `always_loaded`: whether every proxy has a listener of these contexts, so that
    one that loads nothing lacks something; a pod that serves no HTTP has no inbound one that a filter could be in.
    """

    names: FilterNames
    revision: str
    labels: Mapping[str, str]
    mounted: bool
    contexts: frozenset[str]

    @classmethod
    def of(cls, names: FilterNames, revision: str, spec: Mapping[str, Any], mounted: bool) -> Expected:
        """:param spec: of the EnvoyFilter that brings it."""
        contexts = {(patch.get("match") or {}).get("context") or _ANY for patch in spec.get("configPatches") or []}
        labels = (spec.get("workloadSelector") or {}).get("labels") or {}
        return cls(names, revision, labels, mounted, frozenset(contexts))

    @property
    def always_loaded(self) -> bool:
        return bool(self.contexts & {_OUTBOUND, _ANY})

    @property
    def selector(self) -> str:
        return ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))

    def lacks(self, pod: Pod) -> tuple[Reason, str] | None:
        """What a pod that takes it has not been given when it was created; None: all there."""
        proxy = proxy_of(pod)
        if proxy is None:
            return Reason.NO_SIDECAR, "it has no sidecar"
        mounts = {(one["name"], one["mountPath"]) for one in proxy.get("volumeMounts") or []}
        if self.mounted and (self.names.volume, self.names.mount_path) not in mounts:
            return Reason.NO_MOUNT, f"{self.names.mount_path} is not mounted into its sidecar"
        return None

    def goes_to(self, pod: Pod) -> bool:
        """Is the pod meant? One that takes no filter is not, as it has no proxy or another kind of proxy.

        Nor is one that ends by itself: it may be gone before it can be asked.
        """
        metadata, phase = pod["metadata"], (pod.get("status") or {}).get("phase")
        of_job = any(owner["kind"] == "Job" for owner in metadata.get("ownerReferences") or [])
        if of_job or metadata.get("deletionTimestamp") or phase in ("Succeeded", "Failed"):
            return False
        proxy = proxy_of(pod)
        if proxy is None:
            # One with the label of a revision was to have one.
            return self.mounted
        contexts = {_GATEWAY, _ANY} if _ROUTER in (proxy.get("args") or []) else self.contexts - {_GATEWAY}
        return bool(self.contexts & contexts)


def proxy_of(pod: Pod) -> Mapping[str, Any] | None:
    """The container of Envoy; a native sidecar is an init container. None: the pod has none."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return next((one for one in containers if one["name"] == PROXY), None)
