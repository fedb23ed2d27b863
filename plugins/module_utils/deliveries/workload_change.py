# SPDX-License-Identifier: Apache-2.0
"""From a workload as the API server has it to the one request that changes it, or to why not.

Pure: no request is made here.
"""

from __future__ import annotations

from typing import Any

from ..domain.errors import AnnotationError
from ..domain.names import DOMAIN, NAME_MAX, FilterNames, is_dns_label
from ..domain.outcome import NONE, Outcome, Reason
from ..kinds.base import Object, WorkloadKind
from .base import WorkloadChange
from .field_managers import appliers
from .sidecar_volumes import (
    USER_VOLUME,
    USER_VOLUME_MOUNT,
    SidecarVolumes,
    has_ours,
    is_foreign,
    names_ours,
    original_of,
    with_ours,
    without,
)

INJECT = "sidecar.istio.io/inject"
TEMPLATES = "inject.istio.io/templates"
# Of Istio's own injection templates, those that mount no userVolume, and those without Envoy.
GATEWAYS = {"gateway", "kube-gateway", "waypoint"}
PROXYLESS = {"grpc-agent", "grpc-simple"}
BY_INLINE = "it takes the filter by wasm_filter_delivery=inline, with wasm_filter_context=gateway"
ORIGINAL = ".original"
PREVIOUS_KEPT = 3


def deploy(
    kind: WorkloadKind,
    workload: Object,
    names: FilterNames,
    revision: str,
    selector: dict[str, str] | None = None,
    back: bool = False,
) -> WorkloadChange:
    """The server-side apply that puts a workload's pods on a revision.

    :param selector: labels that pods must have for the filter to be meant for them.
    :param back: it is one that they had before, and what came after it is forgotten.
    """
    current = revision_of(kind, workload, names) or NONE
    skip = _skip_reason(kind, workload, selector or {})
    if skip:
        return WorkloadChange(current, current, outcome=Outcome.SKIPPED, reason=skip[0], message=skip[1])
    volumes = _volumes(kind, workload)
    try:
        original = _original(kind, workload, names)
        wanted = with_ours(volumes, names, revision)
    except AnnotationError as error:
        return _unreadable(current, error)
    if current == revision and all(has_ours(volumes, names, revision)):
        return WorkloadChange(current, revision)
    annotations = _annotations(workload["metadata"])
    if names.original_annotation not in annotations and is_foreign(volumes, names):
        return _foreign(current, names)
    body = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            **_identity(workload),
            "annotations": {
                names.original_annotation: original.to_json(),
                names.previous_annotation: ",".join(_history(workload, names, current, revision, back)),
            },
        },
        **kind.with_template(
            {"metadata": {"labels": {names.pod_label: revision}, "annotations": wanted.as_annotations()}}
        ),
    }
    return WorkloadChange(
        current,
        revision,
        body,
        Outcome.DEPLOYED,
        message=_owned_by_apply(kind, workload, names),
        before=_shown(names, current, volumes),
        after=_shown(names, revision, wanted),
    )


def remove(kind: WorkloadKind, workload: Object, names: FilterNames) -> WorkloadChange:
    """The merge patch that takes every field of ours out and gives the application's own back.

    Not an apply: with that, a field which another manager owns too would stay.
    """
    current = revision_of(kind, workload, names) or NONE
    annotations = _annotations(workload["metadata"])
    volumes = _volumes(kind, workload)
    if current == NONE and names.original_annotation not in annotations and is_foreign(volumes, names):
        return WorkloadChange(NONE, NONE)
    try:
        rest, kept = _rest(kind, workload, names)
    except AnnotationError as error:
        return _unreadable(current, error) if current != NONE else WorkloadChange(NONE, NONE)
    ours = {names.original_annotation, names.previous_annotation} & set(annotations)
    if current == NONE and not ours and rest == volumes:
        return WorkloadChange(NONE, NONE)
    body = {
        "metadata": {
            **_identity(workload),
            "annotations": {**kept, **dict.fromkeys(sorted(ours))},
        },
        **kind.with_template({"metadata": {"labels": {names.pod_label: None}, "annotations": rest.as_annotations()}}),
    }
    return WorkloadChange(
        current,
        NONE,
        body,
        Outcome.REMOVED,
        before=_shown(names, current, volumes),
        after=_shown(names, NONE, rest),
    )


def missing(kind: WorkloadKind, workload: Object, names: FilterNames, revision: str) -> list[str]:
    """What a pod of this workload would need to run the revision and has not, by name."""
    volume, mount = has_ours(_volumes(kind, workload), names, revision)
    there = {
        f"label {names.pod_label}={revision}": revision_of(kind, workload, names) == revision,
        f"the entry {names.volume} of annotation {USER_VOLUME}": volume,
        f"the entry {names.volume} of annotation {USER_VOLUME_MOUNT}": mount,
    }
    return [what for what, is_there in there.items() if not is_there]


def left(kind: WorkloadKind, workload: Object, names: FilterNames) -> list[str]:
    """What of ours is still in a pod template, by name."""
    found = []
    if revision_of(kind, workload, names):
        found.append(f"label {names.pod_label}")
    volumes = _volumes(kind, workload)
    if names_ours(volumes, names) and not is_foreign(volumes, names):
        found.append(f"the entry {names.volume} of the annotations {USER_VOLUME} and {USER_VOLUME_MOUNT}")
    return found


def release_fields(workload: Object, names: FilterNames) -> Object | None:
    """The merge patch after which our field manager owns nothing of a workload; None: it owns nothing.

    What an application had before is given back by a write of ours, which makes us its owner: the next
    server-side apply of a real owner would conflict with us.
    """
    entries = workload["metadata"].get("managedFields") or []
    others = [entry for entry in entries if entry.get("manager") != names.field_manager]
    if len(others) == len(entries):
        return None
    # An empty list is taken for a client that does not know the field; a list of one empty entry resets it.
    return {"metadata": {**_identity(workload), "managedFields": others or [{}]}}


def revision_of(kind: WorkloadKind, workload: Object, names: FilterNames) -> str | None:
    """The revision that the pod template names."""
    revision: str | None = (_template(kind, workload).get("labels") or {}).get(names.pod_label)
    return revision


def _template(kind: WorkloadKind, workload: Object) -> Object:
    return kind.template(workload).get("metadata") or {}


def _annotations(metadata: Object) -> dict[str, str]:
    return metadata.get("annotations") or {}


def _volumes(kind: WorkloadKind, workload: Object) -> SidecarVolumes:
    return SidecarVolumes.of(_annotations(_template(kind, workload)))


def _original(kind: WorkloadKind, workload: Object, names: FilterNames) -> SidecarVolumes:
    saved = _saved(workload)
    return original_of(_volumes(kind, workload), [names, *saved], saved.values())


def _saved(workload: Object) -> dict[FilterNames, SidecarVolumes]:
    """What each of our filters kept of the application's own, such as can be read."""
    saved = {}
    for key, text in _annotations(workload["metadata"]).items():
        name = key.removeprefix(f"{DOMAIN}/").removesuffix(ORIGINAL)
        if key == f"{DOMAIN}/{name}{ORIGINAL}" and is_dns_label(name, NAME_MAX):
            found = SidecarVolumes.from_json(text)
            if found is not None:
                saved[FilterNames(name)] = found
    return saved


def _rest(kind: WorkloadKind, workload: Object, names: FilterNames) -> tuple[SidecarVolumes, dict[str, str]]:
    """The volumes without this filter's, and what filters that stay have to keep in its place: it may have
    been here before them, and then only it knows the application's own text.
    """
    current, original = _volumes(kind, workload), _original(kind, workload, names)
    others = {one: saved for one, saved in _saved(workload).items() if one.name != names.name}
    kept = {
        one.original_annotation: original.to_json() for one, saved in others.items() if without(saved, [names]) != saved
    }
    rest = without(current, [names])
    return (original if without(rest, others) == rest else rest), kept


def previous_revisions(workload: Object, names: FilterNames) -> list[str]:
    """What a workload with a revision of ours had before it, the last first; `none`: no filter."""
    return _annotations(workload["metadata"]).get(names.previous_annotation, NONE).split(",")


def _history(workload: Object, names: FilterNames, current: str, revision: str, back: bool) -> list[str]:
    """What comes before the revision now."""
    found = previous_revisions(workload, names)
    if current == revision:
        # A repair of the same revision must not forget what came before it.
        return found
    if back:
        return found[found.index(revision) + 1 :] if revision in found else found
    return [current, *(found if current != NONE else [])][:PREVIOUS_KEPT]


def _identity(workload: Object) -> dict[str, str]:
    """Only this very object, as it was read: never one that was created anew under its name."""
    metadata = workload["metadata"]
    return {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}


def _skip_reason(kind: WorkloadKind, workload: Object, selector: dict[str, str]) -> tuple[Reason, str] | None:
    metadata = workload["metadata"]
    template = _template(kind, workload)
    labels = template.get("labels") or {}
    if not selector.items() <= labels.items():
        return Reason.NOT_SELECTED, "its pods do not have the labels of wasm_filter_selector"
    if metadata.get("deletionTimestamp"):
        return Reason.WORKLOAD_TERMINATING, "it is being deleted"
    inject = labels.get(INJECT) or _annotations(template).get(INJECT)
    if inject == "false":
        return Reason.INJECTION_DISABLED, f"its pod template says {INJECT}=false: it has no sidecar"
    if (kind.template(workload).get("spec") or {}).get("hostNetwork"):
        return Reason.HOST_NETWORK, "hostNetwork pods get no sidecar"
    named = _annotations(template).get(TEMPLATES, "")
    templates = {one.strip() for one in named.split(",")} - {""}
    if templates & GATEWAYS and "sidecar" not in templates:
        return Reason.GATEWAY, f"its pod template says {TEMPLATES}={named}: gateways take no volume; {BY_INLINE}"
    if templates and templates <= PROXYLESS:
        return Reason.NO_SIDECAR, f"its pod template says {TEMPLATES}={named}: there is no Envoy in it"
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            name = f"{owner['kind']}/{owner['name']}"
            return Reason.OWNED_BY_CONTROLLER, f"{name} owns it and would undo the change: set it there"
    return None


def _owned_by_apply(kind: WorkloadKind, workload: Object, names: FilterNames) -> str:
    owner = appliers(kind, workload, (USER_VOLUME, USER_VOLUME_MOUNT), names)
    if not owner:
        return ""
    return (
        f"field manager {owner} applies the userVolume annotations itself: its next apply will conflict with "
        f"{names.field_manager}, or take the filter out if it is forced"
    )


def _unreadable(current: str, error: AnnotationError) -> WorkloadChange:
    return WorkloadChange(
        current, current, outcome=Outcome.FAILED, reason=Reason.INVALID_ANNOTATION, message=str(error)
    )


def _foreign(current: str, names: FilterNames) -> WorkloadChange:
    message = (
        f"its pod template has a volume {names.volume} of its own, which would be lost: rename it, "
        "or choose another wasm_filter_name"
    )
    return WorkloadChange(current, current, outcome=Outcome.FAILED, reason=Reason.FOREIGN_OBJECT, message=message)


def _shown(names: FilterNames, revision: str, volumes: SidecarVolumes) -> dict[str, Any]:
    shown: dict[str, Any] = {} if revision == NONE else {names.pod_label: revision}
    return shown | {key: text for key, text in volumes.as_annotations().items() if text is not None}
