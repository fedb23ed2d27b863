# SPDX-License-Identifier: Apache-2.0
"""What a wave reads of its namespaces, from a simulated API server."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Forbidden, Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.reading import Reading
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.registry import KINDS

from tests.simulation.api_server import ApiServer
from tests.simulation.values import Object
from tests.unit.driving import answer
from tests.unit.faults import Fault
from tests.unit.objects import NAMES, R1, namespace, release, workload

# Which of the paths of a LIST are of a whole cluster.
WIDE = "LIST /apis?/[^ ]*v1[^/]*/[a-z]+$"


def cluster(in_all: int = 3) -> ApiServer:
    """Three namespaces with the filter, and as many others as it takes."""
    server = ApiServer(*(namespace(name) for name in ("shop", "pay", "other")))
    server.seed(*(namespace(f"more{number}") for number in range(in_all - 3)))
    for name in ("shop", "pay", "other"):
        server.seed(workload(name, "web"), workload(name, "data", kind="StatefulSet"))
        server.seed(release().config_map(name, "x"), release().envoy_filter(name, f"trace-filter-{R1}"))
    foreign = release().envoy_filter("shop", "foreign")
    foreign["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "somebody"}
    server.seed(foreign)
    return server


def read(server: ApiServer, *names: str, other_pods: bool = False) -> Reading:
    found = Reading(NAMES, list(names), other_pods)
    waiting = found.begin()
    while waiting:
        assert not found.finished
        waiting += found.take(answer(server, waiting.pop(0)))
    assert found.finished
    return found


# ConfigMaps and EnvoyFilters beside the workloads; and before all one that counts the namespaces.
WIDE_LISTS = 1 + len(KINDS) + 2
NARROW_LISTS = 1 + 2 * (len(KINDS) + 2)


@pytest.mark.parametrize(("in_all", "lists"), [(3, WIDE_LISTS), (8, WIDE_LISTS), (9, NARROW_LISTS)])
def test_cluster_wide_where_a_quarter_is_wanted(in_all: int, lists: int) -> None:
    server = cluster(in_all)
    found = read(server, "shop", "pay")
    assert len(server.requests) == lists
    assert list(found.namespaces) == ["shop", "pay"]
    for state in found.namespaces.values():
        assert sorted((kind.kind, entry["kind"]) for kind, entry in state.workloads) == [
            ("Deployment", "Deployment"),
            ("StatefulSet", "StatefulSet"),
        ]
        assert {entry["apiVersion"] for _kind, entry in state.workloads} == {"apps/v1"}
        assert [one["metadata"]["name"] for one in state.objects.config_maps] == [f"wasm-filter-{R1}"]
        assert "binaryData" not in state.objects.config_maps[0]
        assert [one["metadata"]["name"] for one in state.objects.envoy_filters] == [f"trace-filter-{R1}"]
        assert "spec" in state.objects.envoy_filters[0]


def test_where_namespaces_can_not_be_counted_each_is_read_for_itself() -> None:
    server = cluster()
    server.gates.append(Fault("LIST /api/v1/namespaces$", 403))
    found = read(server, "shop", "pay")
    assert len(server.requests) == NARROW_LISTS
    assert [len(state.workloads) for state in found.namespaces.values()] == [2, 2]


def test_nothing_is_asked_for_nothing() -> None:
    server = cluster()
    assert read(server).namespaces == {}
    assert server.requests == []


def test_watches_go_on_from_the_lists() -> None:
    wide = read(cluster(), "shop").versions
    assert set(wide) == {(kind.kind, None) for kind in KINDS}
    assert set(wide.values()) == {str(cluster().store.version)}
    assert ("Deployment", "shop") in read(cluster(9), "shop").versions


def test_a_role_instead_of_a_cluster_role() -> None:
    server = cluster()
    server.gates.append(Fault(WIDE, 403))
    found = read(server, "shop", "pay")
    assert all(state.error is None and len(state.workloads) == 2 for state in found.namespaces.values())


@pytest.mark.parametrize("status", [403, 500, 0])
def test_one_kind_that_can_not_be_read_cluster_wide_is_read_in_each_namespace(status: int) -> None:
    server = cluster()
    server.gates.append(Fault("LIST /apis/apps/v1/statefulsets$", status))
    found = read(server, "shop", "pay")
    assert sorted(request for request in server.requests if "/namespaces/" in request) == [
        "LIST /apis/apps/v1/namespaces/pay/statefulsets",
        "LIST /apis/apps/v1/namespaces/shop/statefulsets",
    ]
    others = {(kind.kind, None) for kind in KINDS if kind.kind != "StatefulSet"}
    assert set(found.versions) == others | {("StatefulSet", "shop"), ("StatefulSet", "pay")}
    assert [state.error for state in found.namespaces.values()] == [None, None]


@pytest.mark.parametrize("in_all", [3, 9])
def test_a_kind_that_is_not_served_is_no_error(in_all: int) -> None:
    server = cluster(in_all)
    server.gates.append(Fault("LIST .*/daemonsets$", 404))
    found = read(server, "shop", "pay")
    assert [state.error for state in found.namespaces.values()] == [None, None]
    assert [len(state.workloads) for state in found.namespaces.values()] == [2, 2]
    assert not [kind for kind, _scope in found.versions if kind == "DaemonSet"]


@pytest.mark.parametrize("status", [403, 500])
def test_one_namespace_that_can_not_be_read_is_the_only_one(status: int) -> None:
    server = cluster(9)
    server.gates.append(Fault("LIST .*/namespaces/pay/deployments", status))
    found = read(server, "shop", "pay")
    assert found.namespaces["shop"].error is None
    assert "deployments" in str(found.namespaces["pay"].error)
    assert found.namespaces["pay"].unreadable == []


def test_a_server_that_does_not_answer_fails_every_namespace() -> None:
    server = cluster()
    server.gates.append(Fault("LIST", 0))
    found = read(server, "shop", "pay")
    assert [type(state.error) for state in found.namespaces.values()] == [Unreachable, Unreachable]


def of_nobody(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": labels}}


def test_pods_that_no_workload_of_ours_makes_are_read_where_pods_are_replaced() -> None:
    server = cluster()
    server.seed(of_nobody("bare"), of_nobody("a", **{"pod-template-hash": "x"}))
    server.seed(of_nobody("b", **{"controller-revision-hash": "x"}))
    found = read(server, "shop", other_pods=True).namespaces["shop"].other_pods
    assert [one["metadata"]["name"] for one in found] == ["bare"]
    assert [list(one) for one in found] == [["metadata"]]
    server.requests.clear()
    assert read(server, "shop").namespaces["shop"].other_pods == []
    assert not [request for request in server.requests if request.endswith("/pods")]


@pytest.mark.parametrize("in_all", [3, 9])
def test_what_may_be_gone_without_is_named_where_it_may_not_be_read(in_all: int) -> None:
    server = cluster(in_all)
    server.gates.append(Fault("LIST .*/pods$", 403))
    found = read(server, "shop", "pay", other_pods=True)
    for state in found.namespaces.values():
        assert (state.error, state.unreadable) == (None, ["pods"])
        assert len(state.workloads) == 2


def test_what_may_be_gone_without_fails_its_namespace_where_it_can_not_be_read() -> None:
    # It may be read: what was there is unknown for once, and not for good.
    server = cluster(9)
    server.gates.append(Fault("LIST .*/pay/pods$", 500))
    found = read(server, "shop", "pay", other_pods=True)
    assert (found.namespaces["shop"].error, found.namespaces["pay"].unreadable) == (None, [])
    assert "pods" in str(found.namespaces["pay"].error)


def test_an_optional_kind_is_named_by_its_plural() -> None:
    server = cluster()
    server.gates.append(Fault("LIST .*/cronjobs$", 403))
    assert read(server, "shop").namespaces["shop"].unreadable == ["cronjobs"]
    server.gates[:] = [Fault("LIST .*/deployments$", 403)]
    assert isinstance(read(server, "shop").namespaces["shop"].error, Forbidden)


def test_what_others_have_is_not_taken_in() -> None:
    found = read(cluster(), "shop")
    assert list(found.namespaces) == ["shop"]
    assert {entry["metadata"]["namespace"] for _kind, entry in found.namespaces["shop"].workloads} == {"shop"}
