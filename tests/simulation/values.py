# SPDX-License-Identifier: Apache-2.0
"""JSON values that nobody changes in place: who changes one makes a new one that shares what stays."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def clone(value: Any) -> Any:
    """A copy that its receiver may do with as it likes."""
    if isinstance(value, dict):
        return {key: clone(item) if isinstance(item, (dict, list)) else item for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386: null takes a field away, a map goes into a map, all else takes the place of what was there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def put(target: Object, *path_and_value: Any) -> Object:
    """`put(obj, "spec", "paused", True)`: the same with one field set."""
    key, *rest = path_and_value
    return {**target, key: rest[0] if len(rest) == 1 else put(target.get(key) or {}, *rest)}


def at(target: Any, *path: str) -> Any:
    """What is there; None where a step of the way is missing."""
    for key in path:
        if not isinstance(target, dict):
            return None
        target = target.get(key)
    return target
