# SPDX-License-Identifier: Apache-2.0
"""What of an object may be shown: the names in it, and of the values those that are our own, or never a secret. Pure.

An EnvoyFilter may come from a template of the user's own, and a patch in it is JSON of protocol buffers: a field has
two names, `typed_config` and `typedConfig`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

REVISION, HEARTBEAT = "revision", "heartbeat_seconds"
HIDDEN = "********"
# Longer ones are a binary's, and are told by their size.
_BYTES_SHOWN = 100
# Fields of Envoy that the role's template writes, and whose text is the name of something, a number or a place.
_TOLD = {
    *("@type", "type", "type_urls", "name", "root_id", "vm_id", "runtime", "filename", "sha256"),
    *("failure_policy", "base_interval", "max_interval", "initial_fetch_timeout", "resource_api_version"),
    *("connect_timeout", "cluster", "cluster_name", "address", "dns_lookup_family", "lb_policy"),
}
_NAMED = {"@type", "name"}


def redacted_for_diff(spec: Any) -> Any:
    """The spec of an EnvoyFilter: what is matched as it is; of what is put there the bytes as their size, no value of a
    backend header (they are tokens), and no text of what is not ours.
    """
    if not isinstance(spec, dict) or not isinstance(spec.get("configPatches"), list):
        return spec
    return {**spec, "configPatches": [_config_patch(one) for one in spec["configPatches"]]}


def is_own(configuration: Any) -> bool:
    """Of our own filter: by what the role puts into every plugin configuration of it, and of no other."""
    return isinstance(configuration, dict) and set(configuration) >= {REVISION, HEARTBEAT}


def names_of(value: Any, told: Collection[str] = ("@type",)) -> Any:
    """The value with its names, and nothing else but what stands under those that are told."""
    if isinstance(value, Mapping):
        return {
            name: inner if _is_text_of(name, inner, told) else names_of(inner, told) for name, inner in value.items()
        }
    return [names_of(inner, told) for inner in value] if isinstance(value, list) else HIDDEN


def entries_of(text: str, own: Collection[str]) -> str:
    """A list or a map of named entries, as JSON: ours whole, of the others the names.

    :param own: what our entries are called.
    """
    try:
        entries = json.loads(text or "null")
    except (ValueError, RecursionError):
        return HIDDEN
    if isinstance(entries, dict):
        entries = {name: one if name in own else names_of(one, _NAMED) for name, one in entries.items()}
    elif isinstance(entries, list):
        entries = [
            one if isinstance(one, dict) and one.get("name") in own else names_of(one, _NAMED) for one in entries
        ]
    elif entries is not None:
        return HIDDEN
    return json.dumps(entries, separators=(",", ":"), ensure_ascii=False)


def _is_text_of(name: str, value: Any, told: Collection[str]) -> bool:
    return name in told and isinstance(value, (str, type(None)))


def _config_patch(one: Any) -> Any:
    patch = one.get("patch") if isinstance(one, dict) else None
    if not isinstance(patch, dict) or "value" not in patch:
        return one
    return {**one, "patch": {**patch, "value": _field("", patch["value"])}}


def _field(name: str, value: Any) -> Any:
    """What a field of a patch shows. `name`: as protocol buffers have it."""
    if name == "configuration":
        return _configuration(value)
    if name == "environment_variables":
        return names_of(value)
    if name == "allowed_capabilities" and value and isinstance(value, dict):
        return ", ".join(sorted(value))
    if isinstance(value, dict):
        return {key: _field(_snake_case(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_field(name if name == "type_urls" else "", inner) for inner in value]
    if not isinstance(value, str) or name in _TOLD:
        return value
    if name == "inline_bytes" and len(value) > _BYTES_SHOWN:
        return f"({len(value)} characters of base64)"
    return value if name == "inline_bytes" and value.startswith("sha256:") else value and HIDDEN


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _configuration(value: Any) -> Any:
    """A google.protobuf.Any: in a StringValue, or another's."""
    if isinstance(value, dict) and "value" in value:
        return {name: _plugin(inner) if name == "value" else _other(name, inner) for name, inner in value.items()}
    return value if value is None else names_of(value)


def _other(name: str, value: Any) -> Any:
    return value if name == "@type" and isinstance(value, str) else names_of(value)


def _plugin(value: Any) -> Any:
    """Of our own filter's configuration all but what may be a token; of another filter's, in which anything may be
    one, only the names.
    """
    try:
        configuration = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return HIDDEN if value else value
    if not is_own(configuration):
        return names_of(configuration)
    return {
        name: _backend(inner) if name in ("backend", "hosts_from") else inner for name, inner in configuration.items()
    }


def _backend(value: Any) -> Any:
    """Without values of headers, and without the query of the path."""
    if not isinstance(value, dict):
        return value
    shown = dict(value)
    if value.get("headers"):
        try:
            shown["headers"] = [[name, HIDDEN] for name, _value in value["headers"]]
        except (TypeError, ValueError):
            shown["headers"] = HIDDEN
    if isinstance(value.get("path"), str):
        path, question, _query = value["path"].partition("?")
        shown["path"] = path + (question and "?...")
    return shown
