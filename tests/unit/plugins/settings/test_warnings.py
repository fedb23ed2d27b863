# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import from_settings
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import by_variable, schema
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.warnings import (
    of_configuration,
    of_settings,
)
from hypothesis import given

from tests.schema_strategies import valid
from tests.unit.objects import REPOSITORY

DEFAULTS = yaml.safe_load((REPOSITORY / "roles/wasm_filter/defaults/main.yml").read_text())

WARNED: list[tuple[dict[str, Any], str]] = [
    ({"sample_rate": 0}, "wasm_filter_trace_sample_rate=0: nothing is traced"),
    ({"sample_rate": 1e-10}, "wasm_filter_trace_sample_rate=1e-10: nothing is traced"),
    ({"sample_rate": 0, "sample_by": "trace_id"}, "wasm_filter_trace_sample_rate=0: nothing is traced"),
    ({"exclude": {"paths": ["/health", "/"]}}, "wasm_filter_trace_exclude.paths: every path begins with /, "),
    ({"exclude": {"paths": ["/*"]}}, "wasm_filter_trace_exclude.paths: every path begins with /, "),
    ({"exclude": {"hosts": ["*"]}}, "wasm_filter_trace_exclude.hosts: * is every host, so nothing is traced"),
    (
        {"redact_headers": []},
        "wasm_filter_redact_headers=[]: adds nothing to the default list, which stays; what takes that away is ",
    ),
    (
        {"redact_headers": ["-*", "x-mine"]},
        "wasm_filter_redact_headers: the values of all that the default list hides leave the pods as they are",
    ),
    (
        {"redact_query": ["x-mine", "-Token", "-page_token"]},
        "wasm_filter_redact_query: the values of Token, page_token leave the pods as they are",
    ),
    (
        {"redact_headers": ["-accept"]},
        "wasm_filter_redact_headers: the default list has nothing like accept that could be taken away",
    ),
    (
        {"request_body_bytes_max": 0, "response_body_bytes_max": 0},
        "wasm_filter_request_body_bytes_max=0, wasm_filter_response_body_bytes_max=0: no byte of a body is sent",
    ),
    ({"batch": {"count": 7}}, "wasm_filter_trace_batch_count=7: means nothing to the format publish"),
]


@pytest.mark.parametrize(("configuration", "said"), WARNED)
def test_what_hardly_anybody_means(configuration: dict[str, Any], said: str) -> None:
    (warning,) = of_settings(configuration)
    assert warning.startswith(said)


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"sample_rate": 1e-9, "exclude": {"paths": ["/health"]}},
        {"redact_query": [*schema()["properties"]["redact_query"]["default"], "x"]},
        {"redact_query": ["x"], "redact_headers": ["*"]},
        {"format": "otlp", "batch": {"count": 7}, "request_body_bytes_max": 0, "response_body_bytes_max": 0},
        {"bodies": "off", "request_body_bytes_max": 0, "response_body_bytes_max": 0},
        {"request_body_bytes_max": 0},
        {"sample_rate": 0, "sample_by": "parent"},
        {"sample_rate": 0, "sample_always": {"statuses": ["5xx"]}},
        {"sample_rate": 0, "sample_always": {"slower_ms": 500}},
    ],
)
def test_what_people_mean(configuration: dict[str, Any]) -> None:
    assert of_settings(configuration) == []


def test_the_defaults_of_the_role() -> None:
    given = {name: DEFAULTS[name] for name in by_variable() if "{{" not in str(DEFAULTS[name])}
    assert of_settings(from_settings(given)) == []


def test_of_a_whole_configuration_the_same_is_told_by_its_own_names() -> None:
    assert of_configuration({"backend": {"cluster": "c"}}) == []
    without, rate = of_configuration({"sample_rate": 0})
    assert without == "wasm_filter_plugin_configuration.backend.cluster: is not given, so nothing is traced"
    assert rate == "wasm_filter_plugin_configuration.sample_rate=0: nothing is traced"


@given(valid(schema()))
def test_whatever_the_schema_accepts_can_be_judged(configuration: dict[str, Any]) -> None:
    told = of_settings(configuration)
    assert all(warning.startswith("wasm_filter_") for warning in told)
    is_none = configuration.get("sample_rate") == 0 and configuration.get("sample_by") != "parent"
    is_none = is_none and not any(configuration.get("sample_always", {}).values())
    assert ("nothing is traced" in " ".join(told)) >= is_none
