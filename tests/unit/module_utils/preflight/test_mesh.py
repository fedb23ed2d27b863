"""What is read of the cluster, and how often."""

from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Forbidden, Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight import mesh

from tests.unit.module_utils.preflight.read_only_api import MESH, SERVICE, ReadOnlyApi
from tests.unit.objects import namespace


def test_namespaces_are_read_by_one_request() -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("pay"), namespace("ops"))
    known = mesh.read_namespaces(api, ("shop", "ghost", "pay"))
    assert (list(known.found), known.not_readable) == (["shop", "pay"], {})
    assert api.requests == ["LIST /api/v1/namespaces"]


def test_without_the_right_to_list_them_each_is_asked_for() -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("pay"))
    api.refused["LIST /api/v1/namespaces$"] = 403
    api.refused["GET /api/v1/namespaces/pay$"] = 403
    known = mesh.read_namespaces(api, ("shop", "ghost", "pay"))
    assert list(known.found) == ["shop"]
    assert list(known.not_readable) == ["pay"] and "403" in known.not_readable["pay"]


def test_no_answer_is_not_a_lack_of_rights() -> None:
    api = ReadOnlyApi(namespace("shop"))
    api.refused["LIST /api/v1/namespaces$"] = 0
    with pytest.raises(Unreachable):
        mesh.read_namespaces(api, ("shop",))
    assert api.requests == ["LIST /api/v1/namespaces"]


ROOTS = [
    ("rootNamespace: shop", "shop"),
    ('a: 1\nrootNamespace: "shop"\nb: 2', "shop"),
    ("rootNamespace: 'shop'", "shop"),
    ("a:\n  rootNamespace: shop", "istio-system"),
    ("", "istio-system"),
]


@pytest.mark.parametrize(("text", "root"), ROOTS)
def test_the_root_namespace_is_the_mesh_configurations(text: str, root: str) -> None:
    api = ReadOnlyApi()
    api.objects[MESH] = {"data": {"mesh": text}}
    assert mesh.root_namespace(api, "istio-system") == root


@pytest.mark.parametrize("status", [403, 500])
def test_a_mesh_configuration_that_can_not_be_read_means_the_default(status: int) -> None:
    api = ReadOnlyApi()
    api.refused["GET .*/configmaps/istio"] = status
    assert mesh.root_namespace(api, "elsewhere") == "elsewhere"
    assert mesh.root_namespace(ReadOnlyApi(), "elsewhere") == "elsewhere"


def test_whether_istio_is_there() -> None:
    api = ReadOnlyApi()
    assert mesh.serves_envoy_filters(api)
    api.objects = {}
    assert not mesh.serves_envoy_filters(api)


def test_a_service_that_may_not_be_read_is_not_one_that_is_missing() -> None:
    api = ReadOnlyApi(service=SERVICE)
    assert mesh.service(api, "traces", "collector") == SERVICE
    assert mesh.service(api, "traces", "gone") is None
    api.refused["services"] = 403
    with pytest.raises(Forbidden):
        mesh.service(api, "traces", "gone")
