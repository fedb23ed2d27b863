# SPDX-License-Identifier: Apache-2.0
"""A recorded state, made anew in a namespace of a real API server: the same objects, and the same owners of fields."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from testbed.bootstrap import object_path
from testbed.client import APPLY
from testbed.kubernetes_api import Api
from tests.cluster.kubectl import Kubectl
from tests.upgrade import capture
from tests.upgrade.capture import Object
from tests.upgrade.recording import Deploy, Recorded
from tests.upgrade.states import Owned


def put(kubectl: Kubectl, namespace: str, state: Recorded) -> None:
    """Each step leaves what was recorded after it, or fails: with other defaults of a newer Kubernetes record anew."""
    own(kubectl, namespace, state.owned)
    assert capture.workloads(kubectl, namespace) == state.original
    for deploy in state.deploys:
        _change(kubectl, namespace, deploy)
        assert capture.workloads(kubectl, namespace) == deploy.workloads
    _create(kubectl, state.deploys[-1].ours.values())
    assert capture.ours(kubectl, namespace) == state.deploys[-1].ours


def own(kubectl: Kubectl, namespace: str, owned: list[Owned]) -> None:
    """Apply the workloads as their owners do, and wait for them."""
    for entry in owned:
        by = ["--server-side"] if entry.server_side else []
        kubectl("apply", "-f", "-", *by, stdin=json.dumps(entry.manifest))
    _rolled(kubectl, namespace, (entry.manifest for entry in owned))


def applied(workload: Object, field_manager: str) -> Object | None:
    """What a manager applied to this object, by what it owns of it; None for one that has applied nothing."""
    entries = [
        entry
        for entry in workload["metadata"]["managedFields"]
        if (entry["manager"], entry["operation"]) == (field_manager, "Apply")
    ]
    if not entries:
        return None
    body = _owned(workload, entries[0]["fieldsV1"])
    identity = {key: workload["metadata"][key] for key in ("name", "namespace")}
    body["metadata"] = {**body["metadata"], **identity}
    return {"apiVersion": workload["apiVersion"], "kind": workload["kind"], **body}


def _owned(value: Any, fields: dict[str, Any]) -> Any:
    """The part of a value that fieldsV1 names. Entries of lists (k:, v:) can't be taken apart: we own none."""
    if not fields:
        return value
    assert all(name.startswith("f:") for name in fields), fields
    return {name[2:]: _owned(value[name[2:]], inner) for name, inner in fields.items()}


def _change(kubectl: Kubectl, namespace: str, deploy: Deploy) -> None:
    changed = [body for found in deploy.workloads.values() if (body := applied(found, deploy.field_manager))]
    # Not by kubectl, which takes what it has applied on the client's side over to a manager of the server's.
    api = Api(kubectl.layout.kubeconfig)
    for body in changed:
        api.patch(f"{object_path(body)}?fieldManager={deploy.field_manager}&force=true", body, APPLY)
    _rolled(kubectl, namespace, changed)


def _create(kubectl: Kubectl, objects: Iterable[Object]) -> None:
    for found in objects:
        (entry,) = found["metadata"]["managedFields"]
        metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
        body = {**found, "metadata": metadata}
        kubectl("create", "--field-manager", entry["manager"], "-f", "-", stdin=json.dumps(body))


def _rolled(kubectl: Kubectl, namespace: str, workloads: Iterable[Object]) -> None:
    kubectl.rolled(namespace, *(f"{found['kind']}/{found['metadata']['name']}" for found in workloads))
