# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from functools import partial

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import collection
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import ApiError, Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.lists import Lister

from tests.unit.module_utils.preflight.read_only_api import ReadOnlyApi
from tests.unit.objects import workload

DEPLOYMENTS = partial(collection, ("/apis/apps/v1", "deployments"))
ALL = "LIST /apis/apps/v1/deployments"


def api(*namespaces: str) -> ReadOnlyApi:
    found = ReadOnlyApi()
    found.put(*(workload(name, "web") for name in namespaces))
    return found


def listed(server: ReadOnlyApi, *namespaces: str, total: int = 2) -> list[str]:
    found = Lister(server, namespaces, total).listed(DEPLOYMENTS)
    return sorted(one["metadata"]["namespace"] for one in found)


def test_many_namespaces_are_one_request_of_which_only_theirs_count() -> None:
    server = api("shop", "pay", "other")
    assert listed(server, "shop", "pay", total=3) == ["pay", "shop"]
    assert server.requests == [ALL]


@pytest.mark.parametrize("total", [100, 0])
def test_few_of_many_or_of_nobody_knows_how_many_are_a_request_each(total: int) -> None:
    server = api("shop", "pay", "other")
    assert listed(server, "shop", "pay", total=total) == ["pay", "shop"]
    assert sorted(server.requests) == [
        "LIST /apis/apps/v1/namespaces/pay/deployments",
        "LIST /apis/apps/v1/namespaces/shop/deployments",
    ]


def test_none_is_no_request() -> None:
    server = api("shop")
    assert (listed(server), server.requests) == ([], [])


def test_where_only_some_may_be_read_these_are() -> None:
    server = api("shop", "pay")
    server.refused = {f"{ALL}$": 403, "namespaces/pay": 403}
    assert listed(server, "shop", "pay") == ["shop"]


def test_a_fault_of_the_one_list_is_not_one_of_the_others() -> None:
    server = api("shop", "pay")
    server.refused = {f"{ALL}$": 500}
    assert listed(server, "shop", "pay") == ["pay", "shop"]


def test_a_server_that_does_not_answer_is_asked_once() -> None:
    server = api("shop", "pay")
    server.refused = {"deployments": 0}
    with pytest.raises(Unreachable):
        listed(server, "shop", "pay")
    assert server.requests == [ALL]


def test_a_kind_that_is_not_served_is_none() -> None:
    server = api("shop")
    server.refused["deployments"] = 404
    assert listed(server, "shop") == []


@pytest.mark.parametrize(("status", "error"), [(500, ApiError), (0, Unreachable)])
def test_anything_else_is_told(status: int, error: type[ApiError]) -> None:
    server = api("shop")
    server.refused["deployments"] = status
    with pytest.raises(error):
        listed(server, "shop")


def test_workloads_of_all_kinds_by_namespace() -> None:
    server = api("shop", "pay")
    server.put(workload("shop", "data", kind="StatefulSet"))
    found = Lister(server, ["shop", "pay"], 2).workloads()
    names = {name: [(kind.kind, one["metadata"]["name"]) for kind, one in those] for name, those in found.items()}
    assert names == {"shop": [("Deployment", "web"), ("StatefulSet", "data")], "pay": [("Deployment", "web")]}
