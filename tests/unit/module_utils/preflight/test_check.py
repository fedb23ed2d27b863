# SPDX-License-Identifier: Apache-2.0
"""What only the cluster can tell."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Unreachable
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import Target
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import request
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.check import Checked, check

from tests.unit.module_utils.planning.test_request import params
from tests.unit.module_utils.preflight.read_only_api import MESH, SERVICE, ReadOnlyApi
from tests.unit.objects import namespace


def checked(api: ReadOnlyApi, **changes: Any) -> tuple[Checked | None, Findings]:
    found = Findings()
    asked = request.check(params(**changes), found)
    assert asked is not None, found.errors
    return check(api, asked, "c", found), found


def granted(api: ReadOnlyApi, **changes: Any) -> Checked:
    result, found = checked(api, **changes)
    assert result is not None, found.errors
    return result


def refused(api: ReadOnlyApi, **changes: Any) -> list[str]:
    result, found = checked(api, **changes)
    assert result is None
    return found.errors


def reasons(api: ReadOnlyApi, **changes: Any) -> dict[str, str]:
    targets = granted(api, **changes).targets
    return {target.namespace: target.reason for target in targets if not target.eligible}


def test_a_cluster_that_can_take_it() -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("pay"), service=SERVICE)
    result, found = checked(api)
    assert (found.errors, found.warnings) == ([], [])
    assert result and result.targets == (Target("c", "shop"), Target("c", "pay"))
    assert result.backend and result.backend.cluster == "outbound|9000||collector.traces.svc.cluster.local"
    assert result.hosts_from is None


def test_a_cluster_without_istio() -> None:
    api = ReadOnlyApi()
    api.objects = {}
    (error,) = refused(api)
    assert "install Istio" in error


def test_a_cluster_that_does_not_answer() -> None:
    api = ReadOnlyApi()
    api.refused["GET"] = 0
    with pytest.raises(Unreachable):
        checked(api)


def test_each_ineligible_namespace_has_its_own_reason() -> None:
    leaving = namespace("leaving")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    api = ReadOnlyApi(namespace("shop"), leaving, service=SERVICE)
    result = granted(api, namespaces="shop,ghost,leaving")
    assert [(target.namespace, target.reason) for target in result.targets] == [
        ("shop", ""),
        ("ghost", "namespace_missing"),
        ("leaving", "namespace_terminating"),
    ]
    assert "ghost" in result.targets[1].message


def test_namespaces_are_read_by_one_request() -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("pay"), service=SERVICE)
    granted(api)
    assert [one for one in api.requests if "/api/v1/namespaces" in one and "/services/" not in one] == [
        "GET /api/v1/namespaces/istio-system/configmaps/istio",
        "LIST /api/v1/namespaces",
        "GET /api/v1/namespaces/istio-system/configmaps/istio-sidecar-injector",
    ]


def test_without_the_right_to_list_namespaces_each_is_asked_for() -> None:
    api = ReadOnlyApi(namespace("shop"), service=SERVICE)
    api.refused["LIST /api/v1/namespaces$"] = 403
    assert reasons(api) == {"pay": "namespace_missing"}
    api.refused["GET /api/v1/namespaces/shop$"] = 403
    assert reasons(api) == {"shop": "api_refused", "pay": "namespace_missing"}


def mesh(text: str) -> dict[str, Any]:
    return {"data": {"mesh": text}}


ROOTS = [
    ("rootNamespace: shop", "shop"),
    ('a: 1\nrootNamespace: "shop"\nb: 2', "shop"),
    ("rootNamespace: 'shop'", "shop"),
]


@pytest.mark.parametrize(
    ("text", "root"), [*ROOTS, ("a:\n  rootNamespace: shop", "istio-system"), ("", "istio-system")]
)
def test_the_root_namespace_is_refused(text: str, root: str) -> None:
    api = ReadOnlyApi(namespace("shop"), namespace("istio-system"), service=SERVICE)
    api.objects[MESH] = mesh(text)
    (error,) = refused(api, namespaces="shop,istio-system")
    assert error.startswith(f"namespaces='{root}': is the mesh's root namespace")
    assert granted(api, namespaces="shop,istio-system", root_namespace_allowed=True)
    assert granted(api, namespaces="shop,istio-system", state="absent")


def test_a_mesh_configuration_that_can_not_be_read_means_the_default() -> None:
    api = ReadOnlyApi(namespace("istio-system"), service=SERVICE)
    api.refused["GET .*/configmaps/istio"] = 403
    assert refused(api, namespaces="istio-system")


def test_where_the_filter_is_taken_out_no_backend_is_looked_for() -> None:
    api = ReadOnlyApi(namespace("shop"))
    result = granted(api, namespaces="shop", state="absent", backend_address="gone.traces.svc")
    assert (result.backend, result.hosts_from) == (None, None)
