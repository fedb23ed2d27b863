"""From a workload as the API server has it to the one request that changes it, or to why not.

Pure: no request is made here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..domain import outcome
from ..domain.errors import AnnotationError
from ..domain.names import FilterNames
from .sidecar_volumes import SidecarVolumes, original_of, with_ours

NONE = "none"
INJECT = "sidecar.istio.io/inject"


@dataclass(frozen=True)
class WorkloadChange:
    """What is to be done to one workload.

    `body` is None where nothing is to be done; `reason` then says whether that is good news.
    """

    from_revision: str
    to_revision: str
    body: dict[str, Any] | None = None
    verdict: str = outcome.UNCHANGED
    reason: str = ""
    message: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def deploy(
    workload: dict[str, Any], names: FilterNames, revision: str, selector: dict[str, str] | None = None
) -> WorkloadChange:
    """The server-side apply that puts a workload's pods on a revision.

    :param selector: labels that pods must have for the filter to be meant for them.
    """
    current = revision_of(workload, names) or NONE
    obstacle = _obstacle(workload, selector or {})
    if obstacle:
        return WorkloadChange(current, current, verdict=outcome.SKIPPED, reason=obstacle[0], message=obstacle[1])
    try:
        original = _original(workload, names)
        wanted = with_ours(original, names, revision)
    except AnnotationError as error:
        return _unreadable(current, error)
    if current == revision and _volumes(workload) == wanted:
        return WorkloadChange(current, revision)
    body = {
        "apiVersion": workload["apiVersion"],
        "kind": workload["kind"],
        "metadata": {
            **_guard(workload),
            "annotations": {
                names.original_annotation: original.to_json(),
                # A repair of the same revision must not forget what came before it.
                names.previous_annotation: current if current != revision else _previous(workload, names),
            },
        },
        "spec": {
            "template": {
                "metadata": {"labels": {names.pod_label: revision}, "annotations": wanted.as_annotations()},
            }
        },
    }
    return WorkloadChange(
        current,
        revision,
        body,
        outcome.DEPLOYED,
        before=_shown(names, current, _volumes(workload)),
        after=_shown(names, revision, wanted),
    )


def remove(workload: dict[str, Any], names: FilterNames) -> WorkloadChange:
    """The merge patch that takes every field of ours out and gives the application's own back.

    Not an apply: with that, a field which another manager owns too would stay.
    """
    current = revision_of(workload, names) or NONE
    try:
        original = _original(workload, names)
    except AnnotationError as error:
        return _unreadable(current, error) if current != NONE else WorkloadChange(NONE, NONE)
    ours = {names.original_annotation, names.previous_annotation} & set(_annotations(workload["metadata"]))
    if current == NONE and not ours and original == _volumes(workload):
        return WorkloadChange(NONE, NONE)
    body = {
        "metadata": {**_guard(workload), "annotations": dict.fromkeys(sorted(ours))},
        "spec": {
            "template": {
                "metadata": {"labels": {names.pod_label: None}, "annotations": original.as_annotations()},
            }
        },
    }
    return WorkloadChange(
        current,
        NONE,
        body,
        outcome.REMOVED,
        before=_shown(names, current, _volumes(workload)),
        after=_shown(names, NONE, original),
    )


def revision_of(workload: dict[str, Any], names: FilterNames) -> str | None:
    """The revision that the pod template names."""
    revision: str | None = (_template(workload).get("labels") or {}).get(names.pod_label)
    return revision


def _template(workload: dict[str, Any]) -> dict[str, Any]:
    return workload["spec"].get("template", {}).get("metadata") or {}


def _annotations(metadata: dict[str, Any]) -> dict[str, str]:
    return metadata.get("annotations") or {}


def _volumes(workload: dict[str, Any]) -> SidecarVolumes:
    return SidecarVolumes.of(_annotations(_template(workload)))


def _original(workload: dict[str, Any], names: FilterNames) -> SidecarVolumes:
    saved = SidecarVolumes.from_json(_annotations(workload["metadata"]).get(names.original_annotation))
    return original_of(_volumes(workload), names, saved)


def _previous(workload: dict[str, Any], names: FilterNames) -> str:
    return _annotations(workload["metadata"]).get(names.previous_annotation, NONE)


def _guard(workload: dict[str, Any]) -> dict[str, str]:
    """Only this very object, as it was read: never one that was created anew under its name."""
    metadata = workload["metadata"]
    return {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}


def _obstacle(workload: dict[str, Any], selector: dict[str, str]) -> tuple[str, str] | None:
    metadata = workload["metadata"]
    template = _template(workload)
    labels = template.get("labels") or {}
    if not selector.items() <= labels.items():
        return outcome.NOT_SELECTED, "its pods do not have the labels of wasm_filter_selector"
    if metadata.get("deletionTimestamp"):
        return outcome.WORKLOAD_TERMINATING, "it is being deleted"
    inject = labels.get(INJECT) or _annotations(template).get(INJECT)
    if inject == "false":
        return outcome.INJECTION_DISABLED, f"its pod template says {INJECT}=false: it has no sidecar"
    if workload["spec"].get("template", {}).get("spec", {}).get("hostNetwork"):
        return outcome.HOST_NETWORK, "hostNetwork pods get no sidecar"
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            name = f"{owner['kind']}/{owner['name']}"
            return outcome.OWNED_BY_CONTROLLER, f"{name} owns it and would undo the change: set it there"
    return None


def _unreadable(current: str, error: AnnotationError) -> WorkloadChange:
    return WorkloadChange(
        current, current, verdict=outcome.FAILED, reason=outcome.INVALID_ANNOTATION, message=str(error)
    )


def _shown(names: FilterNames, revision: str, volumes: SidecarVolumes) -> dict[str, Any]:
    return {names.pod_label: revision, **volumes.as_annotations()}
