# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fault of a plugin configuration in words: what would be right, and the value, unless it is secret. Pure."""

from __future__ import annotations

import difflib
import json
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import HIDDEN
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import shown as shown_value
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import (
    Fault,
    Path,
    Schema,
    resolved,
)


def shown(fault: Fault) -> Any:
    """The value as an error shows it; HIDDEN where the schema says that it is secret."""
    path, value = fault.path, fault.value
    if _may_be_secret(path) or fault.keyword == "additionalProperties":
        return HIDDEN
    if path in _having("x-url") and isinstance(value, str):
        value = without_credentials(value)
    return shown_value(value)


def _having(keyword: str) -> set[Path]:
    return {one.path for one in declaration.settings() if keyword in one.schema}


def _may_be_secret(path: Path) -> bool:
    """Whether it is within a secret, or around one."""
    return any(path[: len(secret)] == secret or secret[: len(path)] == path for secret in _having("x-secret"))


def without_credentials(path: str) -> str:
    """A path without its query; nothing at all of what looks like a URL with a password."""
    kept, mark, _query = path.partition("?")
    return "..." if "@" in kept else kept + (mark and "?...")


def right(fault: Fault, variable: str = "") -> str:
    """What would be right, such as "must be a whole number from 1 to 60000".

    :param variable: the role's variable that the value came by, for an example of how to give it.
    """
    if fault.keyword == "additionalProperties":
        nearest = difflib.get_close_matches(str(fault.path[-1]), fault.schema["properties"], 1)
        known = ", ".join(fault.schema["properties"])
        return f"there is no such setting; did you mean {nearest[0]}?" if nearest else f"there is only: {known}"
    if fault.keyword == "not":
        return f"must be none of {', '.join(fault.schema['not']['enum'])}, which the filter sets itself"
    if isinstance(fault.value, bool) and "on" in fault.schema.get("enum", ()):
        return f"must be {in_words(fault.schema)}, as text: to YAML a bare on is true"
    if not variable:
        return f"must be {in_words(fault.schema)}"
    setting = declaration.by_variable()[variable]
    said, example = right_value(setting), setting.schema.get("x-example")
    given = f", such as -e '{json.dumps({variable: example})}'" if example else ""
    return f"must be {said}{given}"


def right_value(setting: declaration.Setting) -> str:
    """What its variable takes, such as "a whole number from 1 to 60000"."""
    if "x-map" in setting.schema:
        # What the schema has as pairs.
        return f"a map of at most {setting.schema['maxItems']} {setting.schema['x-map']}"
    return in_words(setting.schema)


def in_short(schema: Schema) -> str:
    """For a table beside the description, which says what the entries of a list are."""
    texts = schema.get("type") == "array" and "x-words" in resolved(schema["items"], declaration.schema())
    return f"a list of at most {schema['maxItems']}" if texts else in_words(schema)


def in_words(schema: Schema) -> str:
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"{', '.join(others)} or {last}"
    kind = schema["type"]
    if kind in ("integer", "number"):
        return f"a {'whole ' if kind == 'integer' else ''}number from {schema['minimum']} to {schema['maximum']}"
    if kind == "string":
        return str(schema["x-words"])
    if kind == "object":
        return f"a map of {', '.join(schema['properties'])}"
    if "prefixItems" in schema:
        return "a pair of name and value"
    return f"a list of at most {schema['maxItems']}, each {in_words(resolved(schema['items'], declaration.schema()))}"
