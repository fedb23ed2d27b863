# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema (draft 2020-12), as much of it as filter/configuration.schema.json uses. Pure.

A keyword that is not known here is a KeyError, never passed over. docs/architecture.md says why this
is not the package jsonschema, which the tests have as their judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
Path = tuple["str | int", ...]

# They tell something and refuse nothing; declaration.py says what those of our own mean.
ANNOTATIONS = {"$schema", "$id", "$defs", "$comment", "title", "description", "default"} | {
    f"x-{name}"
    for name in (
        *("variable", "default", "default-by-format", "computed-from", "environment", "formats"),
        *("words", "example", "lower-case", "map", "url", "secret", "always-written"),
    )
}
TYPES: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "string": str, "number": (int, float)}


@dataclass(frozen=True)
class Fault:
    """A value that breaks its schema. `schema`: what it should have been; for an unknown name, what is around it."""

    path: Path
    value: Any
    keyword: str
    schema: Schema


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema with what its $ref names in it; what stands beside a $ref is more to the point."""
    if "$ref" not in schema:
        return schema
    target: Any = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def faults(schema: Schema, value: Any, root: Schema | None = None, path: Path = ()) -> Iterator[Fault]:
    """Every fault of the value and of what is in it; none where it is as the schema says."""
    root = schema if root is None else root
    schema = resolved(schema, root)
    for keyword, rule in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword in _CHECKS:
            if not _CHECKS[keyword](rule, value):
                yield Fault(path, value, keyword, schema)
        elif keyword == "not":
            if not any(faults(rule, value, root)):
                yield Fault(path, value, keyword, schema)
        else:
            for key, inner in _WITHIN[keyword](schema, value):
                if inner is None:
                    yield Fault((*path, key), value[key], keyword, schema)
                else:
                    yield from faults(inner, value[key], root, (*path, key))


def is_type(name: str, value: Any) -> bool:
    """`true` is no number; 5.0 is an integer."""
    if name == "integer":
        return is_type("number", value) and value == value // 1
    return isinstance(value, TYPES[name]) and not isinstance(value, bool)


def _matches(pattern: str, text: str) -> bool:
    # To JSON Schema `$` is the very end; to Python also before a last line break.
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text) is not None


_CHECKS: dict[str, Callable[[Any, Any], bool]] = {
    "type": is_type,
    "enum": lambda rule, value: isinstance(value, str) and value in rule,
    "pattern": lambda rule, value: not isinstance(value, str) or _matches(rule, value),
    "minimum": lambda rule, value: not is_type("number", value) or value >= rule,
    "maximum": lambda rule, value: not is_type("number", value) or value <= rule,
    "minItems": lambda rule, value: not isinstance(value, list) or len(value) >= rule,
    "maxItems": lambda rule, value: not isinstance(value, list) or len(value) <= rule,
}

# What is within a value: its key and the schema for it, None where nothing is allowed to be.
_Parts = Iterator[tuple["str | int", "Schema | None"]]


def _properties(schema: Schema, value: Any) -> _Parts:
    if isinstance(value, dict):
        yield from ((key, inner) for key, inner in schema["properties"].items() if key in value)


def _additional(schema: Schema, value: Any) -> _Parts:
    if schema["additionalProperties"] is not False:
        raise KeyError("additionalProperties is known as false only")
    if isinstance(value, dict):
        yield from ((key, None) for key in value if key not in schema["properties"])


def _items(schema: Schema, value: Any) -> _Parts:
    if isinstance(value, list):
        yield from ((at, schema["items"]) for at in range(len(value)))


def _prefix(schema: Schema, value: Any) -> _Parts:
    if isinstance(value, list):
        yield from zip(range(len(value)), schema["prefixItems"])  # noqa: B905 - the shorter one ends it


_WITHIN: dict[str, Callable[[Schema, Any], _Parts]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "prefixItems": _prefix,
}
KEYWORDS = ANNOTATIONS | {"$ref", "not"} | _CHECKS.keys() | _WITHIN.keys()
