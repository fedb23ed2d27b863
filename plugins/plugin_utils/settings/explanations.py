# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault of a plugin configuration in words: what would be right, and the value, unless it is secret. Pure."""

from __future__ import annotations

import difflib
import json
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import (
    Fault,
    Schema,
    resolved,
)

SECRET = ("backend", "headers")
PATHS = (("backend", "path"), ("hosts_from", "path"))
VALUE_MAX = 80
# The schema's patterns as people say them.
PATTERNS = {
    "^[0-9a-f]{10}$": "ten hexadecimal digits in lower case",
    "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$": "a DNS label of at most 40 characters",
    "^[!-~]{1,1024}$": "text of 1 to 1024 ASCII characters without spaces",
    "^/[!-~]{0,1023}$": "a path that begins with /, of at most 1024 ASCII characters without spaces",
    "^[a-z0-9._-]{1,256}$": "1 to 256 of the characters a-z, 0-9, ., _ and -",
    "^[ -~]{0,1024}$": "text of at most 1024 ASCII characters in one line",
}
EXAMPLES: dict[tuple[str | int, ...], Any] = {
    ("backend", "headers"): {"x-token": "..."},
    ("include",): {"methods": ["GET"], "statuses": ["5xx"]},
    ("exclude",): {"paths": ["/health"]},
    ("body_content_types",): ["application/json", "text/*"],
    ("redact_headers",): ["authorization", "x-secret"],
    ("redact_query",): ["token"],
}


class Shown(str):
    """Text that is its own repr: not in quotes, as it is not the value itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


HIDDEN = Shown("(not shown)")


def shown(fault: Fault) -> Any:
    """The value, shortened; or HIDDEN where a credential may be in it."""
    path, value = fault.path, fault.value
    within_secret, around_secret = path[:2] == SECRET, SECRET[: len(path)] == path
    if within_secret or around_secret or fault.keyword == "additionalProperties":
        return HIDDEN
    if path in PATHS and isinstance(value, str):
        value = without_credentials(value)
    text = repr(value)
    return Shown(text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}...")


def without_credentials(path: str) -> str:
    """A path without its query; nothing at all of what looks like a URL with a password."""
    kept, mark, _query = path.partition("?")
    return "..." if "@" in kept else kept + (mark and "?...")


def right(fault: Fault, root: Schema, variable: str = "") -> str:
    """What would be right, such as "must be a whole number from 1 to 60000".

    :param root: the whole schema, for its $refs.
    :param variable: the role's variable that the value came by, for an example of how to give it.
    """
    if fault.keyword == "additionalProperties":
        nearest = difflib.get_close_matches(str(fault.path[-1]), fault.schema["properties"], 1)
        known = ", ".join(fault.schema["properties"])
        return f"there is no such setting; did you mean {nearest[0]}?" if nearest else f"there is only: {known}"
    if fault.keyword == "not":
        return f"must be none of {', '.join(fault.schema['not']['enum'])}, which the filter sets itself"
    if isinstance(fault.value, bool) and "on" in fault.schema.get("enum", ()):
        return f"must be {_right(fault.schema, root)}, as text: to YAML a bare on is true"
    if not variable or fault.path not in EXAMPLES:
        return f"must be {_right(fault.schema, root)}"
    if fault.path == SECRET:
        # What the schema has as pairs.
        said = f"a map of at most {fault.schema['maxItems']} header names to values"
    else:
        said = _right(fault.schema, root)
    return f"must be {said}, such as -e '{json.dumps({variable: EXAMPLES[fault.path]})}'"


def _right(schema: Schema, root: Schema) -> str:
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"{', '.join(others)} or {last}"
    kind = schema["type"]
    if kind in ("integer", "number"):
        return f"a {'whole ' if kind == 'integer' else ''}number from {schema['minimum']} to {schema['maximum']}"
    if kind == "string":
        return PATTERNS[schema["pattern"]]
    if kind == "object":
        return f"a map of {', '.join(schema['properties'])}"
    if "prefixItems" in schema:
        return "a pair of name and value"
    return f"a list of at most {schema['maxItems']}, each {_right(resolved(schema['items'], root), root)}"
