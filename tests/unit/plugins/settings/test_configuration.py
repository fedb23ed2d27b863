# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.openclarity.wasm_filters.plugins.filter.plugin_configuration import FilterModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings import declaration
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.configuration import (
    BYTES_MAX,
    HEADERS_BYTES_MAX,
    completed,
    from_settings,
    wrong_configuration,
    wrong_settings,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.declaration import (
    Setting,
    by_variable,
    schema,
)
from ansible_collections.openclarity.wasm_filters.plugins.plugin_utils.settings.json_schema import faults
from hypothesis import given
from hypothesis import strategies as st

from tests.schema_strategies import anything
from tests.unit.objects import REPOSITORY

ROLE = REPOSITORY / "roles" / "wasm_filter"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
OPTIONS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["prepare"]["options"]
HEADERS = "wasm_filter_trace_backend_headers"
BACKEND = {"cluster": "c", "authority": "a:1"}
VARIABLES = by_variable()


def test_the_role_has_documents_and_hands_over_each_of_them() -> None:
    handed = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["wasm_filter_settings"]
    assert handed == {name: f"{{{{ {name} }}}}" for name in VARIABLES}
    assert set(VARIABLES) <= set(DEFAULTS)
    assert {name: OPTIONS[name]["type"] for name in VARIABLES} == dict.fromkeys(VARIABLES, "raw")


@pytest.mark.parametrize("variable", VARIABLES)
def test_defaults_and_bounds_that_the_role_documents_are_the_schemas(variable: str) -> None:
    setting, given, described = VARIABLES[variable], DEFAULTS[variable], str(OPTIONS[variable]["description"])
    wanted = setting.schema
    if "{{" not in str(given):
        assert from_settings({variable: given}) == ({} if setting.left_out is not None else nested(setting))
    for choice in wanted.get("enum", []):
        assert f"V({choice})" in described
    if "minimum" in wanted:
        assert f"{wanted['minimum']} to {wanted['maximum']}" in described
    if variable == HEADERS:
        assert f"at most {wanted['maxItems']}" in described


def nested(setting: Setting) -> dict[str, Any]:
    """A configuration with the schema's default of this one setting."""
    found: Any = setting.schema["default"]
    for name in reversed(setting.path):
        found = {name: found}
    return dict(found)


def test_the_role_judges_the_filters_name_as_the_schema_does() -> None:
    for name in ("a", "a" * 40, "a-1", "", "a" * 41, "-a", "a-", "A", "a.b", "a\n"):
        try:
            FilterNames(name)
            taken = True
        except InputError:
            taken = False
        assert taken == (not list(faults(schema()["properties"]["name"], name, schema()))), name


FITTED: list[tuple[str, Any, Any]] = [
    ("wasm_filter_trace_batch_count", "5", 5),
    ("wasm_filter_trace_batch_count", "005", 5),
    ("wasm_filter_trace_batch_count", 5.0, 5),
    ("wasm_filter_trace_sample_rate", "0.25", 0.25),
    ("wasm_filter_trace_sample_rate", "1", 1),
    ("wasm_filter_trace_sample_rate", 1e-300, 0.0),
    ("wasm_filter_trace_sample_rate", -0.0, 0),
    ("wasm_filter_trace_sample_rate", "1e-3", 0.001),
    ("wasm_filter_trace_exclude", {"statuses": [404, "5xx"]}, {"statuses": ["404", "5xx"]}),
    ("wasm_filter_redact_headers", ["X-Secret", 5], ["x-secret", "5"]),
    ("wasm_filter_redact_headers", ["*", "X-*", "-Cookie", ":path"], ["*", "x-*", "-cookie", ":path"]),
    ("wasm_filter_redact_query", ["user[password]", "$skip", "-*"], ["user[password]", "$skip", "-*"]),
    ("wasm_filter_trace_exclude", {"methods": ["post", "M-SEARCH"]}, {"methods": ["post", "M-SEARCH"]}),
    ("wasm_filter_trace_exclude", {"paths": ["/login*", "/a/*/b"]}, {"paths": ["/login*", "/a/*/b"]}),
    ("wasm_filter_trace_include", {"statuses": ["2XX", 0]}, {"statuses": ["2XX", "0"]}),
    ("wasm_filter_trace_include", {"hosts": ["[::1]:80", "*:81"]}, {"hosts": ["[::1]:80", "*:81"]}),
    ("wasm_filter_body_content_types", ["application/*+json", "*/json"], ["application/*+json", "*/json"]),
    (HEADERS, {"X-Token": 7, "b": ""}, [["x-token", "7"], ["b", ""]]),
]


@pytest.mark.parametrize(("variable", "value", "fitted"), FITTED)
def test_values_as_people_give_them(variable: str, value: Any, fitted: Any) -> None:
    assert wrong_settings({variable: value}) == []
    found: Any = from_settings({variable: value})
    for name in VARIABLES[variable].path:
        found = found[name]
    assert (found, type(found)) == (fitted, type(fitted))


REFUSED: list[tuple[str, Any, str]] = [
    ("wasm_filter_trace_format", "xml", "='xml': must be publish, apiclarity, ndjson or otlp"),
    ("wasm_filter_context", "", "='': must be outbound, inbound or gateway"),
    ("wasm_filter_bodies", True, "=True: must be on or off, as text: to YAML a bare on is true"),
    ("wasm_filter_bodies", None, "=None: must be on or off"),
    ("wasm_filter_trace_batch_count", 0, "=0: must be a whole number from 1 to 10000"),
    ("wasm_filter_trace_batch_count", "9" * 5000, "='" + "9" * 79 + "...: must be a whole number from 1 to 10000"),
    ("wasm_filter_trace_batch_count", "1_000", "='1_000': must be a whole number from 1 to 10000"),
    ("wasm_filter_trace_batch_count", "\u0665", "='\u0665': must be a whole number from 1 to 10000"),
    ("wasm_filter_trace_sample_rate", "10%", "='10%': must be a number from 0 to 1"),
    ("wasm_filter_trace_sample_rate", -1e-300, "=-1e-300: must be a number from 0 to 1"),
    ("wasm_filter_trace_sample_rate", float("nan"), "=nan: must be a number from 0 to 1"),
    (
        "wasm_filter_trace_backend_path",
        "publish",
        "='publish': must be a path that begins with /, of at most 1024 ASCII characters without spaces",
    ),
    (
        "wasm_filter_redact_query",
        "token",
        "='token': must be a list of at most 64, each a query parameter's name such as token, where * stands for any "
        "text (x-amz-*), or -code to take it from the default list, such as "
        """-e '{"wasm_filter_redact_query": ["customer"]}'""",
    ),
    (
        "wasm_filter_trace_include",
        "GET",
        "='GET': must be a map of methods, paths, hosts, statuses, such as "
        """-e '{"wasm_filter_trace_include": {"methods": ["GET"], "statuses": ["5xx"]}}'""",
    ),
    (
        "wasm_filter_trace_include",
        {"methods": ["GET", "a b"]},
        ".methods[1]='a b': must be one method such as GET, in upper or lower case",
    ),
    (
        "wasm_filter_trace_include",
        {"method": ["GET"]},
        ".method=(not shown): there is no such setting; did you mean methods?",
    ),
    (
        "wasm_filter_trace_include",
        {"zzz": 1},
        ".zzz=(not shown): there is only: methods, paths, hosts, statuses",
    ),
    (
        HEADERS,
        "hunter2",
        "=(not shown): must be a map of at most 16 header names to values, such as "
        """-e '{"wasm_filter_trace_backend_headers": {"x-token": "..."}}'""",
    ),
    (HEADERS, [["x", "hunter2"]], "=(not shown): must be a map"),
    (HEADERS, {str(number): "hunter2" for number in range(17)}, "=(not shown): must be a map of at most 16"),
    (HEADERS, {"a": "b", "x hunter2": "c"}, " (entry 2, name)=(not shown): must be 1 to 256 of the characters"),
    (HEADERS, {"Host": "hunter2"}, " (entry 1, name)=(not shown): must be none of connection, content-length, "),
    (HEADERS, {"x": "hunter2\n"}, " (entry 1, value)=(not shown): must be text of at most 1024 ASCII characters"),
    (HEADERS, {"x": ["hunter2"]}, " (entry 1, value)=(not shown): must be text"),
    (HEADERS, {f"x-{n}": "hunter2" * 100 for n in range(16)}, f"=(not shown): must have at most {HEADERS_BYTES_MAX}"),
]


@pytest.mark.parametrize(("variable", "value", "said"), REFUSED)
def test_a_refusal_names_the_variable_its_value_and_what_would_be_right(variable: str, value: Any, said: str) -> None:
    (error,) = wrong_settings({variable: value, "wasm_filter_heartbeat_seconds": 5})
    assert str(error).startswith(variable + said)
    assert "hunter2" not in str(error)


def test_all_that_is_wrong_is_told() -> None:
    wrong = {"wasm_filter_bodies": "yes", "wasm_filter_trace_exclude": {"hosts": [""], "paths": "x"}}
    assert [error.variable for error in wrong_settings(wrong)] == [
        "wasm_filter_trace_exclude.paths",
        "wasm_filter_trace_exclude.hosts[0]",
        "wasm_filter_bodies",
    ]


def test_lists_that_are_too_long_together_are_told_by_the_longest() -> None:
    (error,) = wrong_settings(
        {"wasm_filter_trace_exclude": {"paths": ["/" + "x" * 1000] * 16}, "wasm_filter_redact_query": ["a"]}
    )
    assert re.fullmatch(
        rf"wasm_filter_trace_exclude=\(16\d\d\d bytes\): makes the plugin configuration \d+ bytes long; "
        rf"the filter takes {BYTES_MAX}",
        str(error),
    )


@given(st.sampled_from(sorted(VARIABLES)), anything)
def test_whatever_is_given_is_taken_or_refused_and_only_what_fits_goes_on(variable: str, value: Any) -> None:
    told = wrong_settings({variable: value})
    fits = not list(faults(schema(), from_settings({variable: value})))
    assert fits == (told == [])
    assert all(error.variable.startswith(variable) for error in told)


WHOLE = "wasm_filter_plugin_configuration"


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ("hunter2", [f"{WHOLE}=(not shown): must be a map of revision, name, "]),
        ({"backend": "hunter2"}, [f"{WHOLE}.backend=(not shown): must be a map of cluster, "]),
        ({"backend": {"timeout_ms": 0}}, [f"{WHOLE}.backend.timeout_ms=0: must be a whole number from 1 to 60000"]),
        # What is given as a whole goes as it is.
        ({"backend": {"timeout_ms": "5"}}, [f"{WHOLE}.backend.timeout_ms='5': must be a whole number"]),
        ({"backend": {"header": "hunter2"}}, [f"{WHOLE}.backend.header=(not shown): there is no such setting"]),
        ({"backend": {"headers": "hunter2"}}, [f"{WHOLE}.backend.headers=(not shown): must be a list of at most 16"]),
        ({"backend": {"headers": [["hunter2"]]}}, [f"{WHOLE}.backend.headers[0]=(not shown): must be a pair of"]),
        ({"backend": {"path": "x?key=hunter2"}}, [f"{WHOLE}.backend.path='x?...': must be a path that begins with /"]),
        ({"backend": {"path": "http://me:hunter2@x/"}}, [f"{WHOLE}.backend.path='...': must be a path that begins"]),
        ({"revision": "A", "name": "_"}, [f"{WHOLE}.revision='A': must be ten hex", f"{WHOLE}.name='_': must be a "]),
        ({}, []),
        ({"backend": {"headers": [["x-token", "hunter2"]]}, "bodies": "off"}, []),
    ],
)
def test_a_configuration_that_is_given_as_a_whole(configuration: Any, said: list[str]) -> None:
    errors = [str(error) for error in wrong_configuration(configuration)]
    assert len(errors) == len(said)
    for error, begin in zip(errors, said, strict=True):
        assert error.startswith(begin)
        assert "hunter2" not in error


@pytest.mark.parametrize("given", ["hunter2", ["hunter2"], 5])
def test_of_a_foreign_filter_it_has_to_be_a_map_and_no_more(given: Any) -> None:
    (error,) = wrong_configuration(given, ours=False)
    assert str(error) == f"{WHOLE}=(not shown): must be a map"
    assert wrong_configuration({"bodies": "whatever"}, ours=False) == []


@pytest.mark.parametrize(("given", "written"), [(5, {}), ("5", {}), (6, {"new": 6}), (True, {"new": True})])
def test_a_new_setting_at_its_default_leaves_a_configuration_as_it_was(
    given: Any, written: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Setting(("new",), {"type": "integer", "minimum": 1, "maximum": 9, "default": 5, "x-variable": "v"})
    monkeypatch.setattr(declaration, "by_variable", lambda: {"v": new})
    assert from_settings({"v": given}) == written


def test_what_is_computed_completes_it() -> None:
    given = {name: DEFAULTS[name] for name in VARIABLES if "{{" not in str(DEFAULTS[name])}
    found = completed(given, "0123456789", "trace", BACKEND, None)
    assert (found["revision"], found["name"], found["backend"]["cluster"]) == ("0123456789", "trace", "c")
    assert found["backend"]["authority"] == "a:1"
    assert "hosts_from" not in found
    assert list(faults(schema(), found)) == []


def test_the_host_header_can_be_another_than_the_backends() -> None:
    given = {"wasm_filter_trace_backend_authority": "x", "wasm_filter_trace_sampling_authority": ""}
    found = completed(given, "0123456789", "trace", BACKEND, {"cluster": "d", "authority": "a:2"})
    assert found["backend"] == {"cluster": "c", "authority": "x"}
    assert found["hosts_from"] == {"cluster": "d", "authority": "a:2"}


def test_the_role_gets_it_by_a_filter() -> None:
    assert FilterModule().filters()["plugin_configuration"] is completed
