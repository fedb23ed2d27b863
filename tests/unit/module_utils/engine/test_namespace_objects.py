from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.snapshot import NamespaceState, take
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import Release
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, Forbidden
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import namespace_objects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace_objects import (
    REVISIONS_KEPT,
    ForeignObject,
    collect_garbage,
    ensure,
)

from tests.unit.fake_api import FakeApi, Fault
from tests.unit.objects import NAMES, R1, R2, binary, release


def read(api: FakeApi) -> NamespaceState:
    with ThreadPoolExecutor(2) as pool:
        return take(api, pool, NAMES, ["shop"], None).namespaces["shop"]


def filled(api: FakeApi, wanted: Release, state: NamespaceState) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    ensure(api, wanted, state, before, after)
    return before, after


def ensured(api: FakeApi, wanted: Release) -> tuple[dict[str, Any], dict[str, Any]]:
    return filled(api, wanted, read(api))


def created(api: FakeApi, *revisions: str) -> None:
    for revision in revisions:
        ensured(api, release(revision))


def test_the_first_time_both_are_created_the_config_map_first() -> None:
    api = FakeApi()
    before, after = ensured(api, release())
    assert before == {}
    assert set(after) == {f"ConfigMap/wasm-filter-{R1}", "EnvoyFilter"}
    assert [request.rpartition("/")[2] for request in api.writes()] == ["configmaps", "envoyfilters"]
    assert api.managers == {NAMES.field_manager}
    assert binary().sha256 in after[f"ConfigMap/wasm-filter-{R1}"]


def test_again_writes_nothing() -> None:
    api = FakeApi()
    ensured(api, release())
    api.requests.clear()
    assert ensured(api, release()) == ({}, {})
    assert api.writes() == []


def test_the_next_revision_stands_beside_the_first_and_the_diff_is_against_it() -> None:
    api = FakeApi()
    created(api, R1)
    before, after = ensured(api, release(R2))
    assert list(before["EnvoyFilter"]) == [f"trace-filter-{R1}"]
    assert list(after["EnvoyFilter"]) == [f"trace-filter-{R2}"]
    assert api.names("EnvoyFilter", "shop") == [f"trace-filter-{R1}", f"trace-filter-{R2}"]


def test_inline_is_one_object_updated_in_place() -> None:
    api = FakeApi()
    ensured(api, release(R1, "inline"))
    uid = api.held("EnvoyFilter", "shop", "trace-filter")["metadata"]["uid"]
    ensured(api, release(R2, "inline"))
    held = api.held("EnvoyFilter", "shop", "trace-filter")
    assert api.names("EnvoyFilter", "shop") == ["trace-filter"]
    assert held["metadata"]["uid"] == uid
    assert held["metadata"]["labels"] == NAMES.labels(R2)
    assert held["spec"] == release(R2, "inline").envoy_filter("shop")["spec"]
    assert api.names("ConfigMap", "shop") == [f"wasm-filter-{R1}", f"wasm-filter-{R2}"]


def test_what_somebody_changed_is_put_right_and_their_labels_stay() -> None:
    api = FakeApi()
    ensured(api, release())

    def meddle(entry: dict[str, Any]) -> None:
        entry["spec"]["priority"] = 7
        entry["metadata"]["labels"]["theirs"] = "x"

    api.touch("EnvoyFilter", "shop", f"trace-filter-{R1}", meddle)
    _before, after = ensured(api, release())
    held = api.held("EnvoyFilter", "shop", f"trace-filter-{R1}")
    assert "EnvoyFilter" in after
    assert held["spec"] == release().envoy_filter("shop")["spec"]
    assert held["metadata"]["labels"] == {**NAMES.labels(R1), "theirs": "x"}


@pytest.mark.parametrize(("first", "then"), [("configmap", "inline"), ("inline", "configmap")])
def test_the_slot_of_the_other_delivery_goes_before_ours_comes(first: str, then: str) -> None:
    api = FakeApi()
    ensured(api, release(R1, first))
    api.requests.clear()
    ensured(api, release(R2, then))
    writes = [request.partition(" ")[0] for request in api.writes() if "envoyfilters" in request]
    assert writes == ["DELETE", "POST"]
    assert api.names("EnvoyFilter", "shop") == [release(R2, then).envoy_filter_name]
    asked = [request.partition(" ")[0] for request in api.requests]
    assert asked.count("REHEARSE") == 1
    assert asked.index("REHEARSE") < asked.index("DELETE")


@pytest.mark.parametrize(("first", "then"), [("configmap", "inline"), ("inline", "configmap")])
def test_the_filter_of_the_other_delivery_stays_where_ours_would_be_foreign(first: str, then: str) -> None:
    api = FakeApi()
    ensured(api, release(R1, first))
    theirs = api.add(foreign(release(R2, then).envoy_filter("shop"), app="theirs"))
    spec = api.held("EnvoyFilter", "shop", release(R1, first).envoy_filter_name)["spec"]
    with pytest.raises(ForeignObject, match=f"EnvoyFilter/{theirs['metadata']['name']} exists and is not ours"):
        ensured(api, release(R2, then))
    assert api.held("EnvoyFilter", "shop", release(R1, first).envoy_filter_name)["spec"] == spec
    assert api.held("EnvoyFilter", "shop", theirs["metadata"]["name"])["metadata"]["labels"] == {"app": "theirs"}


def test_the_filter_of_the_other_delivery_stays_where_ours_is_refused() -> None:
    api = FakeApi()
    ensured(api, release(R1, "inline"))
    api.faults.append(Fault("REHEARSE .*envoyfilters", 422))
    with pytest.raises(ApiError, match="422"):
        ensured(api, release(R2))
    assert api.names("EnvoyFilter", "shop") == ["trace-filter"]


def test_another_run_that_changes_the_delivery_too_is_no_failure() -> None:
    api = FakeApi()
    ensured(api, release(R1, "inline"))
    state = read(api)
    ensured(api, release(R2))
    filled(api, release(R2), state)
    assert api.names("EnvoyFilter", "shop") == [f"trace-filter-{R2}"]


def test_what_is_there_already_is_not_rehearsed() -> None:
    api = FakeApi()
    created(api, R1)
    api.add(release(R1, "inline").envoy_filter("shop"))
    api.requests.clear()
    ensured(api, release(R1))
    assert [request.partition(" ")[0] for request in api.requests if "envoyfilters" in request] == ["LIST", "DELETE"]


def foreign(entry: dict[str, Any], **labels: str) -> dict[str, Any]:
    entry["metadata"]["labels"] = labels
    return entry


@pytest.mark.parametrize("labels", [{}, {**NAMES.labels(R1), "wasm-filters.openclarity.io/filter": "other"}])
def test_an_object_of_somebody_else_is_left_alone(labels: dict[str, str]) -> None:
    for entry in (release().config_map("shop", ""), release().envoy_filter("shop")):
        api = FakeApi(foreign(entry, **labels))
        with pytest.raises(ForeignObject, match=f"{entry['kind']}/{entry['metadata']['name']} exists and is not ours"):
            ensured(api, release())
        assert api.held(entry["kind"], "shop", entry["metadata"]["name"])["metadata"]["labels"] == labels


def test_another_run_that_was_faster_is_no_failure() -> None:
    api = FakeApi()
    state = read(api)
    ensured(api, release())
    assert filled(api, release(), state) == ({}, {})


def test_a_refusal_is_passed_on() -> None:
    api = FakeApi()
    api.faults.append(Fault("POST .*envoyfilters", 403))
    with pytest.raises(Forbidden):
        ensured(api, release())


def test_check_mode_changes_nothing_and_says_the_same() -> None:
    real, dry = FakeApi(), FakeApi(dry_run=True)
    assert ensured(dry, release()) == ensured(real, release())
    assert dry.names("EnvoyFilter", "shop") == dry.names("ConfigMap", "shop") == []


REVISIONS = [f"{number:010x}" for number in range(1, 7)]


def test_garbage_is_what_is_neither_new_nor_referred_to() -> None:
    api = FakeApi()
    created(api, *REVISIONS)
    used = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": {"name": "web-1", "namespace": "shop"}}
    used["metadata"]["labels"] = {NAMES.pod_label: REVISIONS[1]}  # type: ignore[index]
    api.add(used)
    gone = collect_garbage(api, release(REVISIONS[-1]), read(api))
    kept = [REVISIONS[1], *REVISIONS[-REVISIONS_KEPT:]]
    assert sorted(gone) == sorted(set(REVISIONS) - set(kept))
    assert api.names("ConfigMap", "shop") == [f"wasm-filter-{revision}" for revision in kept]
    assert api.names("EnvoyFilter", "shop") == [f"trace-filter-{revision}" for revision in kept]


def test_an_old_revision_that_is_deployed_again_is_kept() -> None:
    api = FakeApi()
    created(api, *REVISIONS)
    collect_garbage(api, release(REVISIONS[0]), read(api))
    assert api.names("ConfigMap", "shop") == [f"wasm-filter-{revision}" for revision in (REVISIONS[0], *REVISIONS[-2:])]


def test_few_revisions_are_kept_without_a_look_at_the_pods() -> None:
    api = FakeApi()
    created(api, *REVISIONS[:REVISIONS_KEPT])
    state = read(api)
    api.requests.clear()
    assert collect_garbage(api, release(REVISIONS[REVISIONS_KEPT - 1]), state) == []
    assert api.requests == []


def test_nothing_is_deleted_where_it_can_not_be_known_what_is_in_use() -> None:
    api = FakeApi()
    created(api, *REVISIONS)
    api.faults.append(Fault("LIST .*/replicasets", 403))
    with pytest.raises(Forbidden):
        collect_garbage(api, release(REVISIONS[-1]), read(api))
    assert len(api.names("ConfigMap", "shop")) == len(REVISIONS)


def test_remove_takes_all_of_ours_and_nothing_else() -> None:
    other = foreign(release("0000000009").envoy_filter("shop"), app="theirs")
    api = FakeApi(other)
    created(api, R1, R2)
    state = read(api)
    filters = namespace_objects.remove_envoy_filters(api, state)
    maps = namespace_objects.remove_config_maps(api, state)
    assert set(filters) == {f"EnvoyFilter/trace-filter-{revision}" for revision in (R1, R2)}
    assert set(maps) == {f"ConfigMap/wasm-filter-{revision}" for revision in (R1, R2)}
    assert api.names("EnvoyFilter", "shop") == [other["metadata"]["name"]]
    assert api.names("ConfigMap", "shop") == []
