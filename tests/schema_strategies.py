# SPDX-License-Identifier: Apache-2.0
"""Values for a JSON schema: those that fit it, and those that are one change away from fitting."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
from hypothesis import strategies as st

VISIBLE = "".join(chr(code) for code in range(0x20, 0x7F))
# Small ones: a configuration has a size that it must not exceed.
ITEMS_MAX = 6

Schema = dict[str, Any]
numbers = st.integers(-10, 10**7) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=12) | st.sampled_from(["on", "outbound", "GET", "/", "a\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)


def exact_validator(schema: Schema) -> Any:
    """The package jsonschema, with `$` in a pattern as JSON Schema has it: the very end."""

    def pattern(_validator: Any, rule: str, value: Any, _schema: Schema) -> Any:
        if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", rule), value):
            yield jsonschema.ValidationError(f"{value!r} does not match {rule!r}")

    judge = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})
    return judge(schema)


def _resolved(schema: Schema, root: Schema) -> Schema:
    found = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
    return {**found, **schema}


def valid(schema: Schema, root: Schema | None = None) -> st.SearchStrategy[Any]:
    """Whatever the schema accepts."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    if kind == "object":
        return st.fixed_dictionaries({}, optional={key: valid(one, root) for key, one in schema["properties"].items()})
    if kind == "array" and "prefixItems" in schema:
        return st.tuples(*(valid(one, root) for one in schema["prefixItems"])).map(list)
    if kind == "array":
        return st.lists(valid(schema["items"], root), max_size=min(schema["maxItems"], ITEMS_MAX))
    if kind == "integer":
        whole = st.integers(schema["minimum"], schema["maximum"])
        return whole | whole.map(float)
    if kind == "number":
        return st.floats(schema["minimum"], schema["maximum"]) | st.integers(schema["minimum"], schema["maximum"])
    refused = schema.get("not", {}).get("enum", ())
    # Most of the patterns allow a thousand characters, of which forty are enough to draw.
    short = re.sub(r"\{([01]),\d{3,}\}\$$", r"{\1,40}\\Z", schema["pattern"])
    return st.from_regex(re.sub(r"\$$", r"\\Z", short)).filter(lambda text: text not in refused)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in _places(one, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, schema: Schema) -> Any:
    """Something valid with one value in it replaced, doubled or added; it may still be valid."""
    value = draw(valid(schema))
    path = draw(st.sampled_from(_places(value)))
    target = value
    for key in path[:-1]:
        target = target[key]
    here = target[path[-1]] if path else value
    kinds = ["replace", "stretch"] + (["add"] if isinstance(here, (dict, list)) else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "replace":
        here = draw(anything)
    elif kind == "add" and isinstance(here, dict):
        here[draw(st.text(max_size=8) | st.sampled_from(sorted(schema["properties"])))] = draw(anything)
    elif kind == "add":
        here.insert(draw(st.integers(0, len(here))), draw(anything))
    else:
        here = _stretched(here, draw)
    if not path:
        return here
    target[path[-1]] = here
    return value


def _stretched(value: Any, draw: st.DrawFn) -> Any:
    """Just over what bounds it, mostly."""
    if isinstance(value, str):
        return draw(st.sampled_from([value * 2, value + "\n", " " + value, value.upper(), value + "é", "a" * 1025]))
    if isinstance(value, list):
        return (value or ["x"]) * 65
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return draw(st.sampled_from([-value - 1, value + 0.5, value * 1_000_000 + 1, str(value), float(value)]))
    return [value]
