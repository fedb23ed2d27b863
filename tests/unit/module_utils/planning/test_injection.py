# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import api_error
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import injectors
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.injection import (
    Injection,
    Refusal,
    by_labels,
    by_webhooks,
    is_ambient,
    namespace_asks,
    of_pod,
    refusal,
)

from tests.unit.module_utils.planning.mesh_webhooks import injector
from tests.unit.objects import NAMES, injected_pod

ENABLED = {"istio-injection": "enabled"}
OPTED_IN = {"sidecar.istio.io/inject": "true"}


@pytest.mark.parametrize("native", [True, False])
def test_a_pod_with_a_sidecar_and_the_file(native: bool) -> None:
    assert of_pod(injected_pod(native=native, revision="1-21"), NAMES) == Injection(True, True, "1-21")


def test_a_pod_with_a_proxy_but_not_the_file() -> None:
    assert of_pod(injected_pod(mount=False), NAMES) == Injection(True, False, "default")
    without_volume = injected_pod()
    without_volume["spec"]["volumes"] = []
    assert not of_pod(without_volume, NAMES).mount
    elsewhere = injected_pod()
    elsewhere["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] = "/elsewhere"
    assert not of_pod(elsewhere, NAMES).mount


def test_a_pod_that_the_injector_has_not_seen() -> None:
    plain = {"metadata": {}, "spec": {"containers": [{"name": "app"}]}}
    # A gateway's template has the container itself, with image: auto.
    auto = {"metadata": {"annotations": {}}, "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}
    assert of_pod(plain, NAMES) == of_pod(auto, NAMES) == Injection(False)


WHO = 'pods is forbidden: User "system:serviceaccount:shop:deployer" cannot create resource "pods" in API group "" in'
INJECTOR = 'webhook "namespace.sidecar-injector.istio.io"'


@pytest.mark.parametrize(
    ("status", "said", "why"),
    [
        (403, f'{WHO} the namespace "shop"', Refusal.NO_RIGHT),
        (403, 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4', Refusal.WOULD_NOT_START),
        (403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": ...', Refusal.WOULD_NOT_START),
        (403, 'pods "x" is forbidden: error looking up service account shop/gone: ...', Refusal.WOULD_NOT_START),
        (400, 'admission webhook "policy.example.org" denied the request: no', Refusal.WOULD_NOT_START),
        (500, 'Internal error occurred: failed calling webhook "policy.example.org"', Refusal.WOULD_NOT_START),
        (422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", Refusal.WOULD_NOT_START),
        (500, f"Internal error occurred: failed calling {INJECTOR}: connection refused", Refusal.BY_INJECTOR),
        (400, f"admission {INJECTOR} denied the request: template not found", Refusal.BY_INJECTOR),
        (400, f"admission {INJECTOR} does not support dry run", Refusal.UNKNOWN),
        (422, 'Pod "x" is invalid: spec.containers[0].volumeMounts[0].name: Not found', Refusal.UNKNOWN),
        (404, 'namespaces "shop" not found', Refusal.UNKNOWN),
    ],
)
def test_a_refusal_is_told_from_the_others(status: int, said: str, why: Refusal) -> None:
    assert refusal(api_error("post pods", status, said)) == why


def test_what_is_to_be_expected_by_the_webhooks() -> None:
    mesh = injectors.of([injector("1-21")])
    assert by_webhooks(mesh, {"istio.io/rev": "1-21"}, {}) == Injection(True, True, "1-21")
    assert by_webhooks(mesh, {"istio.io/rev": "gone"}, {}) == Injection(False)


@pytest.mark.parametrize(
    ("namespace", "pod", "asked"),
    [
        (ENABLED, {}, True),
        ({"istio.io/rev": "x"}, {}, True),
        ({}, {}, False),
        ({}, OPTED_IN, True),
        ({}, {"istio.io/rev": "x"}, True),
        ({"istio-injection": "disabled"}, OPTED_IN, False),
    ],
)
def test_what_is_to_be_expected_by_labels(namespace: dict[str, str], pod: dict[str, str], asked: bool) -> None:
    assert by_labels(namespace, pod) == Injection(asked, asked)


@pytest.mark.parametrize(
    ("labels", "asks"),
    [
        (ENABLED, "istio-injection=enabled"),
        ({"istio.io/rev": "x"}, "istio.io/rev=x"),
        ({**ENABLED, "istio.io/rev": "x"}, "istio-injection=enabled"),
        ({"istio-injection": "disabled", "istio.io/rev": "x"}, ""),
        ({"istio.io/rev": ""}, ""),
        ({}, ""),
    ],
)
def test_the_label_that_a_namespace_asks_by(labels: dict[str, str], asks: str) -> None:
    assert namespace_asks(labels) == asks


def test_ambient() -> None:
    ambient: dict[str, Any] = {"istio.io/dataplane-mode": "ambient"}
    assert is_ambient(ambient) and not is_ambient({"istio.io/dataplane-mode": "none"}) and not is_ambient({})
