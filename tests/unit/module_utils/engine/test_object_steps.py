# SPDX-License-Identifier: Apache-2.0
"""The objects of a delivery, step by step, against a simulated API server."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import Delivery
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import object_steps
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.object_steps import (
    CONFLICTS_MAX,
    StepsState,
)

from tests.simulation.api_server import ApiServer
from tests.simulation.resources import RESOURCES, Place
from tests.simulation.values import Object
from tests.unit.driving import answer, drive, names, objects_of, writes
from tests.unit.faults import Fault
from tests.unit.objects import NAMES, R1, R2, binary, delivery, namespace

FILTERS = RESOURCES["EnvoyFilter"].path("shop")


def server(*objects: Object, dry_run: bool = False) -> ApiServer:
    return ApiServer(namespace("shop"), *objects, dry_run=dry_run)


def carried_out(api: ApiServer, wanted: Delivery, objects: NamespaceObjects) -> StepsState:
    begun = object_steps.begin(NAMES, wanted.steps_before("shop", objects), 0.0)
    return drive(api, begun, lambda state, message: object_steps.advance(state, message, 0.0))


def ensured(api: ApiServer, wanted: Delivery) -> StepsState:
    return carried_out(api, wanted, objects_of(api))


def held(api: ApiServer, kind: str, name: str) -> Object:
    found = api.store.get(Place(RESOURCES[kind], "shop", name))
    assert found is not None
    return found


def foreign(entry: Object, **labels: str) -> Object:
    return {**entry, "metadata": {**entry["metadata"], "labels": labels}}


def envoy_filter(wanted: Delivery) -> Object:
    return wanted.release.envoy_filter("shop", wanted.envoy_filter_name)


def test_the_first_time_both_are_created_the_config_map_first() -> None:
    api = server()
    done = ensured(api, delivery())
    assert (done.before, done.failure) == ({}, None)
    assert set(done.after) == {f"ConfigMap/wasm-filter-{R1}", "EnvoyFilter"}
    assert [request.rpartition("/")[2] for request in writes(api)] == ["configmaps", "envoyfilters"]
    assert done.written == (f"ConfigMap/wasm-filter-{R1}", f"EnvoyFilter/trace-filter-{R1}")
    assert {change.by for change in api.store.history[1:]} == {NAMES.field_manager}
    assert binary().sha256 in done.after[f"ConfigMap/wasm-filter-{R1}"]


def test_again_writes_nothing() -> None:
    api = server()
    ensured(api, delivery())
    done = ensured(api, delivery())
    assert (done.before, done.after, done.written) == ({}, {}, ())
    assert api.requests == []


def test_the_next_revision_stands_beside_the_first_and_the_diff_is_against_it() -> None:
    api = server()
    ensured(api, delivery(R1))
    done = ensured(api, delivery(R2))
    assert list(done.before["EnvoyFilter"]) == [f"trace-filter-{R1}"]
    assert list(done.after["EnvoyFilter"]) == [f"trace-filter-{R2}"]
    assert names(api, "EnvoyFilter") == [f"trace-filter-{R1}", f"trace-filter-{R2}"]


def test_inline_is_one_object_updated_in_place() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))
    uid = held(api, "EnvoyFilter", "trace-filter")["metadata"]["uid"]
    ensured(api, delivery(R2, "inline"))
    found = held(api, "EnvoyFilter", "trace-filter")
    assert names(api, "EnvoyFilter") == ["trace-filter"]
    assert found["metadata"]["uid"] == uid
    assert found["metadata"]["labels"] == NAMES.labels(R2)
    assert found["spec"] == envoy_filter(delivery(R2, "inline"))["spec"]
    assert names(api, "ConfigMap") == [f"wasm-filter-{R1}", f"wasm-filter-{R2}"]


def test_what_somebody_changed_is_put_right_and_their_labels_stay() -> None:
    api = server()
    ensured(api, delivery())
    meddled = {"spec": {"priority": 7}, "metadata": {"labels": {"theirs": "x"}}}
    api.merge_patch(f"{FILTERS}/trace-filter-{R1}", meddled, "them")
    done = ensured(api, delivery())
    found = held(api, "EnvoyFilter", f"trace-filter-{R1}")
    assert "EnvoyFilter" in done.after
    assert found["spec"] == envoy_filter(delivery())["spec"]
    assert found["metadata"]["labels"] == {**NAMES.labels(R1), "theirs": "x"}


DELIVERIES = [("configmap", "inline"), ("inline", "configmap")]


@pytest.mark.parametrize(("first", "then"), DELIVERIES)
def test_the_slot_of_the_other_delivery_goes_before_ours_comes(first: str, then: str) -> None:
    api = server()
    ensured(api, delivery(R1, first))
    done = ensured(api, delivery(R2, then))
    asked = [request.rpartition(" ")[0] for request in api.requests if "envoyfilters" in request]
    assert asked == ["REHEARSE CREATE", "DELETE", "CREATE"]
    assert names(api, "EnvoyFilter") == [delivery(R2, then).envoy_filter_name]
    assert done.gone == (f"EnvoyFilter/{delivery(R1, first).envoy_filter_name}",)


@pytest.mark.parametrize(("first", "then"), DELIVERIES)
def test_the_filter_of_the_other_delivery_stays_where_ours_would_be_foreign(first: str, then: str) -> None:
    api = server()
    ensured(api, delivery(R1, first))
    had = held(api, "EnvoyFilter", delivery(R1, first).envoy_filter_name)
    theirs = foreign(envoy_filter(delivery(R2, then)), app="theirs")
    api.seed(theirs)
    done = ensured(api, delivery(R2, then))
    assert done.failure is not None
    assert done.failure[0] == Reason.FOREIGN_OBJECT
    assert f"EnvoyFilter/{theirs['metadata']['name']} exists and is not ours" in done.failure[1]
    assert held(api, "EnvoyFilter", had["metadata"]["name"]) == had
    assert held(api, "EnvoyFilter", theirs["metadata"]["name"])["metadata"]["labels"] == {"app": "theirs"}


def test_the_filter_of_the_other_delivery_stays_where_ours_is_refused() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))

    def refuse(_operation: str, _before: Object | None, after: Object) -> Object:
        if after["kind"] == "EnvoyFilter":
            raise api_error("post", 422, "no such thing here")
        return after

    api.admission.append(refuse)
    done = ensured(api, delivery(R2))
    assert done.failure == (Reason.API_REFUSED, "failed to post: no such thing here (HTTP 422)")
    assert names(api, "EnvoyFilter") == ["trace-filter"]
    # What was done before is known.
    assert set(done.after) == {f"ConfigMap/wasm-filter-{R2}"}


def test_another_run_that_changes_the_delivery_too_is_no_failure() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))
    read_before = objects_of(api)
    ensured(api, delivery(R2))
    done = carried_out(api, delivery(R2), read_before)
    assert done.failure is None
    assert names(api, "EnvoyFilter") == [f"trace-filter-{R2}"]


def test_what_is_there_already_is_not_rehearsed() -> None:
    api = server()
    ensured(api, delivery(R1))
    api.seed(envoy_filter(delivery(R1, "inline")))
    ensured(api, delivery(R1))
    assert [request.partition(" ")[0] for request in api.requests] == ["DELETE"]


@pytest.mark.parametrize("labels", [{}, {**NAMES.labels(R1), "wasm-filters.openclarity.io/filter": "other"}])
def test_an_object_of_somebody_else_is_left_alone(labels: dict[str, str]) -> None:
    for entry in (delivery().release.config_map("shop", "x"), envoy_filter(delivery())):
        api = server(foreign(entry, **labels))
        done = ensured(api, delivery())
        name = entry["metadata"]["name"]
        assert done.failure is not None
        assert done.failure[0] == Reason.FOREIGN_OBJECT
        assert f"{entry['kind']}/{name} exists and is not ours" in done.failure[1]
        assert (held(api, entry["kind"], name)["metadata"].get("labels") or {}) == labels


def test_another_run_that_was_faster_is_no_failure() -> None:
    api = server()
    read_before = objects_of(api)
    ensured(api, delivery())
    done = carried_out(api, delivery(), read_before)
    assert (done.before, done.after, done.failure) == ({}, {}, None)


def test_a_refusal_is_passed_on_and_what_comes_after_is_not_done() -> None:
    api = server()
    api.gates.append(Fault("CREATE .*configmaps", 403))
    done = ensured(api, delivery())
    assert done.failure is not None
    assert done.failure[0] == Reason.API_REFUSED
    assert "HTTP 403" in done.failure[1]
    assert names(api, "EnvoyFilter") == []


def test_check_mode_changes_nothing_and_says_the_same() -> None:
    dry = server(dry_run=True)
    done, real = ensured(dry, delivery()), ensured(server(), delivery())
    assert (done.before, done.after, done.written) == (real.before, real.after, real.written)
    assert names(dry, "EnvoyFilter") == names(dry, "ConfigMap") == []


def lost(api: ApiServer, state: StepsState, request: Any) -> tuple[StepsState, list[Any]]:
    """The server does it, the answer is lost, and what is sent again meets what is there."""
    answer(api, request)
    return object_steps.advance(state, answer(api, request, resent=True), 0.0)


def test_what_was_created_though_its_answer_was_lost_counts_as_ours() -> None:
    api = server()
    state, (send,) = object_steps.begin(NAMES, delivery().steps_before("shop", NamespaceObjects()), 0.0)
    step = lost(api, state, send.request)
    done = drive(api, step, lambda found, message: object_steps.advance(found, message, 0.0))
    assert done.written == (f"ConfigMap/wasm-filter-{R1}", f"EnvoyFilter/trace-filter-{R1}")
    assert f"ConfigMap/wasm-filter-{R1}" in done.after


def test_what_somebody_changed_meanwhile_is_read_again() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))

    def meddle() -> None:
        api.merge_patch(f"{FILTERS}/trace-filter", {"metadata": {"labels": {"theirs": "x"}}}, "them")

    api.gates.append(Fault("REPLACE", None, times=1, meanwhile=meddle))
    ensured(api, delivery(R2, "inline"))
    assert held(api, "EnvoyFilter", "trace-filter")["metadata"]["labels"] == {**NAMES.labels(R2), "theirs": "x"}


def test_what_was_deleted_meanwhile_is_created() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))
    api.gates.append(Fault("REPLACE", None, times=1, meanwhile=lambda: api.delete(f"{FILTERS}/trace-filter")))
    done = ensured(api, delivery(R2, "inline"))
    assert done.failure is None
    assert held(api, "EnvoyFilter", "trace-filter")["metadata"]["labels"] == NAMES.labels(R2)


def test_conflicts_without_end_end() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))
    api.gates.append(Fault("REPLACE", 409))
    done = ensured(api, delivery(R2, "inline"))
    assert done.failure is not None
    assert done.failure[0] == Reason.API_REFUSED
    assert len([one for one in api.requests if one.startswith("REPLACE")]) == CONFLICTS_MAX + 1


def test_conflicts_of_one_object_do_not_count_against_the_next() -> None:
    api = server()
    for kind in ("configmaps", "envoyfilters"):
        api.gates.append(Fault(f"CREATE .*{kind}", 409, times=CONFLICTS_MAX))
    assert ensured(api, delivery()).failure is None
    assert names(api, "ConfigMap") + names(api, "EnvoyFilter") == [f"wasm-filter-{R1}", f"trace-filter-{R1}"]


def test_a_delete_of_what_is_gone_is_done() -> None:
    api = server()
    ensured(api, delivery(R1, "inline"))
    objects = objects_of(api)
    api.delete(f"{FILTERS}/trace-filter")
    done = carried_out(api, delivery(R2), objects)
    assert done.failure is None
    assert names(api, "EnvoyFilter") == [f"trace-filter-{R2}"]


def test_nothing_to_do_is_finished_at_once() -> None:
    state, sends = object_steps.begin(NAMES, [], 0.0)
    assert (state.finished, sends) == (True, [])
