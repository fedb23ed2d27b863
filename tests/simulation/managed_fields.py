# SPDX-License-Identifier: Apache-2.0
"""metadata.managedFields as writes leave it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

from tests.simulation import field_sets
from tests.simulation.field_sets import Fields
from tests.simulation.values import Object, merged

APPLY, UPDATE = "Apply", "Update"


def after_update(before: Object | None, after: Object, manager: str, time: str) -> Object:
    """`after` with who owns its fields, as `manager` wrote it by anything but an apply.

    Entries that the write itself brings are taken as they are.
    """
    entries = after["metadata"].get("managedFields") or ((before or after)["metadata"].get("managedFields") or [])
    was = field_sets.tracked(before) if before else {}
    now = field_sets.tracked(after)
    if entries == [{}]:
        return _with_entries(after, [])
    set_now = field_sets.changed(was, now)
    entries = _without(entries, field_sets.union(set_now, field_sets.removed(was, now)), None)
    return _with_entries(after, _owning(entries, manager, UPDATE, set_now, after, time) if set_now else entries)


def after_apply(before: Object, body: Object, manager: str, time: str) -> Object:
    """`before` with `body` applied by force: what the manager leaves out now and owned alone goes."""
    entries = before["metadata"].get("managedFields") or []
    sent = field_sets.of(field_sets.tracked(body))
    had: Fields = {}
    others: Fields = {}
    for entry in entries:
        if (entry["manager"], entry["operation"]) == (manager, APPLY):
            had = entry["fieldsV1"]
        else:
            others = field_sets.union(others, entry["fieldsV1"])
    left_out = field_sets.minus(field_sets.minus(had, sent), others) if had else {}
    after = merged(before, _content(body))
    if left_out:
        after = field_sets.without(after, left_out)
    set_now = field_sets.changed(field_sets.tracked(before), field_sets.tracked(after))
    kept = [entry for entry in entries if (entry["manager"], entry["operation"]) != (manager, APPLY)]
    kept = _without(kept, field_sets.union(set_now, left_out), manager)
    if not set_now and not left_out and had == sent:
        return before
    return _with_entries(after, _owning(kept, manager, APPLY, sent, after, time))


def after_status(after: Object, manager: str, time: str) -> Object:
    """`after`, whose status a controller wrote."""
    entries = after["metadata"].get("managedFields") or []
    rest = [entry for entry in entries if entry.get("subresource") != "status"]
    entry = {**_entry(manager, UPDATE, {"f:status": {}}, after, time), "subresource": "status"}
    return _with_entries(after, [*rest, entry])


def _content(body: Object) -> Object:
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("uid", "resourceVersion")}
    return {**body, "metadata": metadata}


def _without(entries: list[Object], fields: Fields, but: str | None) -> list[Object]:
    """Who owned these fields does so no longer."""
    if not fields:
        return entries
    result = []
    for entry in entries:
        rest = field_sets.minus(entry["fieldsV1"], fields)
        if rest:
            result.append(entry if rest == entry["fieldsV1"] else {**entry, "fieldsV1": rest})
    return result


def _owning(
    entries: list[Object], manager: str, operation: str, fields: Fields, entry: Object, time: str
) -> list[Object]:
    result = []
    for one in entries:
        if (one["manager"], one["operation"], one.get("subresource")) == (manager, operation, None):
            fields = field_sets.union(one["fieldsV1"], fields)
        else:
            result.append(one)
    return [*result, _entry(manager, operation, fields, entry, time)]


def _entry(manager: str, operation: str, fields: Fields, entry: Object, time: str) -> Object:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": entry["apiVersion"],
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _with_entries(entry: Object, entries: list[Object]) -> Object:
    metadata = {key: value for key, value in entry["metadata"].items() if key != "managedFields"}
    if entries:
        metadata["managedFields"] = entries
    return {**entry, "metadata": metadata}
