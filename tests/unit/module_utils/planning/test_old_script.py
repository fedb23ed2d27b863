# SPDX-License-Identifier: Apache-2.0
"""What the old script leaves, by its own words."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.old_script import Leftovers, leftovers

from tests.unit.objects import MOUNT, VOLUME, kind_of, release, workload


def envoy_filter(namespace: str = "shop", name: str = "trace-filter") -> dict[str, Any]:
    """As its envoyFilter.yaml has it."""
    code = {"local": {"filename": "/var/local/lib/wasm-filters/http-trace-filter.wasm"}}
    value = {"config": {"name": "trace-outbound-filter", "vmConfig": {"code": code}}}
    patch = {
        "applyTo": "HTTP_FILTER",
        "patch": {"operation": "INSERT_BEFORE", "value": {"typedConfig": {"value": value}}},
    }
    metadata = {"name": name, "namespace": namespace, "labels": {"workload-type": "pod"}}
    return {"metadata": metadata, "spec": {"configPatches": [patch]}}


def patched(config_map: str = "wasm-filter", **more: Any) -> dict[str, Any]:
    """As its `kubectl patch` leaves a workload."""
    annotations = {
        VOLUME: f'[{{"name":"wasmfilters-dir", "configMap": {{"name": "{config_map}"}}}}]',
        MOUNT: '[{"mountPath":"/var/local/lib/wasm-filters","name":"wasmfilters-dir"}]',
    }
    return workload(annotations=annotations, **more)


def test_its_filter_and_its_volumes() -> None:
    web, data = patched(), patched(name="data", kind="StatefulSet")
    found = leftovers([envoy_filter()], {"shop": [(kind_of(web), web), (kind_of(data), data)]})
    assert found == {"shop": Leftovers(["trace-filter"], ["Deployment/web", "StatefulSet/data"], {"wasm-filter"})}


def test_whatever_it_is_called() -> None:
    web = patched("mine")
    found = leftovers([envoy_filter(name="mine")], {"shop": [(kind_of(web), web)]})
    assert (found["shop"].envoy_filters, found["shop"].config_maps) == (["mine"], {"mine"})


def test_what_is_left_of_the_volumes_alone() -> None:
    web = patched()
    web["spec"]["template"]["metadata"]["annotations"][VOLUME] = "not JSON"
    found = leftovers([], {"shop": [(kind_of(web), web)]})
    assert found == {"shop": Leftovers([], ["Deployment/web"], set())}


def test_neither_ours_nor_anybody_elses() -> None:
    web = workload(annotations={MOUNT: '[{"name":"x","mountPath":"/x"}]'})
    lua = {"metadata": {"name": "lua", "namespace": "shop"}, "spec": {"configPatches": []}}
    ours = release().envoy_filter("shop", "trace-filter")
    assert leftovers([lua, ours], {"shop": [(kind_of(web), web)]}) == {}
