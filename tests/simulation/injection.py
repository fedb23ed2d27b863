# SPDX-License-Identifier: Apache-2.0
"""Istio's injection: which pods get a sidecar, and what is mounted into it.

https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ and
https://istio.io/latest/docs/reference/config/annotations/
"""

from __future__ import annotations

from tests.simulation import truth
from tests.simulation.traits import INJECT
from tests.simulation.values import Object, at

PROXY = "istio-proxy"
STATUS = "sidecar.istio.io/status"


def injected(pod: Object, namespace: Object, off: bool) -> Object:
    """The pod as the webhook gives it back. `off`: the webhook does not answer, and is passed over."""
    template = at(pod, "spec", "template") or {}
    spec = {**pod["spec"], "containers": list(at(template, "spec", "containers") or [])}
    metadata = template.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    inject = (metadata.get("labels") or {}).get(INJECT) or annotations.get(INJECT)
    wanted = at(namespace, "metadata", "labels", "istio-injection") == "enabled" and inject != "false"
    if off or not wanted or at(template, "spec", "hostNetwork"):
        return {**pod, "spec": spec}
    volume, mount = truth.texts({"spec": {"template": template}})
    mounts = [{"name": name, **entry} for name, entry in truth.entries(mount) or []]
    spec["containers"] = [*spec["containers"], {"name": PROXY, "args": ["proxy", "sidecar"], "volumeMounts": mounts}]
    spec["volumes"] = [{"name": name, **entry} for name, entry in truth.entries(volume) or []]
    return {**pod, "metadata": {**pod["metadata"], "annotations": {**annotations, STATUS: "{}"}}, "spec": spec}


def proxy_of(pod: Object) -> Object | None:
    return next((one for one in at(pod, "spec", "containers") or () if one["name"] == PROXY), None)


def config_maps(pod: Object) -> list[str]:
    """What it mounts of ours."""
    names = [at(one, "configMap", "name") for one in at(pod, "spec", "volumes") or ()]
    return [str(name) for name in names if str(name).startswith("wasm-filter-")]


def files(pod: Object) -> set[str]:
    """The wasm files that its sidecar sees."""
    volumes = {one["name"] for one in at(pod, "spec", "volumes") or () if "configMap" in one}
    mounts = (proxy_of(pod) or {}).get("volumeMounts") or []
    return {f"{one['mountPath']}/filter.wasm" for one in mounts if one["name"] in volumes and "mountPath" in one}
