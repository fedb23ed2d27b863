# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import (
    CONFIG_MAPS,
    ENVOY_FILTERS,
    ObjectStep,
    StepAction,
    collection,
    delete_envoy_filter,
    delete_step,
    revision_label,
)

from tests.unit.objects import NAMES, R1, release


def test_collections() -> None:
    assert collection(("/api/v1", "pods"), "shop") == "/api/v1/namespaces/shop/pods"
    assert collection(("/api/v1", "pods")) == "/api/v1/pods"
    assert collection(ENVOY_FILTERS, "shop") == "/apis/networking.istio.io/v1alpha3/namespaces/shop/envoyfilters"


def test_a_step_knows_its_object() -> None:
    step = ObjectStep(StepAction.ENSURE, "ConfigMap", collection(CONFIG_MAPS, "shop"), "x")
    assert (step.path, step.label) == ("/api/v1/namespaces/shop/configmaps/x", "ConfigMap/x")


def test_what_is_deleted_is_what_was_read_and_the_diff_says_it_was_there() -> None:
    found = {"metadata": {"name": "x"}}
    step = delete_step(CONFIG_MAPS, "ConfigMap", "shop", found, {"ConfigMap/x": "7 bytes"})
    assert (step.action, step.path, step.found) == (StepAction.DELETE, "/api/v1/namespaces/shop/configmaps/x", found)
    assert (step.before, step.after) == ({"ConfigMap/x": "7 bytes"}, {})


def test_a_deleted_envoy_filter_shows_its_spec_without_tokens() -> None:
    found = release(R1, "inline").envoy_filter("shop", "trace-filter")
    config = found["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]["config"]
    ours = {"revision": R1, "heartbeat_seconds": 5, "backend": {"headers": [["authorization", "s3cret"]]}}
    config["configuration"]["value"] = json.dumps(ours)
    step = delete_envoy_filter("shop", found)
    assert list(step.before) == ["EnvoyFilter/trace-filter"]
    assert "authorization" in str(step.before)
    assert "s3cret" not in str(step.before)


def test_the_revision_of_an_object() -> None:
    assert revision_label({"metadata": {"labels": NAMES.labels(R1)}}) == R1
    for labels in (None, {}, {"app": "x"}):
        assert revision_label({"metadata": {"labels": labels}}) == ""
