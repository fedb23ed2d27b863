# SPDX-License-Identifier: Apache-2.0
"""What is read of the cluster, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Forbidden, Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight import mesh

from tests.unit.module_utils.planning.mesh_webhooks import injector
from tests.unit.module_utils.preflight.read_only_api import MESH, NAMESPACES, SERVICE, WEBHOOK, ReadOnlyApi
from tests.unit.objects import namespace


def test_namespaces_are_read_by_one_request() -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("pay"), namespace("ops"))
    known = mesh.read_namespaces(api, ("shop", "ghost", "pay"))
    assert (list(known.found), known.not_readable, known.total) == (["shop", "pay"], {}, 3)
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
    assert mesh.configuration(api, "istio-system").root_namespace == root


@pytest.mark.parametrize("status", [403, 500])
def test_a_mesh_configuration_that_can_not_be_read_means_the_default(status: int) -> None:
    api = ReadOnlyApi()
    api.refused["GET .*/configmaps/istio"] = status
    assert mesh.configuration(api, "elsewhere") == mesh.Configuration("elsewhere")
    assert mesh.configuration(ReadOnlyApi(), "elsewhere") == mesh.Configuration("elsewhere")


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


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "just text"])
def test_a_mesh_configuration_that_is_none_means_the_default(text: str) -> None:
    api = ReadOnlyApi()
    api.objects[MESH] = {"data": {"mesh": text}}
    assert mesh.configuration(api, "istio-system") == mesh.Configuration("istio-system")


def test_what_the_mesh_configuration_says_of_services_and_namespaces() -> None:
    api = ReadOnlyApi()
    text = 'defaultServiceExportTo: ["."]\ndiscoverySelectors:\n- matchLabels: {mesh: "yes"}\n'
    api.objects[MESH] = {"data": {"mesh": text}}
    found = mesh.configuration(api, "istio-system")
    assert (found.exported_to, found.discovered) == ((".",), ({"matchLabels": {"mesh": "yes"}},))


INJECTOR = f"{NAMESPACES}/istio-system/configmaps/istio-sidecar-injector"
USUAL = "policy: enabled\nalwaysInjectSelector:\n  []\nneverInjectSelector: []\ntemplates: {}"


def with_injectors(*configurations: dict[str, Any], **config_maps: str) -> ReadOnlyApi:
    """`config_maps`: the text of each, by its suffix."""
    api = ReadOnlyApi()
    del api.objects[WEBHOOK]
    for one in configurations:
        api.objects[f"{mesh.WEBHOOKS}/{one['metadata']['name']}"] = one
    for suffix, text in config_maps.items():
        api.objects[INJECTOR + suffix.replace("_", "-")] = {"data": {"config": text}}
    return api


def test_a_control_plane_of_this_cluster() -> None:
    found = mesh.control_plane(with_injectors(injector(), **{"": USUAL}), "istio-system")
    assert found.injectors and found.injectors.labels == ["default"]
    assert (found.labels_decide, found.here) == (False, True)


def test_injectors_that_may_not_be_read() -> None:
    api = with_injectors(injector())
    api.refused["mutatingwebhook"] = 403
    assert mesh.control_plane(api, "istio-system") == mesh.ControlPlane(None, True, True)


NEVER = USUAL.replace("neverInjectSelector: []", "neverInjectSelector:\n  - matchExpressions: []")


@pytest.mark.parametrize(
    ("config_maps", "decide"),
    [
        ({"": USUAL, "_1_21": USUAL}, False),
        ({"": USUAL, "_1_21": NEVER}, True),
        ({"": NEVER, "_1_21": USUAL}, True),
        ({"": USUAL}, True),
    ],
)
def test_whether_istiod_looks_at_labels_itself(config_maps: dict[str, str], decide: bool) -> None:
    api = with_injectors(injector(), injector("1-21"), **config_maps)
    assert mesh.control_plane(api, "istio-system").labels_decide == decide


def test_an_istiod_of_another_cluster() -> None:
    remote = injector(url="https://primary:15017/inject/cluster/east/net/one")
    for configurations in ([remote], []):
        api = with_injectors(*configurations, **{"": USUAL})
        assert not mesh.control_plane(api, "istio-system").here
        api.refused["FIRST .*/pods"] = 403
        assert mesh.control_plane(api, "istio-system").here
        api.refused.clear()
        api.objects[f"{NAMESPACES}/istio-system/pods/istiod"] = {"metadata": {"labels": {"app": "istiod"}}}
        assert mesh.control_plane(api, "istio-system").here


def pod(revision: str, sidecar: bool = True) -> dict[str, Any]:
    labels = {"security.istio.io/tlsMode": "istio"} if sidecar else {}
    return {"metadata": {"labels": labels, "annotations": {"sidecar.istio.io/status": "{}", "istio.io/rev": revision}}}


def test_the_revisions_that_run() -> None:
    api = ReadOnlyApi()
    assert mesh.running_revisions(api, "shop") == set()
    for name, one in {"a": pod("1-20"), "b": pod("1-21"), "c": pod("x", sidecar=False)}.items():
        api.objects[f"{NAMESPACES}/shop/pods/{name}"] = one
    assert mesh.running_revisions(api, "shop") == {"1-20", "1-21"}
    api.refused["FIRST"] = 403
    assert mesh.running_revisions(api, "shop") == set()
