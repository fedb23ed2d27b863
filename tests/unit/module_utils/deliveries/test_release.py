# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import (
    envoy_filter_in,
    fill_inline_bytes,
)

from tests.unit.objects import NAMES, R1, binary, release

# What tells our own filter's configuration from any other.
OURS = {"revision": R1, "heartbeat_seconds": 5}
BYTES = base64.b64encode(binary().content).decode()


def local(spec: dict[str, Any]) -> dict[str, Any]:
    config = spec["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
    found: dict[str, Any] = config["vm_config"]["code"]["local"]
    return found


def test_the_config_map_is_named_after_the_revision() -> None:
    assert release(R1, "configmap").config_map_name == release(R1, "inline").config_map_name == f"wasm-filter-{R1}"


def test_the_selector_is_the_users_without_our_own_label() -> None:
    assert release(R1, "configmap").selector == release(R1, "inline").selector == {}
    one = release()
    one.spec["workloadSelector"]["labels"]["app"] = "web"
    assert one.selector == {"app": "web"}
    assert NAMES.pod_label in one.spec["workloadSelector"]["labels"]


def test_the_config_map_holds_the_revision_whole_and_can_not_be_changed() -> None:
    one = replace(release(), created="2026-01-01T00:00:00Z")
    found = one.config_map("shop", "some-filter")
    assert found["immutable"] is True
    assert base64.b64decode(found["binaryData"]["filter.wasm"]) == binary().content
    assert found["metadata"]["annotations"] == {
        "wasm-filters.openclarity.io/sha256": binary().sha256,
        "wasm-filters.openclarity.io/time": "2026-01-01T00:00:00Z",
    }
    kept = json.loads(found["data"]["envoyfilter.json"])
    assert kept == one.envoy_filter("shop", "some-filter")
    assert kept["metadata"]["name"] == "some-filter"
    assert found["metadata"]["labels"] == kept["metadata"]["labels"] == NAMES.labels(R1)


def test_inline_bytes_are_filled_in_on_the_way_to_the_api_server_only() -> None:
    one = release(R1, "inline")
    assert local(one.envoy_filter("shop", "trace-filter")["spec"]) == {"inline_bytes": BYTES}
    kept = json.loads(one.config_map("shop", "trace-filter")["data"]["envoyfilter.json"])
    assert local(kept["spec"]) == {"inline_bytes": f"sha256:{binary().sha256}"}
    assert local(one.spec) == {"inline_bytes": f"sha256:{binary().sha256}"}


def test_only_a_reference_to_this_binary_is_filled() -> None:
    reference = f"sha256:{binary().sha256}"
    other = {"inline_bytes": "sha256:" + "0" * 64, "name": reference, "list": [{"inline_bytes": reference}, 1, None]}
    before = copy.deepcopy(other)
    assert fill_inline_bytes(other, binary()) == {**other, "list": [{"inline_bytes": BYTES}, 1, None]}
    assert other == before


def test_a_config_map_gives_its_envoy_filter_back_with_the_bytes() -> None:
    found = release(R1, "inline")
    name = NAMES.envoy_filter(None)
    config_map = found.config_map("shop", name)
    assert envoy_filter_in(config_map, name) == found.envoy_filter("shop", name)
    assert envoy_filter_in(config_map, NAMES.envoy_filter(R1)) is None, "of another delivery"
    for broken in ({}, {**config_map, "data": {}}, {**config_map, "binaryData": {"filter.wasm": "!"}}):
        assert envoy_filter_in(broken, name) is None
