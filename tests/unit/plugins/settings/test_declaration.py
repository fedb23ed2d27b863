# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.report import exported_data
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import (
    Setting,
    by_variable,
    formats,
    schema,
    settings,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import faults, resolved

from tests.unit.objects import REPOSITORY

# What the cluster and other variables decide.
COMPUTED = {"revision", "name", "backend.cluster", "hosts_from.cluster"}


def settings_of_schema(found: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """What can be set, down to where a variable takes a whole map."""
    for name, inner in found["properties"].items():
        here = (*path, name)
        yield from settings_of_schema(inner, here) if "properties" in inner else [here]


def one(name: str) -> Setting:
    return next(found for found in settings() if found.name == name)


def test_every_setting_of_the_schema_has_its_variable_and_every_variable_its_setting() -> None:
    assert [found.path for found in settings()] == list(settings_of_schema(schema()))
    assert {found.name for found in settings() if not found.variable} == COMPUTED
    variables = [found.variable for found in settings() if found.variable]
    assert len(set(variables)) == len(variables) == len(by_variable())
    assert all(name.startswith("wasm_filter_") for name in variables)


def test_every_default_fits() -> None:
    for setting in settings():
        for form in formats():
            default = setting.default(form)
            assert default is None or list(faults(resolved(setting.schema, schema()), default, schema())) == []


def test_what_is_set_by_format_has_a_default_for_each() -> None:
    by_format = [found for found in settings() if found.by_format]
    assert {found.name for found in by_format} == {"backend.path", "bodies"}
    assert all(tuple(found.by_format) == formats() and "default" not in found.schema for found in by_format)


def test_what_means_something_to_some_formats_only() -> None:
    assert one("batch.count").formats == ("ndjson", "otlp")
    assert one("sample_rate").formats == ()
    assert all(set(found.formats) <= set(formats()) for found in settings())


def test_what_stands_for_a_choice_elsewhere_knows_every_choice() -> None:
    contexts = schema()["properties"]["context"]["enum"]
    variables = yaml.safe_load((REPOSITORY / "roles/wasm_filter/vars/main.yml").read_text())
    assert list(variables["wasm_filter_istio_context"]) == list(exported_data.EXCHANGES) == contexts


def test_only_what_the_first_release_wrote_is_written_at_its_default() -> None:
    always = schema()["x-always-written"]
    named = [found.name for found in settings() if found.variable and "x-default" not in found.schema]
    assert [name for name in named if name in always] == always
    path = ("new",)
    assert Setting(path, {"default": 5}).left_out == 5
    assert Setting(path, {"default": 5, "x-default": ""}).left_out == ""
    assert Setting(("memory_mib",), {"default": 5}).left_out is None


def test_defaults() -> None:
    assert (one("backend.path").default("otlp"), one("backend.path").default("publish")) == ("/v1/logs", "/publish")
    assert one("heartbeat_seconds").default("otlp") == schema()["properties"]["heartbeat_seconds"]["default"]
    assert one("backend.cluster").default("otlp") is None
    assert one("backend.authority").left_out == "" and one("sample_rate").left_out is None
