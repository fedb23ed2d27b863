# SPDX-License-Identifier: Apache-2.0
"""What a new pod would get of the mesh: a sidecar, and the filter's file in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..deliveries.workload_change import INJECT
from ..domain.errors import ApiError
from ..domain.names import FilterNames
from ..kinds.base import Object
from .injectors import REVISION, Injectors

PROXY = "istio-proxy"
# Set by the injector on each pod that it has given a proxy.
STATUS = "sidecar.istio.io/status"
INJECTION = "istio-injection"
DATAPLANE = "istio.io/dataplane-mode"
# How an authorizer refuses; admission says 403 as well, for a quota, Pod Security or a missing ServiceAccount.
_NO_RIGHT = re.compile(r'User ".*" cannot create resource "pods"')
_BY_INJECTOR = re.compile(r'webhook "[^"]*sidecar-injector\.istio\.io"')
_BY_ADMISSION = re.compile(r"admission webhook|failed calling webhook|denied request")
_NO_DRY_RUN = "does not support dry run"


@dataclass(frozen=True)
class Injection:
    """`proxy`: Envoy comes with it; `mount`: and has the filter's file; `revision`: of the istiod that says so.

    `said`: the words of an injector that refuses.
    """

    proxy: bool
    mount: bool = False
    revision: str = ""
    said: str = ""


class Refusal(str, Enum):
    """Why a dry run of a pod's creation got no pod."""

    __str__ = str.__str__

    NO_RIGHT = "no_right"
    BY_INJECTOR = "by_injector"
    # Whoever creates it would be refused: that says nothing of a sidecar.
    WOULD_NOT_START = "would_not_start"
    UNKNOWN = "unknown"


def of_pod(pod: Object, names: FilterNames) -> Injection:
    """From a pod as the API server would create it."""
    spec, annotations = pod["spec"], pod["metadata"].get("annotations") or {}
    # A native sidecar is an init container.
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    proxy = next((one for one in containers if one["name"] == PROXY), None)
    if proxy is None or STATUS not in annotations:
        return Injection(False)
    mounts = {(one["name"], one["mountPath"]) for one in proxy.get("volumeMounts") or []}
    volumes = {one["name"] for one in spec.get("volumes") or []}
    mount = (names.volume, names.mount_path) in mounts and names.volume in volumes
    return Injection(True, mount, annotations.get(REVISION, ""))


def refusal(error: ApiError) -> Refusal:
    """What an answer without a pod means."""
    if _NO_DRY_RUN in error.detail:
        return Refusal.UNKNOWN
    if _BY_INJECTOR.search(error.detail):
        return Refusal.BY_INJECTOR
    if error.status == 403:
        return Refusal.NO_RIGHT if _NO_RIGHT.search(error.detail) else Refusal.WOULD_NOT_START
    return Refusal.WOULD_NOT_START if _BY_ADMISSION.search(error.detail) else Refusal.UNKNOWN


def by_webhooks(injectors: Injectors, namespace_labels: Mapping[str, str], pod_labels: Mapping[str, str]) -> Injection:
    """What is to be expected by the selectors of the webhooks."""
    webhook = injectors.injecting(namespace_labels, pod_labels)
    return Injection(True, True, webhook.revision) if webhook else Injection(False)


def by_labels(namespace_labels: Mapping[str, str], pod_labels: Mapping[str, str]) -> Injection:
    """What is to be expected where nothing but labels is known."""
    opted_in = pod_labels.get(INJECT) == "true" or bool(pod_labels.get(REVISION))
    asked = bool(namespace_asks(namespace_labels)) or (INJECTION not in namespace_labels and opted_in)
    return Injection(asked, asked)


def namespace_asks(labels: Mapping[str, str]) -> str:
    """The label by which a namespace asks for sidecars; empty: by none.

    istio-injection decides where it is set; the revision label counts only without it.
    """
    if INJECTION in labels:
        return f"{INJECTION}=enabled" if labels[INJECTION] == "enabled" else ""
    return f"{REVISION}={labels[REVISION]}" if labels.get(REVISION) else ""


def is_ambient(labels: Mapping[str, Any]) -> bool:
    """Whether ztunnel carries the traffic of a namespace's pods, in the place of sidecars."""
    return labels.get(DATAPLANE) == "ambient"
