# SPDX-License-Identifier: Apache-2.0
"""The pod that a workload's template gives once it is changed. Pure."""

from __future__ import annotations

from typing import Any

from ..kinds.base import Object, WorkloadKind


def template_after(kind: WorkloadKind, workload: Object, body: Object | None) -> Object:
    """Its pod template with a patch of ours in it (an apply or a merge patch; both only touch maps).

    :param body: None: as it is.
    """
    return _merged(kind.template(workload), kind.template(body or {}))


def new_pod(kind: WorkloadKind, workload: Object, template: Object) -> Object:
    """As a controller would create it, as far as admission can tell the difference."""
    metadata, spec = workload["metadata"], template.get("spec") or {}
    owner = {"apiVersion": kind.api_version, "kind": kind.kind, "name": metadata["name"], "uid": metadata["uid"]}
    claims = [
        {"name": one["metadata"]["name"], "persistentVolumeClaim": {"claimName": one["metadata"]["name"]}}
        for one in workload["spec"].get("volumeClaimTemplates") or []
    ]
    volumes = [*(spec.get("volumes") or []), *claims]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **{
                key: value
                for key, value in (template.get("metadata") or {}).items()
                if key in ("labels", "annotations")
            },
            "generateName": f"{metadata['name'][:50]}-",
            "namespace": metadata["namespace"],
            "ownerReferences": [{**owner, "controller": True}],
        },
        "spec": {**spec, **({"volumes": volumes} if volumes else {})},
    }


def _merged(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
