# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the role's variables to the plugin configuration of this collection's filter, and what is wrong with them.

The schema, filter/configuration.schema.json, says what is right; here is only which variable is
which of its settings. Pure, but for `schema`, which reads it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import explanations, json_schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import Fault, Schema

FILTER = Path(__file__).parents[3] / "filter"
# The one that takes a whole configuration, as it is.
WHOLE = "wasm_filter_plugin_configuration"
# Where the filter stands, which any filter has to.
PLACE = "wasm_filter_context"
HEADERS = ("backend", "headers")
VARIABLES: dict[str, tuple[str, ...]] = {
    "wasm_filter_trace_format": ("format",),
    PLACE: ("context",),
    "wasm_filter_trace_backend_authority": ("backend", "authority"),
    "wasm_filter_trace_backend_path": ("backend", "path"),
    "wasm_filter_trace_backend_timeout_ms": ("backend", "timeout_ms"),
    "wasm_filter_trace_backend_headers": HEADERS,
    "wasm_filter_trace_sample_rate": ("sample_rate",),
    "wasm_filter_trace_include": ("include",),
    "wasm_filter_trace_exclude": ("exclude",),
    "wasm_filter_trace_sampling_authority": ("hosts_from", "authority"),
    "wasm_filter_trace_sampling_path": ("hosts_from", "path"),
    "wasm_filter_trace_sampling_seconds": ("hosts_from", "seconds"),
    "wasm_filter_trace_batch_count": ("batch", "count"),
    "wasm_filter_trace_batch_bytes": ("batch", "bytes"),
    "wasm_filter_trace_batch_milliseconds": ("batch", "milliseconds"),
    "wasm_filter_bodies": ("bodies",),
    "wasm_filter_body_content_types": ("body_content_types",),
    "wasm_filter_request_body_bytes_max": ("request_body_bytes_max",),
    "wasm_filter_response_body_bytes_max": ("response_body_bytes_max",),
    "wasm_filter_redact_headers": ("redact_headers",),
    "wasm_filter_redact_query": ("redact_query",),
    "wasm_filter_memory_mib": ("memory_mib",),
    "wasm_filter_heartbeat_seconds": ("heartbeat_seconds",),
}
# What the cluster and other variables decide.
COMPUTED = {("revision",), ("name",), ("backend", "cluster"), ("hosts_from", "cluster")}
# Empty: what the backend's address and port make of it.
BY_ADDRESS = {"wasm_filter_trace_backend_authority", "wasm_filter_trace_sampling_authority"}
# Python's float() alone would take 1_000 and nan. All bounds are far below what it can't hold.
NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,3})?")
# The schema bounds each entry, the filter also what all take together (filter/src/limits.zig: 16 KiB, and
# 8 KiB for the head of a call). The rest is for what is computed, and for path and authority.
BYTES_MAX = 15 * 1024
HEADERS_BYTES_MAX = 5 * 1024


@functools.cache
def schema() -> Schema:
    """filter/configuration.schema.json, which the collection brings along."""
    found: Schema = json.loads((FILTER / "configuration.schema.json").read_text())
    return found


def from_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The variables, by name, as the filter wants them; without what is computed, and what is not given."""
    configuration: dict[str, Any] = {}
    for variable, path in VARIABLES.items():
        value = settings.get(variable)
        if variable not in settings or (variable in BY_ADDRESS and value == ""):
            continue
        target, inner = configuration, schema()
        for name in path[:-1]:
            target, inner = target.setdefault(name, {}), inner["properties"][name]
        target[path[-1]] = _fitted(inner["properties"][path[-1]], _pairs(value) if path == HEADERS else value)
    headers = configuration.get("redact_headers")
    if isinstance(headers, list):
        configuration["redact_headers"] = [name.lower() if isinstance(name, str) else name for name in headers]
    return configuration


def completed(
    settings: Mapping[str, Any],
    revision: str,
    name: str,
    backend: Mapping[str, str],
    hosts_from: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The whole configuration.

    :param backend: `cluster` and `authority` as preflight chose them.
    :param hosts_from: the same for the port that tells which hosts to trace; None: all are traced.
    """
    configuration = from_settings(settings)
    configuration |= {"revision": revision, "name": name}
    for key, chosen in (("backend", backend), ("hosts_from", hosts_from)):
        given = configuration.pop(key, {})
        if chosen:
            configuration[key] = {"cluster": chosen["cluster"], "authority": chosen["authority"], **given}
    return configuration


def wrong_settings(settings: Mapping[str, Any]) -> list[InputError]:
    """What the schema refuses of the role's variables, each by the variable's name."""
    return _wrong(from_settings(settings), VARIABLES)


def wrong_configuration(configuration: Any) -> list[InputError]:
    """The same of a configuration that is given as a whole."""
    return _wrong(configuration, {WHOLE: ()})


def _wrong(configuration: Any, variables: Mapping[str, tuple[str, ...]]) -> list[InputError]:
    first: dict[tuple[str | int, ...], Fault] = {}
    for fault in json_schema.faults(schema(), configuration):
        first.setdefault(fault.path, fault)
    if first:
        return [_told(fault, variables) for fault in first.values()]
    headers = configuration.get("backend", {}).get("headers", [])
    errors = []
    if sum(len(name) + len(value) for name, value in headers) > HEADERS_BYTES_MAX:
        said = f"must have at most {HEADERS_BYTES_MAX} bytes, all names and values together"
        errors.append(InputError(_named(HEADERS, variables), explanations.HIDDEN, said))
    size = len(json.dumps(configuration))
    if size > BYTES_MAX:
        sizes = {name: len(json.dumps(_at(configuration, path))) for name, path in variables.items()}
        longest = max(sizes, key=lambda name: sizes[name])
        said = f"makes the plugin configuration {size} bytes long; the filter takes {BYTES_MAX}"
        errors.append(InputError(longest, explanations.Shown(f"({sizes[longest]} bytes)"), said))
    return errors


def _told(fault: Fault, variables: Mapping[str, tuple[str, ...]]) -> InputError:
    named = _named(fault.path, variables)
    variable = named if named in VARIABLES else ""
    return InputError(named, explanations.shown(fault), explanations.right(fault, schema(), variable))


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


def _pairs(headers: Any) -> Any:
    """HTTP has names in lower case. What is no map is none of the schema's lists either."""
    return [[str(name).lower(), value] for name, value in headers.items()] if isinstance(headers, dict) else None


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
