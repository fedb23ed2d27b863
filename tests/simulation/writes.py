# SPDX-License-Identifier: Apache-2.0
"""What the API server makes of a write before it stores it."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error

from tests.simulation import managed_fields
from tests.simulation.resources import RESOURCES, Place, with_defaults
from tests.simulation.store import Store
from tests.simulation.values import Object, at, put

# (CREATE or UPDATE, the object before, the object as it would be) -> as it will be.
Admission = Callable[[str, Object | None, Object], Object]

SET_BY_SERVER = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion")
_TEMPLATES = (
    ("metadata",),
    ("spec", "template", "metadata"),
    ("spec", "jobTemplate", "spec", "template", "metadata"),
)
# Kinds whose generation also counts changes of their annotations, as these go on to what they own:
# PrepareForUpdate in pkg/registry/apps/deployment/strategy.go.
_ANNOTATIONS_COUNT = ("Deployment",)


def created(store: Store, entry: Object, manager: str) -> Object:
    """An object as it is stored for the first time."""
    entry = without_empty(with_defaults(entry))
    return numbered(store, managed_fields.after_update(None, entry, manager, store.clock.rfc3339))


def numbered(store: Store, entry: Object) -> Object:
    metadata = entry["metadata"]
    given = {"uid": metadata.get("uid") or store.new_uid()}
    given["creationTimestamp"] = metadata.get("creationTimestamp") or store.clock.rfc3339
    generation = {"generation": metadata.get("generation", 1)} if "spec" in entry else {}
    return with_defaults({**entry, "metadata": {**metadata, **given, **generation}})


def with_generation(before: Object, after: Object) -> Object:
    """The generation counts what controllers have to act on."""
    counts = before.get("spec") != after.get("spec") or (
        before["kind"] in _ANNOTATIONS_COUNT
        and before["metadata"].get("annotations") != after["metadata"].get("annotations")
    )
    generation = before["metadata"].get("generation")
    if generation is None:
        return after
    metadata = {**after["metadata"], "generation": generation + counts}
    # What the caller sent as its version was compared, and is not stored.
    metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
    return {**after, "metadata": metadata}


def without_empty(entry: Object) -> Object:
    """Empty maps of labels and annotations are left out, as Go's omitempty does."""
    for path in _TEMPLATES:
        for key in ("labels", "annotations"):
            if at(entry, *path, key) == {}:
                holder = at(entry, *path)
                entry = put(entry, *path, {name: value for name, value in holder.items() if name != key})
    return entry


def refuse_stale(path: str, before: Object, body: Object) -> None:
    """:raises Conflict: it changed since the caller read it."""
    sent, held = body.get("metadata") or {}, before["metadata"]
    if sent.get("resourceVersion", held["resourceVersion"]) != held["resourceVersion"]:
        raise api_error(
            f"patch {path}",
            409,
            f'Operation cannot be fulfilled on "{held["name"]}": the object has been modified; '
            f"please apply your changes to the latest version and try again",
        )
    if sent.get("uid", held["uid"]) != held["uid"]:
        raise api_error(f"patch {path}", 422, f'metadata.uid: Invalid value: "{sent["uid"]}": field is immutable')


def refuse_others(path: str, before: Object, preconditions: Object) -> None:
    """:raises Conflict: it is not the one, or not as it was, that was to be deleted."""
    for key, wanted in preconditions.items():
        if before["metadata"][key] != wanted:
            text = f"the {key} in the precondition ({wanted}) does not match the one in record"
            raise api_error(f"delete {path}", 409, f"Precondition failed: {text}")


def refuse_in_namespace(store: Store, place: Place) -> None:
    """Nothing is created in a namespace that is not there, or on its way out."""
    if not place.resource.namespaced:
        return
    namespace = store.get(Place(RESOURCES["Namespace"], "", place.namespace))
    if namespace is None:
        raise api_error(f"post {place.resource.plural}", 404, f'namespaces "{place.namespace}" not found')
    if namespace["metadata"].get("deletionTimestamp"):
        text = f"unable to create new content in namespace {place.namespace} because it is being terminated"
        raise api_error(
            f"post {place.resource.plural}", 403, f'{place.resource.plural} "{place.name}" is forbidden: {text}'
        )


def delete(store: Store, place: Place, by: str) -> None:
    """A namespace, and what has finalizers, is marked; all else goes at once."""
    found = store.get(place)
    if found is None:
        return
    if place.resource.kind == "Namespace" or found["metadata"].get("finalizers"):
        if not found["metadata"].get("deletionTimestamp"):
            marked = put(found, "metadata", "deletionTimestamp", store.clock.rfc3339)
            # As BeforeDelete in apiserver's registry/rest does.
            store.put(put(marked, "metadata", "generation", found["metadata"].get("generation", 0) + 1), by)
    else:
        store.remove(place, by)
