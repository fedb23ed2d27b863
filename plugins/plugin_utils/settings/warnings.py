# Copyright: the openclarity.wasm_filters contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration is allowed to say, though hardly anybody means it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration, redaction
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import WHOLE
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import Setting

# The filter reads nine places behind the point.
RATE_MIN = 1e-9


def of_settings(configuration: Mapping[str, Any]) -> list[str]:
    """A sentence for each, by the role's variables.

    :param configuration: it fits the schema, as `from_settings` makes it.
    """
    return list(_all(configuration, {one.name: one.variable or "" for one in declaration.settings()}))


def of_configuration(configuration: Mapping[str, Any]) -> list[str]:
    """The same of a configuration that is given as a whole."""
    names = {one.name: f"{WHOLE}.{one.name}" for one in declaration.settings()}
    found = list(_all(configuration, names))
    if not configuration.get("backend", {}).get("cluster"):
        found.insert(0, f"{names['backend.cluster']}: is not given, so nothing is traced")
    return found


def _all(configuration: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    settings = {one.name: one for one in declaration.settings()}
    form = configuration.get("format") or settings["format"].default("")
    values = {name: _at(configuration, one, form) for name, one in settings.items()}
    always = values["sample_always.statuses"] or values["sample_always.slower_ms"]
    # The parent's flag counts whatever the rate; and what is always traced is none of the share.
    if values["sample_rate"] < RATE_MIN and values["sample_by"] != "parent" and not always:
        yield f"{names['sample_rate']}={values['sample_rate']!r}: nothing is traced"
    exclude = values["exclude"]
    if any(entry.rstrip("*") in ("/", "") for entry in exclude.get("paths", ())):
        yield f"{names['exclude']}.paths: every path begins with /, so nothing is traced"
    if "*" in exclude.get("hosts", ()):
        yield f"{names['exclude']}.hosts: * is every host, so nothing is traced"
    for name in ("redact_headers", "redact_query", "redact_body_fields"):
        yield from _of_redaction(names[name], values[name], settings[name].default(form))
    if values["bodies"] == "on" and not values["request_body_bytes_max"] and not values["response_body_bytes_max"]:
        limits = f"{names['request_body_bytes_max']}=0, {names['response_body_bytes_max']}=0"
        yield f"{limits}: no byte of a body is sent, though bodies are on"
    for name, setting in settings.items():
        if setting.formats and form not in setting.formats and values[name] != setting.default(form):
            yield f"{names[name]}={values[name]!r}: means nothing to the format {form}"


def _of_redaction(name: str, given: list[str], default: list[str]) -> Iterator[str]:
    if not given:
        yield f"""{name}=[]: adds nothing to the default list, which stays; what takes that away is ["-*"]"""
    found = redaction.of(given, default)
    if found.shown:
        what = "all that the default list hides" if "*" in found.shown else ", ".join(found.shown)
        yield f"{name}: the values of {what} leave the pods as they are"
    if found.idle:
        yield f"{name}: the default list has nothing like {', '.join(found.idle)} that could be taken away"


def _at(configuration: Mapping[str, Any], setting: Setting, form: str) -> Any:
    value: Any = configuration
    for name in setting.path:
        if name not in value:
            return setting.default(form)
        value = value[name]
    return value
