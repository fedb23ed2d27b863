# SPDX-License-Identifier: Apache-2.0
"""Who set which field: sets of fields in the form of FieldsV1, and what server-side apply makes of them.

https://kubernetes.io/docs/reference/using-api/server-side-apply/. A list is one field here: none that matters
has owners of single items.
"""

from __future__ import annotations

from typing import Any

from tests.simulation.values import Object

Fields = dict[str, Any]

_UNTRACKED = {
    "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
    "managedFields",
}  # fmt: skip


def tracked(entry: Object) -> Object:
    """The part of an object whose fields have owners."""
    result = {key: value for key, value in entry.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    metadata = {key: value for key, value in entry["metadata"].items() if key not in _UNTRACKED}
    return {**result, "metadata": metadata} if metadata else result


def of(value: Any) -> Fields:
    if not isinstance(value, dict):
        return {}
    return {f"f:{key}": of(item) for key, item in value.items()}


def union(one: Fields, other: Fields) -> Fields:
    result = dict(one)
    for key, fields in other.items():
        result[key] = union(result[key], fields) if result.get(key) else fields
    return result


def minus(one: Fields, other: Fields) -> Fields:
    """Of `one` what is not in `other`; a field of `other` without parts takes all parts with it."""
    result = {}
    for key, fields in one.items():
        if key not in other:
            result[key] = fields
        elif fields and other[key] and (rest := minus(fields, other[key])):
            result[key] = rest
    return result


def changed(before: Any, after: Any) -> Fields:
    """The fields that a write has set or changed."""
    result: Fields = {}
    for key, value in after.items():
        had = before.get(key)
        if had is value or (had == value and key in before):
            continue
        if isinstance(value, dict):
            parts = changed(had if isinstance(had, dict) else {}, value)
            if parts or key not in before:
                result[f"f:{key}"] = parts
        else:
            result[f"f:{key}"] = {}
    return result


def removed(before: Any, after: Any) -> Fields:
    """The fields that a write has taken away."""
    result: Fields = {}
    for key, had in before.items():
        if key not in after:
            result[f"f:{key}"] = {}
        elif isinstance(had, dict) and had is not after[key]:
            parts = removed(had, after[key] if isinstance(after[key], dict) else {})
            if parts:
                result[f"f:{key}"] = parts
    return result


def without(value: Object, fields: Fields) -> Object:
    """The object without these fields."""
    result = dict(value)
    for key, parts in fields.items():
        name = key[2:]
        if name not in result:
            continue
        if parts and isinstance(result[name], dict):
            result[name] = without(result[name], parts)
            if not result[name]:
                del result[name]
        else:
            del result[name]
    return result
