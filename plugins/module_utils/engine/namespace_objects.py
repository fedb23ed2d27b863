"""The ConfigMap and the EnvoyFilter of a revision in one namespace: put there, kept, taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..cluster.api import ClusterApi, now_rfc3339
from ..cluster.snapshot import CONFIG_MAPS, ENVOY_FILTERS, NamespaceState, collection
from ..deliveries.release import INLINE, Release, for_people
from ..domain import outcome
from ..domain.errors import Conflict, WasmFilterError
from ..domain.names import FILTER_LABEL, MANAGED_BY, MANAGED_BY_LABEL, REVISION_LABEL, SHA256_ANNOTATION, FilterNames

REVISIONS_KEPT = 3


class ForeignObject(WasmFilterError):
    """An object of the name that we need belongs to somebody else."""

    reason = outcome.FOREIGN_OBJECT


def ensure(
    api: ClusterApi, release: Release, state: NamespaceState, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Put the release's objects into a namespace.

    The order keeps the invariant that no proxy ever has two slots of one filter: what the other
    delivery left goes before ours comes. istiod sees EnvoyFilters in the order of their changes.

    :param before: with `after` filled as things are done: what was changed before a failure was changed.
    :raises ForeignObject: see there.
    """
    _ensure_config_map(api, release, state, after)
    others = envoy_filters_of_other_delivery(release, state)
    if others and release.envoy_filter_name not in {found["metadata"]["name"] for found in state.envoy_filters}:
        # What works is not taken away for something that would be refused.
        _rehearse_envoy_filter(api, release, state)
    # The newest is what proxies have had: against it the diff shows what really changes for them.
    newest = sorted(state.envoy_filters, key=lambda found: found["metadata"].get("creationTimestamp", ""))[-1:]
    had = {"EnvoyFilter": {found["metadata"]["name"]: for_people(found["spec"]) for found in newest}} if newest else {}
    for other in others:
        api.delete(f"{collection(ENVOY_FILTERS, 'envoyfilters', state.name)}/{other['metadata']['name']}")
        before.update(had)
    if _ensure_envoy_filter(api, release, state) or others:
        before.update(had)
        after["EnvoyFilter"] = {release.envoy_filter_name: for_people(release.spec)}


def envoy_filters_of_other_delivery(release: Release, state: NamespaceState) -> list[dict[str, Any]]:
    """Those that would give a proxy a second slot."""
    inline_name = release.names.envoy_filter(None)
    is_inline = release.delivery == INLINE
    return [found for found in state.envoy_filters if (found["metadata"]["name"] == inline_name) != is_inline]


def _ensure_config_map(api: ClusterApi, release: Release, state: NamespaceState, after: dict[str, Any]) -> None:
    if any(found["metadata"]["name"] == release.config_map_name for found in state.config_maps):
        return
    path = collection(CONFIG_MAPS, "configmaps", state.name)
    body = release.config_map(state.name, now_rfc3339())
    try:
        api.create(path, body, release.names.field_manager)
    except Conflict:
        found = api.get(f"{path}/{release.config_map_name}") or {}
        _refuse_foreign("ConfigMap", found, release.names)
        return  # another run of the same release was faster
    size, sha256 = release.binary.size, release.binary.sha256
    after[f"ConfigMap/{release.config_map_name}"] = f"filter.wasm: {size} bytes, {SHA256_ANNOTATION}: {sha256}"


def _ensure_envoy_filter(api: ClusterApi, release: Release, state: NamespaceState) -> bool:
    """True if it was created or changed."""
    path = collection(ENVOY_FILTERS, "envoyfilters", state.name)
    name = release.envoy_filter_name
    wanted = release.envoy_filter(state.name)
    found = next((entry for entry in state.envoy_filters if entry["metadata"]["name"] == name), None)
    if found is None:
        try:
            api.create(path, wanted, release.names.field_manager)
            return True
        except Conflict:
            found = api.get(f"{path}/{name}") or {}
            _refuse_foreign("EnvoyFilter", found, release.names)
    labels = found["metadata"].get("labels") or {}
    if found["spec"] == wanted["spec"] and labels.get(REVISION_LABEL) == release.revision:
        return False
    metadata = {**found["metadata"], "labels": {**labels, **wanted["metadata"]["labels"]}}
    metadata.pop("managedFields", None)
    api.replace(f"{path}/{name}", {**wanted, "metadata": metadata}, release.names.field_manager)
    return True


def _rehearse_envoy_filter(api: ClusterApi, release: Release, state: NamespaceState) -> None:
    path = collection(ENVOY_FILTERS, "envoyfilters", state.name)
    try:
        api.create(path, release.envoy_filter(state.name), release.names.field_manager, rehearsal=True)
    except Conflict:
        _refuse_foreign("EnvoyFilter", api.get(f"{path}/{release.envoy_filter_name}") or {}, release.names)


def _refuse_foreign(kind: str, found: dict[str, Any], names: FilterNames) -> None:
    if not found:
        raise WasmFilterError(f"the {kind} was created and deleted by somebody else meanwhile: run it again")
    labels = found["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY_LABEL) != MANAGED_BY or labels.get(FILTER_LABEL) != names.name:
        name = found["metadata"]["name"]
        raise ForeignObject(
            f"{kind}/{name} exists and is not ours (no label {MANAGED_BY_LABEL}={MANAGED_BY}): rename or delete it, "
            f"or choose another wasm_filter_name or wasm_filter_config_map_name"
        )


def remove_envoy_filters(api: ClusterApi, state: NamespaceState) -> dict[str, Any]:
    """Delete them all; {what: its spec}."""
    gone = {}
    for found in state.envoy_filters:
        name = found["metadata"]["name"]
        api.delete(f"{collection(ENVOY_FILTERS, 'envoyfilters', state.name)}/{name}")
        gone[f"EnvoyFilter/{name}"] = for_people(found["spec"])
    return gone


def remove_config_maps(api: ClusterApi, state: NamespaceState) -> dict[str, Any]:
    """Delete them all; {what: its sha256}."""
    gone = {}
    for found in state.config_maps:
        _delete_config_map(api, state, found)
        sha256 = (found["metadata"].get("annotations") or {}).get(SHA256_ANNOTATION, "")
        gone[f"ConfigMap/{found['metadata']['name']}"] = f"{SHA256_ANNOTATION}: {sha256}"
    return gone


def collect_garbage(api: ClusterApi, release: Release, state: NamespaceState) -> list[str]:
    """Delete the objects of revisions that are neither among the newest three nor referred to.

    `kubectl rollout undo` goes back to a ReplicaSet or ControllerRevision: what these name stays.
    """
    older = [found for found in state.config_maps if found["metadata"]["name"] != release.config_map_name]
    older.sort(key=lambda found: found["metadata"].get("creationTimestamp", ""), reverse=True)
    candidates = older[REVISIONS_KEPT - 1 :]
    if not candidates:
        return []
    used = _revisions_in_use(api, release.names, state.name)
    gone = []
    for found in candidates:
        revision = (found["metadata"].get("labels") or {}).get(REVISION_LABEL, "")
        if revision in used:
            continue
        filter_name = release.names.envoy_filter(revision)
        if any(entry["metadata"]["name"] == filter_name for entry in state.envoy_filters):
            api.delete(f"{collection(ENVOY_FILTERS, 'envoyfilters', state.name)}/{filter_name}")
        _delete_config_map(api, state, found)
        gone.append(revision)
    return gone


def _delete_config_map(api: ClusterApi, state: NamespaceState, found: dict[str, Any]) -> None:
    api.delete(f"{collection(CONFIG_MAPS, 'configmaps', state.name)}/{found['metadata']['name']}")


def _revisions_in_use(api: ClusterApi, names: FilterNames, namespace: str) -> set[str]:
    """Pods, ReplicaSets and ControllerRevisions carry the labels of their pod template."""
    collections: Iterable[tuple[str, str]] = (
        ("/api/v1", "pods"),
        ("/apis/apps/v1", "replicasets"),
        ("/apis/apps/v1", "controllerrevisions"),
    )
    used = set()
    for base, plural in collections:
        found, _version = api.list(collection(base, plural, namespace), names.pod_label, metadata_only=True)
        used |= {item["metadata"]["labels"][names.pod_label] for item in found}
    return used
