# SPDX-License-Identifier: Apache-2.0
"""What is shown of an EnvoyFilter and of a workload's volumes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.redacted import (
    entries_of,
    redacted_for_diff,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.objects import R1, release

# What tells our own filter's configuration from any other.
OURS = {"revision": R1, "heartbeat_seconds": 5}


def local(spec: dict[str, Any]) -> dict[str, Any]:
    config = spec["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
    found: dict[str, Any] = config["vm_config"]["code"]["local"]
    return found


def secret_spec(configuration: Any) -> dict[str, Any]:
    spec = release(R1, "inline").spec
    config = spec["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
    config["configuration"]["value"] = configuration
    config["capability_restriction_config"] = {"allowed_capabilities": {"b": {}, "a": {}}}
    return spec


def test_a_diff_shows_no_token_and_no_bytes() -> None:
    spec = secret_spec(json.dumps({**OURS, "backend": {"headers": [["authorization", "Bearer s3cret"]], "path": "/p"}}))
    local(spec)["inline_bytes"] = "QUJD" * 1000
    before = copy.deepcopy(spec)
    shown = json.dumps(redacted_for_diff(spec))
    assert "s3cret" not in shown
    assert "QUJD" not in shown
    assert "4000 characters" in shown
    assert "authorization" in shown
    assert "/p" in shown
    assert '"a, b"' in shown
    assert spec == before


def shown_of(value: object) -> object:
    spec = secret_spec("")
    spec["configPatches"][0]["patch"]["value"]["typed_config"]["config"]["configuration"] = value
    return redacted_for_diff(spec)["configPatches"][0]["patch"]["value"]["typed_config"]["config"]["configuration"]


def test_of_a_foreign_configuration_only_names_are_shown() -> None:
    hidden = "********"
    for text, expected in (
        (
            '{"api_key": "s3cret", "keys": [{"of": "s3cret"}], "backend": {"headers": [["a", "s3cret"]]}}',
            {"api_key": hidden, "keys": [{"of": hidden}], "backend": {"headers": [[hidden, hidden]]}},
        ),
        ("s3cret", hidden),
        ("[5]", [hidden]),
        ('"s3cret"', hidden),
        ("", ""),
    ):
        assert shown_of({"value": text}) == {"value": expected}
    # A google.protobuf.Struct, as a template of the user's own may have it.
    assert shown_of({"@type": "Struct", "value": {"api_key": "s3cret"}}) == {
        "@type": "Struct",
        "value": {"api_key": hidden},
    }
    assert shown_of(None) is None


def test_a_diff_of_any_envoy_filter() -> None:
    for spec in ({}, {"configPatches": None}, {"configPatches": [{}, {"patch": None}, {"patch": {"value": {"a": 1}}}]}):
        assert redacted_for_diff(spec) == spec


def test_two_revisions_differ_in_the_diff() -> None:
    assert shown_of({"value": json.dumps({**OURS, "a": 1})}) != shown_of({"value": json.dumps({**OURS, "a": 2})})


def test_headers_of_another_form_are_hidden_whole() -> None:
    for headers in ({"authorization": "s3cret"}, "s3cret", ["s3cret"], 5):
        shown = redacted_for_diff(secret_spec(json.dumps({**OURS, "backend": {"headers": headers}, "a": 1})))
        config = shown["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
        assert config["configuration"]["value"] == {**OURS, "backend": {"headers": "********"}, "a": 1}


SECRET = "s3cret"
WASM = {"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"}


@pytest.mark.parametrize(
    "value",
    [
        {"typedConfig": {**WASM, "config": {"configuration": {"value": '{"api_key": "s3cret"}'}}}},
        {"typed_config": {**WASM, "config": {"vm_config": {"configuration": {"value": SECRET}}}}},
        {"typed_config": {**WASM, "config": {"vmConfig": {"environmentVariables": {"keyValues": {"KEY": SECRET}}}}}},
        {"typed_config": {**WASM, "config": {"vm_config": {"environment_variables": {"key_values": {"KEY": SECRET}}}}}},
        {
            "typed_config": {
                **WASM,
                "config": {"vm_config": {"code": {"remote": {"http_uri": {"uri": f"https://a:{SECRET}@b"}}}}},
            }
        },
        {"typed_config": {"@type": "Lua", "inlineCode": f"local key = '{SECRET}'"}},
        {"typed_config": {"@type": "Lua", "default_source_code": {"inline_string": SECRET}}},
        {"typed_config": {"value": {"headers": [{"key": "authorization", "value": SECRET}]}}},
        {"typed_config": {**WASM, "config": {"configuration": {"name": SECRET, "type": [SECRET]}}}},
        {"typed_config": {**WASM, "config": {"configuration": {"@type": "Struct", "value": {"name": SECRET}}}}},
        {"name": [SECRET], "typed_config": {"password": SECRET}, "tokens": [SECRET, [SECRET]]},
        SECRET,
        [SECRET],
    ],
)
def test_of_what_is_not_ours_no_text_is_shown(value: Any) -> None:
    patch = {"applyTo": "HTTP_FILTER", "match": {"context": "ANY"}, "patch": {"operation": "ADD", "value": value}}
    shown = redacted_for_diff({"configPatches": [patch]})["configPatches"][0]
    assert SECRET not in json.dumps(shown)
    assert (shown["applyTo"], shown["match"], shown["patch"]["operation"]) == ("HTTP_FILTER", {"context": "ANY"}, "ADD")


def test_names_in_what_is_not_ours_are_shown() -> None:
    configuration = {"value": '{"api_key": "s3cret", "list": [1]}'}
    value = {"typedConfig": {"config": {"configuration": configuration}, "secrets": {"password": SECRET}}}
    shown = redacted_for_diff({"configPatches": [{"patch": {"value": value}}]})["configPatches"][0]["patch"]["value"]
    hidden = "********"
    assert shown["typedConfig"]["config"]["configuration"]["value"] == {"api_key": hidden, "list": [hidden]}
    assert shown["typedConfig"]["secrets"] == {"password": hidden}


def test_what_the_roles_template_writes_is_shown() -> None:
    value = {
        "name": "slot",
        "config_discovery": {"config_source": {"ads": {}, "initial_fetch_timeout": "2s"}, "type_urls": ["a", "b"]},
        "typed_config": {"config": {"root_id": "trace", "failure_policy": "FAIL_RELOAD", "fail_open": True}},
        "load_assignment": {"endpoints": [{"address": {"socket_address": {"address": "a.example", "port_value": 1}}}]},
    }
    spec = {"priority": 1, "configPatches": [{"patch": {"value": value}}], "workloadSelector": {"labels": {"a": "b"}}}
    assert redacted_for_diff(spec) == spec
    reference = {"configPatches": [{"patch": {"value": {"inline_bytes": "sha256:00"}}}]}
    assert redacted_for_diff(reference) == reference


def test_a_query_is_not_shown() -> None:
    text = json.dumps({**OURS, "backend": {"path": "/p?key=s3cret"}, "hosts_from": {"path": "/h?s3cret", "seconds": 1}})
    assert shown_of({"value": text}) == {
        "value": {**OURS, "backend": {"path": "/p?..."}, "hosts_from": {"path": "/h?...", "seconds": 1}}
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_diff_of_whatever_a_template_makes(value: Any) -> None:
    for spec in (value, {"configPatches": value}, {"configPatches": [{"patch": {"value": value}}]}):
        before = copy.deepcopy(spec)
        redacted_for_diff(spec)
        assert spec == before


OUR_ENTRY = {"name": "ours", "configMap": {"name": "wasm-filter-0000000001", "optional": True}}


def test_of_the_volumes_of_an_application_only_names_are_shown() -> None:
    csi = {"csi": {"driver": "d", "volumeAttributes": {"password": SECRET}}}
    hidden = {"csi": {"driver": "********", "volumeAttributes": {"password": "********"}}}
    for text, expected in (
        (json.dumps([{"name": "mine", **csi}, OUR_ENTRY]), [{"name": "mine", **hidden}, OUR_ENTRY]),
        (json.dumps({"mine": csi, "ours": OUR_ENTRY}), {"mine": hidden, "ours": OUR_ENTRY}),
        ("null", None),
        ("", None),
        ("[5]", ["********"]),
    ):
        assert json.loads(entries_of(text, {"ours"})) == expected
    for text in (SECRET, f'"{SECRET}"', "[" * 100_000):
        assert entries_of(text, {"ours"}) == "********"


def test_no_number_of_an_environment_is_shown_whatever_its_spelling() -> None:
    for name, inner in (("environmentVariables", "keyValues"), ("environment_variables", "key_values")):
        value = {"vmConfig": {name: {inner: {"PIN": 1234}}}}
        shown = redacted_for_diff({"configPatches": [{"patch": {"value": value}}]})
        assert shown == {"configPatches": [{"patch": {"value": {"vmConfig": {name: {inner: {"PIN": "********"}}}}}}]}
