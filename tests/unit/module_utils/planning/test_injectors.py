# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import injectors

from tests.unit.module_utils.planning.mesh_webhooks import RULES, injector, other, webhook

MESH = injectors.of([injector(), injector("1-21", tag="prod"), other()])


@pytest.mark.parametrize(
    ("namespace", "pod", "revision"),
    [
        ({"istio-injection": "enabled"}, {}, "default"),
        ({"istio-injection": "enabled"}, {"sidecar.istio.io/inject": "false"}, None),
        ({"istio-injection": "disabled"}, {"sidecar.istio.io/inject": "true"}, None),
        ({"istio.io/rev": "default"}, {}, "default"),
        ({"istio.io/rev": "prod"}, {}, "1-21"),
        ({"istio.io/rev": "1-20-gone"}, {}, None),
        ({}, {}, None),
        ({}, {"sidecar.istio.io/inject": "true"}, "default"),
        ({"istio.io/dataplane-mode": "ambient"}, {"sidecar.istio.io/inject": "true"}, "default"),
        ({}, {"istio.io/rev": "prod"}, "1-21"),
    ],
)
def test_which_injector_takes_a_pod(namespace: dict[str, str], pod: dict[str, str], revision: str | None) -> None:
    found = MESH.injecting(namespace, pod)
    assert (found.revision if found else None) == revision


def test_others_are_asked_but_do_not_inject() -> None:
    assert [one.name for one in MESH.asked({}, {"team": "a"})] == ["policy/policy.example.org"]
    assert MESH.injecting({}, {"team": "a"}) is None


def test_what_a_namespace_may_be_labelled_with() -> None:
    assert MESH.labels == ["default", "prod"]
    assert injectors.of([other()]).labels == []


@pytest.mark.parametrize(
    "rule", [{"operations": ["UPDATE"]}, {"resources": ["pods/exec"]}, {"apiGroups": ["apps"], "resources": ["*"]}]
)
def test_one_that_is_not_asked_about_new_pods_is_none(rule: dict[str, Any]) -> None:
    configuration = injector()
    for one in configuration["webhooks"]:
        one["rules"] = [RULES[0] | rule]
    assert injectors.of([configuration]).webhooks == ()


def test_a_remote_cluster_is_known_by_where_all_its_injectors_lead() -> None:
    remote = injector(url="https://primary:15017/inject/cluster/east/net/one")
    assert injectors.of([remote]).remote
    by_service = injector(clientConfig={"service": {"name": "istiod", "path": "/inject/cluster/east/net/one"}})
    assert injectors.of([by_service]).remote
    assert not injectors.of([remote, injector("1-21")]).remote
    assert not MESH.remote
    assert not injectors.of([]).remote


def test_conditions_are_told() -> None:
    (one,) = injectors.of([other(matchConditions=[{"name": "x", "expression": "true"}])]).webhooks
    assert one.conditional
    assert not any(one.conditional for one in MESH.webhooks)


def test_one_without_labels_is_known_by_its_name() -> None:
    (one,) = injectors.of([{"metadata": {"name": "mine"}, "webhooks": [webhook("x", [], [])]}]).webhooks
    assert (one.injector, one.revision, one.label) == (True, "", "")
