# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables to the plugin configuration of this collection's filter, and what is wrong with them.

The schema, filter/configuration.schema.json, says which variable sets what, and what is right. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.shown import HIDDEN, Shown
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import (
    declaration,
    explanations,
    json_schema,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import Setting, schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import Fault, Schema

FILTER = declaration.FILTER
# The one that takes a whole configuration, as it is.
WHOLE = "wasm_filter_plugin_configuration"
# Where the filter stands, which any filter has to.
PLACE = "wasm_filter_context"
# Python's float() alone would take 1_000 and nan. All bounds are far below what it can't hold.
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?")
# The schema bounds each entry, the filter also what all take together (filter/src/limits.zig: 16 KiB, and
# 8 KiB for the head of a call). The rest is for what is computed, and for path and authority.
BYTES_MAX = 15 * 1024
HEADERS_BYTES_MAX = 5 * 1024
HEADERS = ("backend", "headers")


def from_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, by name, as the filter wants them; without what is computed, and what is not given."""
    configuration: dict[str, Any] = {}
    for variable, setting in declaration.by_variable().items():
        if variable not in settings:
            continue
        value = _value(setting, settings[variable])
        # To Python true is 1, which a schema tells apart.
        if value == setting.left_out and value is not None and not isinstance(value, bool):
            continue
        target = configuration
        for name in setting.path[:-1]:
            target = target.setdefault(name, {})
        target[setting.path[-1]] = value
    return configuration


def trace_format(settings: Mapping[str, Any]) -> Any:
    """What is sent, as the variables have it."""
    default: Any = schema()["properties"]["format"]["default"]
    return from_settings(settings).get("format", default)


def completed(
    settings: Mapping[str, Any],
    revision: str,
    name: str,
    backend: Mapping[str, str],
    host_allowlist: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The whole configuration.

    :param backend: `cluster` and `authority` as preflight chose them.
    :param host_allowlist: the same for the port that tells which hosts to trace; None: all are traced.
    """
    configuration = from_settings(settings)
    configuration |= {"revision": revision, "name": name}
    for key, chosen in (("backend", backend), ("hosts_from", host_allowlist)):
        given = configuration.pop(key, {})
        if chosen:
            configuration[key] = {"cluster": chosen["cluster"], "authority": chosen["authority"], **given}
    return configuration


def wrong_settings(settings: Mapping[str, Any]) -> list[InputError]:
    """What the schema refuses of the role's variables, each by the variable's name."""
    return _wrong(from_settings(settings), {name: one.path for name, one in declaration.by_variable().items()})


def wrong_configuration(configuration: Any, ours: bool = True) -> list[InputError]:
    """The same of a configuration that is given as a whole; for a filter that is not ours it has to be a map."""
    if not ours:
        return [] if isinstance(configuration, dict) else [InputError(WHOLE, HIDDEN, "must be a map")]
    return _wrong(configuration, {WHOLE: ()})


def _wrong(configuration: Any, variables: Mapping[str, tuple[str, ...]]) -> list[InputError]:
    first: dict[tuple[str | int, ...], Fault] = {}
    for fault in json_schema.faults(schema(), configuration):
        first.setdefault(fault.path, fault)
    if first:
        return [_told(fault, variables) for fault in first.values()]
    errors = []
    if sum(len(name) + len(value) for name, value in _at(configuration, HEADERS) or []) > HEADERS_BYTES_MAX:
        said = f"must have at most {HEADERS_BYTES_MAX} bytes, all names and values together"
        errors.append(InputError(_named(HEADERS, variables), HIDDEN, said))
    size = len(json.dumps(configuration))
    if size > BYTES_MAX:
        sizes = {name: len(json.dumps(_at(configuration, path))) for name, path in variables.items()}
        longest = max(sizes, key=lambda name: sizes[name])
        said = f"makes the plugin configuration {size} bytes long; the filter takes {BYTES_MAX}"
        errors.append(InputError(longest, Shown(f"({sizes[longest]} bytes)"), said))
    return errors


def _told(fault: Fault, variables: Mapping[str, tuple[str, ...]]) -> InputError:
    named = _named(fault.path, variables)
    variable = named if named in declaration.by_variable() else ""
    return InputError(named, explanations.shown(fault), explanations.right(fault, variable))


def _named(path: tuple[str | int, ...], variables: Mapping[str, tuple[str, ...]]) -> str:
    """The variable and where in it, such as wasm_filter_trace_include.statuses[2]."""
    variable = next(name for name, start in variables.items() if path[: len(start)] == start)
    rest = path[len(variables[variable]) :]
    if variable != WHOLE and path[:2] == HEADERS and rest:
        # A map to people. Which entry, as the name itself may be a token in the wrong place.
        part = ", name" if rest[1:] == (0,) else ", value" if rest[1:] == (1,) else ""
        return f"{variable} (entry {int(rest[0]) + 1}{part})"
    return variable + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name, {})
    return value


def _value(setting: Setting, value: Any) -> Any:
    """In the form that the filter takes."""
    if "x-map" in setting.schema:
        # HTTP has names in lower case. What is no map is none of the schema's lists either.
        value = [[str(name).lower(), item] for name, item in value.items()] if isinstance(value, dict) else None
    value = _fitted(setting.schema, value)
    if setting.schema.get("x-lower-case") and isinstance(value, list):
        return [name.lower() if isinstance(name, str) else name for name in value]
    return value


def _fitted(wanted: Schema, value: Any) -> Any:
    """The value in the schema's type where it can only mean that: -e name=5 gives text, YAML makes a number of 404.

    Numbers come out as everybody writes them, as the filter reads neither -0.0 nor 1e-100.
    """
    wanted = json_schema.resolved(wanted, schema())
    kind = wanted.get("type")
    if isinstance(value, dict):
        return {key: _fitted(wanted.get("properties", {}).get(key, {}), inner) for key, inner in value.items()}
    if isinstance(value, list):
        inner = wanted.get("prefixItems") or [wanted.get("items", {})] * len(value)
        return [_fitted(each, item) for each, item in zip(inner, value)]  # noqa: B905
    if kind == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if kind in ("integer", "number"):
        if isinstance(value, str) and NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, float):
            value = int(value) if json_schema.is_type("integer", value) else round(value, 12) if value > 0 else value
    return value
