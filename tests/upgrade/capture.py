# SPDX-License-Identifier: Apache-2.0
"""What a namespace holds, without what is another with each run: two captures of one state are equal."""

from __future__ import annotations

from typing import Any

from tests.cluster.kubectl import Kubectl

Object = dict[str, Any]
Objects = dict[str, Object]

DOMAIN = "wasm-filters.openclarity.io"
TIME, SOME_TIME = f"{DOMAIN}/time", "2026-01-01T00:00:00Z"
# Of the version that the collection writes, whichever the API server prefers by now.
ENVOY_FILTERS = "envoyfilters.v1alpha3.networking.istio.io"
WORKLOADS = "deployments.apps,statefulsets.apps,daemonsets.apps"
OURS = ("-l", "app.kubernetes.io/managed-by=openclarity.wasm_filters")
VOLATILE = ("uid", "resourceVersion", "creationTimestamp", "generation", "selfLink")
# They count rollouts.
COUNTERS = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")


def workloads(kubectl: Kubectl, namespace: str) -> Objects:
    """By KIND/NAME."""
    return _captured(kubectl, WORKLOADS, "-n", namespace)


def ours(kubectl: Kubectl, namespace: str) -> Objects:
    """ConfigMaps and EnvoyFilters of all our filters."""
    return _captured(kubectl, f"configmaps,{ENVOY_FILTERS}", "-n", namespace, *OURS)


def without_managers(objects: Objects) -> Objects:
    """The same without who owns which field."""
    return {key: {**found, "metadata": _without(found["metadata"], "managedFields")} for key, found in objects.items()}


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _captured(kubectl: Kubectl, *arguments: str) -> Objects:
    found = kubectl.get(*arguments, "--show-managed-fields")["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": _steady(item) for item in found}


def _steady(found: Object) -> Object:
    metadata = _without(found["metadata"], *VOLATILE)
    annotations = _without(metadata.pop("annotations", {}), *COUNTERS)
    if TIME in annotations:
        annotations[TIME] = SOME_TIME
    if annotations:
        metadata["annotations"] = annotations
    metadata["managedFields"] = _steady_managers(metadata.get("managedFields", []))
    return {**_without(found, "status"), "metadata": metadata}


def _steady_managers(entries: list[Object]) -> list[Object]:
    """In an order of their own, as theirs is by time. Without status, which controllers write when they get to it."""
    kept = [entry for entry in entries if not entry.get("subresource")]
    kept.sort(key=lambda entry: (entry["manager"], entry["operation"]))
    return [_without(entry, "time") for entry in kept]
