# SPDX-License-Identifier: Apache-2.0
"""The way of one namespace, against a simulated API server; its workloads are somebody else's matter."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.delivery import REVISIONS_KEPT
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import Reason
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import namespace
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState, Phase

from tests.simulation.api_server import ApiServer
from tests.simulation.resources import RESOURCES
from tests.simulation.values import Object
from tests.unit import objects
from tests.unit.driving import answer, drive, names, objects_of, writes
from tests.unit.faults import Fault
from tests.unit.objects import NAMES, R1, R2, delivery, release

REVISIONS = [f"{number:010x}" for number in range(1, 7)]


def server(*entries: Object) -> ApiServer:
    return ApiServer(objects.namespace("shop"), *entries)


def begun(api: ApiServer, operation: Operation) -> NamespaceState:
    state = NamespaceState("shop", operation, objects_of(api), locked=True)
    return drive(api, namespace.begin(state, False, 0.0), lambda one, message: namespace.advance(one, message, 0.0))


def ended(api: ApiServer, state: NamespaceState, unexplained: bool = False, all_well: bool = True) -> NamespaceState:
    step = namespace.workloads_done(state, unexplained, all_well, 0.0)
    return drive(api, step, lambda one, message: namespace.advance(one, message, 0.0))


def whole(api: ApiServer, operation: Operation, **options: bool) -> NamespaceState:
    api.clock.run(api.clock.now + 1)
    return ended(api, begun(api, operation), **options)


def created(api: ApiServer, *revisions: str) -> None:
    for revision in revisions:
        api.clock.run(api.clock.now + 1)
        begun(api, delivery(revision))


def referring(kind: str, revision: str) -> Object:
    """What a template of that revision has left, or a pod of it."""
    metadata = {"name": "web-1", "namespace": "shop", "labels": {NAMES.pod_label: revision}}
    return {"kind": kind, "apiVersion": RESOURCES[kind].api_version, "metadata": metadata}


def test_its_objects_are_there_before_its_turn_comes() -> None:
    api = server()
    state = begun(api, delivery())
    assert state.phase == Phase.WORKLOADS
    assert names(api, "ConfigMap") + names(api, "EnvoyFilter") == [f"wasm-filter-{R1}", f"trace-filter-{R1}"]
    assert state.written == (f"ConfigMap/wasm-filter-{R1}", f"EnvoyFilter/trace-filter-{R1}")


def test_where_its_objects_are_refused_it_ends_and_what_was_done_is_said() -> None:
    api = server()
    api.gates.append(Fault("CREATE .*envoyfilters", 403))
    state = begun(api, delivery())
    assert state.phase == Phase.DONE
    assert state.failure is not None
    assert state.failure[0] == Reason.API_REFUSED
    assert set(state.after) == {f"ConfigMap/wasm-filter-{R1}"}


def test_the_first_failure_is_the_one_that_is_told() -> None:
    state = namespace.ended(NamespaceState("shop", delivery(), objects_of(server())), "not_injected", "it is not")
    assert namespace.ended(state, "stopped", "the run was stopped").failure == ("not_injected", "it is not")


@pytest.mark.parametrize("kind", ["Pod", "ReplicaSet", "ControllerRevision"])
def test_garbage_is_what_is_neither_new_nor_referred_to(kind: str) -> None:
    api = server(referring(kind, REVISIONS[1]))
    created(api, *REVISIONS)
    state = whole(api, delivery(REVISIONS[-1]))
    kept = [REVISIONS[1], *REVISIONS[-REVISIONS_KEPT:]]
    gone = {f"revision {revision}" for revision in set(REVISIONS) - set(kept)}
    assert names(api, "ConfigMap") == [f"wasm-filter-{revision}" for revision in kept]
    assert names(api, "EnvoyFilter") == [f"trace-filter-{revision}" for revision in kept]
    assert set(state.before) == set(state.after) == gone
    assert state.phase == Phase.DONE


def test_an_old_revision_that_is_deployed_again_is_kept() -> None:
    api = server()
    created(api, *REVISIONS)
    whole(api, delivery(REVISIONS[0]))
    assert names(api, "ConfigMap") == [f"wasm-filter-{revision}" for revision in (REVISIONS[0], *REVISIONS[-2:])]


def test_few_revisions_are_kept_without_a_look_at_the_pods() -> None:
    api = server()
    created(api, *REVISIONS[:REVISIONS_KEPT])
    state = whole(api, delivery(REVISIONS[REVISIONS_KEPT - 1]))
    assert (state.phase, state.before, state.after) == (Phase.DONE, {}, {})
    assert api.requests == []


@pytest.mark.parametrize("unreadable", ["pods", "replicasets", "controllerrevisions"])
def test_nothing_is_deleted_where_it_can_not_be_known_what_is_in_use(unreadable: str) -> None:
    api = server()
    created(api, *REVISIONS)
    api.gates.append(Fault(f"LIST .*/{unreadable}", 403))
    state = whole(api, delivery(REVISIONS[-1]))
    assert state.failure is not None
    assert state.failure[0] == Reason.API_REFUSED
    assert "HTTP 403" in state.failure[1]
    assert len(names(api, "ConfigMap")) == len(REVISIONS)
    # Answers that come after the refusal change nothing.
    assert state.phase == Phase.DONE


def test_nothing_is_deleted_where_a_workload_may_have_to_go_back() -> None:
    api = server()
    created(api, *REVISIONS)
    state = whole(api, delivery(REVISIONS[-1]), all_well=False)
    assert (state.phase, state.failure) == (Phase.DONE, None)
    assert len(names(api, "ConfigMap")) == len(REVISIONS)
    assert api.requests == []


def test_remove_takes_all_of_ours_and_nothing_else() -> None:
    theirs: dict[str, Any] = release("0000000009").envoy_filter("shop", "theirs")
    theirs["metadata"]["labels"] = {"app": "theirs"}
    api = server(theirs)
    created(api, R1, R2)
    state = whole(api, Removal(NAMES))
    expected = {f"EnvoyFilter/trace-filter-{revision}" for revision in (R1, R2)}
    expected |= {f"ConfigMap/wasm-filter-{revision}" for revision in (R1, R2)}
    assert set(state.before) == set(state.gone) == expected
    assert names(api, "EnvoyFilter") == ["theirs"]
    assert names(api, "ConfigMap") == []


def test_remove_keeps_the_files_where_pods_may_still_need_them() -> None:
    api = server()
    created(api, R1)
    state = whole(api, Removal(NAMES), all_well=False)
    assert state.gone == (f"EnvoyFilter/trace-filter-{R1}",)
    assert names(api, "ConfigMap") == [f"wasm-filter-{R1}"]


POD = {**referring("Pod", R1), "status": {"phase": "Pending"}}


def test_pods_are_read_once_where_a_workload_does_not_roll() -> None:
    api = server(POD)
    state = whole(api, delivery(), unexplained=True, all_well=False)
    assert [pod["metadata"]["name"] for pod in state.pods] == ["web-1"]
    assert [one for one in api.requests if "/pods" in one] == ["LIST /api/v1/namespaces/shop/pods"]
    assert whole(server(POD), delivery()).pods == ()


def test_pods_that_can_not_be_read_change_nothing() -> None:
    api = server(POD)
    api.gates.append(Fault("LIST .*/pods", 403))
    state = whole(api, delivery(), unexplained=True, all_well=False)
    assert (state.phase, state.failure, state.pods) == (Phase.DONE, None, ())


def test_a_namespace_whose_pods_would_take_nothing_gets_nothing() -> None:
    api = server()
    state = namespace.set_aside(NamespaceState("shop", delivery(), objects_of(api)))
    assert (state.phase, state.set_aside) == (Phase.DONE, (Reason.NO_WORKLOADS, ""))
    assert writes(api) == []
    # It has all of it already, of a run when it still had workloads.
    created(api, R1)
    assert namespace.set_aside(NamespaceState("shop", delivery(), objects_of(api))).set_aside is None


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    api = server()
    state = begun(api, delivery())
    (send,) = namespace.workloads_done(state, True, True, 0.0)[1]
    assert namespace.advance(state, answer(api, send.request), 0.0) == (state, [])
