# SPDX-License-Identifier: Apache-2.0
"""An EnvoyFilter goes back to what a ConfigMap has, and objects to what they were, against a simulated API server."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.going_back import undone
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.previous import Previous, gone
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import object_steps
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.object_steps import StepsState

from tests.simulation import writes
from tests.simulation.api_server import ApiServer
from tests.simulation.resources import RESOURCES
from tests.simulation.values import Object
from tests.unit.driving import drive, names, objects_of
from tests.unit.module_utils.engine.test_object_steps import ensured, envoy_filter, held, server
from tests.unit.objects import NAMES, R1, R2, delivery


def inline_back(api: ApiServer, *revisions: str) -> StepsState:
    """Deployed inline, one after the other; then one back."""
    for revision in revisions:
        ensured(api, delivery(revision, "inline"))
    objects = objects_of(api)
    steps = Previous(NAMES).bound(objects, []).steps_before("shop", objects)
    begun = object_steps.begin(NAMES, steps, 0.0)
    return drive(api, begun, lambda state, message: object_steps.advance(state, message, 0.0))


def test_an_envoy_filter_goes_back_to_what_a_config_map_has() -> None:
    api = server()
    done = inline_back(api, R1, R2)
    assert done.failure is None and done.written == ("EnvoyFilter/trace-filter",)
    found = held(api, "EnvoyFilter", "trace-filter")
    wanted = envoy_filter(delivery(R1, "inline"))
    assert (found["spec"], found["metadata"]["labels"]) == (wanted["spec"], wanted["metadata"]["labels"])
    assert found["metadata"]["annotations"] == {NAMES.previous_annotation: "none", NAMES.back_from_annotation: R2}
    objects = objects_of(api)
    assert Previous(NAMES).bound(objects, []).steps_before("shop", objects) == []
    ensured(api, delivery(R2, "inline"))
    assert NAMES.back_from_annotation not in held(api, "EnvoyFilter", "trace-filter")["metadata"]["annotations"]


def test_a_revision_whose_config_map_is_gone_or_that_was_none_is_said() -> None:
    api = server()
    for revision in (R1, R2):
        ensured(api, delivery(revision, "inline"))
    api.delete(f"{RESOURCES['ConfigMap'].path('shop')}/{NAMES.config_map(R1)}")
    assert inline_back(api).failure == (Reason.NO_REVISION, gone(R1))
    assert inline_back(server(), R1).failure == (Reason.NO_REVISION, gone("none"))


def test_what_was_done_is_remembered_with_what_was_there_before() -> None:
    api = server()
    first = ensured(api, delivery(R1, "inline"))
    assert [(step.label, step.found) for step in first.done] == [
        (f"ConfigMap/wasm-filter-{R1}", None),
        ("EnvoyFilter/trace-filter", None),
    ]
    before = held(api, "EnvoyFilter", "trace-filter")
    second = ensured(api, delivery(R2, "inline"))
    assert second.done[-1].found is not None and second.done[-1].found["spec"] == before["spec"]
    back = object_steps.begin(NAMES, undone(second.done), 0.0)
    drive(api, back, lambda state, message: object_steps.advance(state, message, 0.0))
    found = held(api, "EnvoyFilter", "trace-filter")
    assert (found["spec"], found["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])
    assert names(api, "ConfigMap") == [f"wasm-filter-{R1}"]


def test_what_another_was_faster_with_goes_before_the_other_deliverys_comes_back() -> None:
    api = server()
    ensured(api, delivery(R1))

    def faster(path: str, body: Object) -> None:
        if path.endswith("envoyfilters") and not held_names(api):
            entry = {**body, "metadata": {**body["metadata"], "namespace": "shop"}}
            api.store.put(writes.created(api.store, entry, "another run"), "another run")

    api.creating.append(faster)
    done = ensured(api, delivery(R2, "inline"))
    api.creating.clear()
    assert held_names(api) == ["trace-filter"] and "EnvoyFilter/trace-filter" not in done.written
    back = object_steps.begin(NAMES, undone(done.done), 0.0)
    drive(api, back, lambda state, message: object_steps.advance(state, message, 0.0))
    assert held_names(api) == [f"trace-filter-{R1}"]


def held_names(api: ApiServer) -> list[str]:
    return [entry["metadata"]["name"] for entry in api.store.collection(RESOURCES["EnvoyFilter"], "shop")]
