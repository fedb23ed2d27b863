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
    return {
        key: {**found, "metadata": {name: value for name, value in found["metadata"].items() if name != "managedFields"}}
        for key, found in objects.items()
    }


def _captured(kubectl: Kubectl, *arguments: str) -> Objects:
    found = kubectl.get(*arguments, "--show-managed-fields")["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": _steady(item) for item in found}


def _steady(found: Object) -> Object:
    metadata = {key: value for key, value in found["metadata"].items() if key not in VOLATILE}
    annotations = {key: value for key, value in metadata.pop("annotations", {}).items() if key not in COUNTERS}
    if TIME in annotations:
        annotations[TIME] = SOME_TIME
    if annotations:
        metadata["annotations"] = annotations
    metadata["managedFields"] = _steady_managers(metadata.get("managedFields", []))
    return {**{key: value for key, value in found.items() if key != "status"}, "metadata": metadata}


def _steady_managers(entries: list[Object]) -> list[Object]:
    """In an order of their own, as theirs is by time. Without status, which controllers write when they get to it."""
    kept = [entry for entry in entries if not entry.get("subresource")]
    kept.sort(key=lambda entry: (entry["manager"], entry["operation"]))
    return [{key: value for key, value in entry.items() if key != "time"} for entry in kept]
