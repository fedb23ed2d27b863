# SPDX-License-Identifier: Apache-2.0
"""MutatingWebhookConfigurations as Istio installs them."""

from __future__ import annotations

from typing import Any

RULES = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}]
REV, INJECTION, INJECT = "istio.io/rev", "istio-injection", "sidecar.istio.io/inject"


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def webhook(name: str, namespaces: list[Any], pods: list[Any], url: str = "https://i/inject", **more: Any) -> Any:
    return {
        "name": f"{name}.sidecar-injector.istio.io",
        "clientConfig": {"url": url},
        "namespaceSelector": {"matchExpressions": namespaces},
        "objectSelector": {"matchExpressions": pods},
        "rules": RULES,
        **more,
    }


def injector(revision: str = "default", tag: str = "", **more: Any) -> dict[str, Any]:
    """One of a revision; with that of `default` come those for istio-injection and for single pods."""
    label = tag or revision
    not_out = expression(INJECT, "NotIn", "false")
    absent = [expression(REV, "DoesNotExist"), expression(INJECTION, "DoesNotExist")]
    found = [
        webhook("rev.namespace", [expression(REV, "In", label), absent[1]], [not_out], **more),
        webhook("rev.object", absent, [not_out, expression(REV, "In", label)], **more),
    ]
    if label == "default":
        opted_in = [expression(INJECT, "In", "true"), expression(REV, "DoesNotExist")]
        found += [
            webhook("namespace", [expression(INJECTION, "In", "enabled")], [not_out], **more),
            webhook("object", absent, opted_in, **more),
        ]
    labels = {"app": "sidecar-injector", REV: revision, **({"istio.io/tag": tag} if tag else {})}
    return {"metadata": {"name": f"istio-sidecar-injector-{label}", "labels": labels}, "webhooks": found}


def other(**more: Any) -> dict[str, Any]:
    """Somebody else's, for pods with a label `team`."""
    found = webhook("x", [], [expression("team", "Exists")], **more) | {"name": "policy.example.org"}
    return {"metadata": {"name": "policy"}, "webhooks": [found]}
