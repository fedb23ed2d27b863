from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.cluster.snapshot import (
    Snapshot,
    collection,
    namespaces_of_cluster,
    take,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Unreachable

from tests.unit.fake_api import FakeApi, Fault
from tests.unit.objects import NAMES, R1, namespace, release, workload


def cluster() -> FakeApi:
    api = FakeApi(namespace("shop"), namespace("pay"), namespace("other"))
    for name in ("shop", "pay", "other"):
        api.add(workload(name, "web"))
        api.add(workload(name, "data", kind="StatefulSet"))
        api.add(release().config_map(name, "2026-01-01T00:00:00Z"))
        api.add(release().envoy_filter(name))
    foreign = release().envoy_filter("shop")
    foreign["metadata"] |= {"name": "foreign", "labels": {"app.kubernetes.io/managed-by": "somebody"}}
    api.add(foreign)
    return api


def taken(api: FakeApi, namespaces: list[str], in_all: int | None) -> Snapshot:
    with ThreadPoolExecutor(4) as pool:
        return take(api, pool, NAMES, namespaces, in_all)


def test_collections() -> None:
    assert collection("/api/v1", "pods", "shop") == "/api/v1/namespaces/shop/pods"
    assert collection("/api/v1", "pods") == "/api/v1/pods"


@pytest.mark.parametrize(("in_all", "lists"), [(3, 5), (8, 5), (9, 10), (None, 10)])
def test_cluster_wide_where_a_quarter_is_wanted(in_all: int | None, lists: int) -> None:
    api = cluster()
    snapshot = taken(api, ["shop", "pay"], in_all)
    assert len(api.requests) == lists
    assert list(snapshot.namespaces) == ["shop", "pay"]
    for state in snapshot.namespaces.values():
        assert [(kind.kind, entry["kind"]) for kind, entry in state.workloads] == [
            ("Deployment", "Deployment"),
            ("StatefulSet", "StatefulSet"),
        ]
        assert {entry["apiVersion"] for _kind, entry in state.workloads} == {"apps/v1"}
        assert [found["metadata"]["name"] for found in state.config_maps] == [f"wasm-filter-{R1}"]
        assert "binaryData" not in state.config_maps[0]
        assert [found["metadata"]["name"] for found in state.envoy_filters] == [f"trace-filter-{R1}"]
        assert "spec" in state.envoy_filters[0]


def test_watches_go_on_from_the_lists() -> None:
    assert set(taken(cluster(), ["shop"], 1).watches) == {
        (kind, None) for kind in ("Deployment", "StatefulSet", "DaemonSet")
    }
    assert ("Deployment", "shop") in taken(cluster(), ["shop"], None).watches


def test_a_role_instead_of_a_cluster_role() -> None:
    api = cluster()
    api.faults.append(Fault("LIST /apis?/[^ ]*v1[^/]*/[a-z]+$", 403))
    snapshot = taken(api, ["shop", "pay"], 2)
    assert all(state.error is None and len(state.workloads) == 2 for state in snapshot.namespaces.values())


def test_one_kind_that_may_not_be_read_cluster_wide_is_read_in_each_namespace() -> None:
    api = cluster()
    api.faults.append(Fault("LIST /apis/apps/v1/statefulsets$", 403))
    snapshot = taken(api, ["shop", "pay"], 3)
    assert sorted(request for request in api.requests if "/namespaces/" in request) == [
        "LIST /apis/apps/v1/namespaces/pay/statefulsets",
        "LIST /apis/apps/v1/namespaces/shop/statefulsets",
    ]
    assert set(snapshot.watches) == {
        ("Deployment", None),
        ("DaemonSet", None),
        ("StatefulSet", "shop"),
        ("StatefulSet", "pay"),
    }
    # In the order of kind and name, whichever LIST came first.
    assert [kind.kind for kind, _entry in snapshot.namespaces["pay"].workloads] == ["Deployment", "StatefulSet"]


def test_one_namespace_that_can_not_be_read_is_the_only_one() -> None:
    api = cluster()
    api.faults.append(Fault("LIST .*/namespaces/pay/deployments", 403))
    snapshot = taken(api, ["shop", "pay"], None)
    assert snapshot.namespaces["shop"].error is None
    assert "deployments" in str(snapshot.namespaces["pay"].error)


def test_a_server_that_does_not_answer_fails_the_whole_wave() -> None:
    api = cluster()
    api.faults.append(Fault("LIST", 0))
    with pytest.raises(Unreachable):
        taken(api, ["shop", "pay"], 2)


def test_namespaces_of_the_cluster() -> None:
    api = cluster()
    known = namespaces_of_cluster(api, ["shop", "ghost"])
    assert (list(known.found), known.refused, known.in_all) == (["shop"], {}, 3)
    assert api.requests == ["LIST /api/v1/namespaces"]


def test_namespaces_one_by_one_where_they_can_not_be_listed() -> None:
    api = cluster()
    api.faults.append(Fault("LIST /api/v1/namespaces$", 403))
    api.faults.append(Fault("GET /api/v1/namespaces/pay$", 403))
    known = namespaces_of_cluster(api, ["shop", "pay", "ghost"])
    assert (list(known.found), list(known.refused), known.in_all) == (["shop"], ["pay"], None)
