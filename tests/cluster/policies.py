# SPDX-License-Identifier: Apache-2.0
"""Policies of the API server that refuse what we write to a workload, or drop some of it, in labelled namespaces."""

from __future__ import annotations

from typing import Any

from tests.cluster.scenarios import POLICY
from tests.simulation.traits import VOLUME

API = "admissionregistration.k8s.io/v1"
LABEL = "wasm-filters.openclarity.io/trace"
_RULES = [
    {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "resources": ["deployments", "statefulsets"],
        "operations": ["UPDATE"],
    }
]


def of_namespaces(prefix: str) -> list[dict[str, Any]]:
    """Both, with names of their own."""
    refuse, drop = f"{prefix}-refuse", f"{prefix}-drop"
    labels = f"has(object.spec.template.metadata.labels) && '{LABEL}' in object.spec.template.metadata.labels"
    annotations = "has(object.spec.template.metadata.annotations)"
    dropped = f"{annotations} && '{VOLUME}' in object.spec.template.metadata.annotations"
    path = f"/spec/template/metadata/annotations/{VOLUME.replace('/', '~1')}"
    mutation = {
        "patchType": "JSONPatch",
        "jsonPatch": {"expression": f'[JSONPatch{{op: "remove", path: "{path}"}}]'},
    }
    return [
        _policy("ValidatingAdmissionPolicy", refuse, prefix, "refuse", validations=[{"expression": f"!({labels})"}]),
        _binding("ValidatingAdmissionPolicyBinding", refuse, validationActions=["Deny"]),
        _policy(
            "MutatingAdmissionPolicy",
            drop,
            prefix,
            "drop",
            reinvocationPolicy="Never",
            mutations=[mutation],
            matchConditions=[{"name": "mounts", "expression": dropped}],
        ),
        _binding("MutatingAdmissionPolicyBinding", drop),
    ]


def _policy(kind: str, name: str, prefix: str, value: str, **spec: Any) -> dict[str, Any]:
    where = {"matchLabels": {POLICY: f"{prefix}-{value}"}}
    matching = {"resourceRules": _RULES, "namespaceSelector": where}
    content = {"failurePolicy": "Fail", "matchConstraints": matching, **spec}
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": content}


def _binding(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": {"policyName": name, **spec}}
