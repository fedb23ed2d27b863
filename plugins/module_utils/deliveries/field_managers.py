# SPDX-License-Identifier: Apache-2.0
"""Who wrote what of a workload, as far as its managedFields tell. Pure.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management: a manager has an entry for the
fields that it set, with the time of its last one. Who only takes fields away gets none, and no new time.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..domain.names import FilterNames
from ..kinds.base import Object, WorkloadKind

Entry = dict[str, Any]


def blamed(kind: WorkloadKind, before: Object | None, found: Object, names: FilterNames) -> str:
    """Who changed a workload since it was answered: by name, or who its pod template belongs to.

    :param before: the workload as our patch was answered.
    """
    known = {_key(entry) for entry in _entries(before or {})}
    writers = [entry for entry in _entries(found) if before is not None and _key(entry) not in known]
    if any(entry.get("manager") == names.field_manager for entry in writers):
        return "another run of this filter"
    if writers:
        return f"field manager {_named(writers)}"
    owners = [
        entry for entry in _entries(found) if _has_template(kind, entry) and entry.get("manager") != names.field_manager
    ]
    managed = f"; its pod template is managed by {_named(owners)}" if owners else ""
    return f"somebody whom managedFields does not name{managed}"


def appliers(kind: WorkloadKind, workload: Object, annotations: Collection[str], names: FilterNames) -> str:
    """Who else keeps some of these annotations of the pod template by server-side apply; empty: nobody."""
    owners = [
        entry
        for entry in _entries(workload)
        if entry.get("operation") == "Apply"
        and entry.get("manager") != names.field_manager
        and {f"f:{one}" for one in annotations} & _template_annotations(kind, entry)
    ]
    return _named(owners)


def is_known(workload: Object, manager: str) -> bool:
    """Has a field manager an entry, of whatever?"""
    entries = workload["metadata"].get("managedFields") or []
    return any(entry.get("manager") == manager for entry in entries)


def _entries(workload: Object) -> list[Entry]:
    """Without those that controllers have for the status."""
    entries = (workload.get("metadata") or {}).get("managedFields") or []
    return [entry for entry in entries if not entry.get("subresource")]


def _key(entry: Entry) -> tuple[Any, ...]:
    return entry.get("manager"), entry.get("operation"), entry.get("time")


def _named(entries: list[Entry]) -> str:
    return " and ".join(dict.fromkeys(str(entry.get("manager")) for entry in entries))


def _has_template(kind: WorkloadKind, entry: Entry) -> bool:
    return bool(_fields(entry, *kind.template_path))


def _template_annotations(kind: WorkloadKind, entry: Entry) -> set[str]:
    return set(_fields(entry, *kind.template_path, "metadata", "annotations"))


def _fields(entry: Entry, *path: str) -> Entry:
    fields: Entry = entry.get("fieldsV1") or {}
    for key in path:
        fields = fields.get(f"f:{key}") or {}
    return fields
