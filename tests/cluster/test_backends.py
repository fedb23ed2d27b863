# SPDX-License-Identifier: Apache-2.0
"""Services of each kind as a backend, and what is none: reached as the mesh can, or refused before anything changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import only_pod, versions

ADDRESS, PORT = "wasm_filter_trace_backend_address", "wasm_filter_trace_backend_port"
Service = dict[str, Any]


@pytest.fixture(scope="module")
def shop(app: Callable[..., str]) -> str:
    return app("backends")


@pytest.fixture(scope="module")
def services(kubectl: Kubectl, backend: Backend) -> Backend:
    """Beside `collector`, other Services for the same pods, and some for none."""

    def one(name: str, ports: list[dict[str, Any]], **spec: Any) -> Service:
        found = manifests.service(backend.namespace, name)
        found["spec"] = {"selector": {"app": "collector"}, "ports": ports, **spec}
        return found

    http = {"name": "http", "port": 9000, "targetPort": 9000}
    grpc = {"name": "otlp-grpc", "port": 4317, "targetPort": 9000}
    full = f"collector.{backend.namespace}.svc.cluster.local"
    kubectl.apply(
        one("headless", [http, {"name": "other", "port": 80, "targetPort": 9000}], clusterIP="None"),
        one("named", [{**http, "targetPort": "http"}], clusterIP="None"),
        one("udp", [{"name": "udp", "port": 9000, "protocol": "UDP"}]),
        one("grpc", [grpc]),
        {**one("alias", []), "spec": {"type": "ExternalName", "externalName": full}},
        {**one("outside", []), "spec": {"type": "ExternalName", "externalName": "otel.example.com"}},
        {**one("itself", []), "spec": {"type": "ExternalName", "externalName": "localhost"}},
    )
    return backend


def said(outcome: Outcome) -> str:
    return " ".join(outcome.output.split())


@pytest.fixture
def traced(kubectl: Kubectl, collection: Collection, services: Backend, shop: str) -> Iterator[Callable[..., Outcome]]:
    """A deploy whose traces arrive."""

    def trace(marker: str, **variables: Any) -> Outcome:
        outcome = collection.deploy(shop, wasm_filter_delivery="inline", **variables)
        assert outcome.status == 0, outcome.output
        pod = only_pod(kubectl, shop)["metadata"]["name"]
        envoy_filter = kubectl.get("envoyfilter", "trace-filter", "-n", shop)
        revision = envoy_filter["metadata"]["labels"]["wasm-filters.openclarity.io/revision"]
        eventually("the filter runs", lambda: kubectl.revision_running(shop, pod) == revision)
        assert kubectl.call(shop, pod, f"http://web.{shop}/echo?{marker}=1")["status"] == 200
        services.trace_of(f"{marker}=1")
        return outcome

    yield trace
    collection.remove(shop)


def chosen(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = outcome.result["run"]["leaves"]["backend"]
    return found


def test_a_cluster_ip_is_reached_as_its_service(
    kubectl: Kubectl, services: Backend, traced: Callable[..., Outcome]
) -> None:
    namespace = services.namespace
    address = kubectl.get("service", "collector", "-n", namespace)["spec"]["clusterIP"]
    outcome = traced("clusterip", **{ADDRESS: address})
    assert chosen(outcome)["cluster"] == f"outbound|9000||collector.{namespace}.svc.cluster.local"
    assert f"{address} is the ClusterIP of Service {namespace}/collector" in said(outcome)


def test_a_headless_service_is_reached_by_dns(services: Backend, traced: Callable[..., Outcome]) -> None:
    for port in (9000, 80):
        outcome = traced(f"headless{port}", **{ADDRESS: f"headless.{services.namespace}", PORT: port})
        assert chosen(outcome)["kind"] == "headless"
        assert f"Service {services.namespace}/headless is headless (clusterIP: None)" in said(outcome)


def test_an_external_name_is_followed(
    services: Backend, shop: str, collection: Collection, traced: Callable[..., Outcome]
) -> None:
    namespace = services.namespace
    outcome = traced("alias", **{ADDRESS: f"alias.{namespace}"})
    assert chosen(outcome)["cluster"] == f"outbound|9000||collector.{namespace}.svc.cluster.local"
    assert f"Service {namespace}/alias is of type ExternalName" in said(outcome)

    outside = collection.deploy(shop, "--check", **{ADDRESS: f"outside.{namespace}"})

    assert outside.status == 0, outside.output
    assert chosen(outside)["address"] == "otel.example.com:9000"
    assert "traces go to otel.example.com unencrypted" in said(outside)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({ADDRESS: "127.0.0.1"}, "in a pod that is the pod itself"),
    ({ADDRESS: "ip6-localhost"}, "in a pod that is the pod itself"),
    ({ADDRESS: "169.254.169.254"}, "the cloud's metadata service"),
    ({ADDRESS: "0x7f.1"}, "an IPv4 address has four decimal numbers"),
    ({ADDRESS: "collector"}, "names no Service, which is NAME.NAMESPACE (did you mean collector.{traces}"),
    (
        {ADDRESS: "colector.{traces}"},
        "there is no Service colector in namespace {traces} (did you mean collector.{traces}",
    ),
    ({ADDRESS: "collector.{traces}x"}, "there is no Service collector in namespace {traces}x (did you mean collector."),
    ({ADDRESS: "collector.{traces}.cluster.local"}, "must have the form NAME.NAMESPACE.svc"),
    ({ADDRESS: "udp.{traces}"}, "Service {traces}/udp has this port for UDP only, and traces go by TCP"),
    ({PORT: 8080}, "Service {traces}/collector has no such port; it has: 9000"),
    ({PORT: "http"}, "must be a port from 1 to 65535, not the name of one"),
    (
        {ADDRESS: "named.{traces}"},
        "is headless (clusterIP: None), and which port of its pods is named http DNS does not tell",
    ),
    ({ADDRESS: "itself.{traces}"}, "another name for localhost: in a pod that is the pod itself"),
]


@pytest.mark.parametrize(("given", "why"), REFUSED, ids=[json.dumps(given) for given, _why in REFUSED])
def test_what_traces_can_not_be_sent_to_is_refused_before_anything_is_changed(
    kubectl: Kubectl, services: Backend, shop: str, collection: Collection, given: dict[str, Any], why: str
) -> None:
    variables = {
        name: value.replace("{traces}", services.namespace) if isinstance(value, str) else value
        for name, value in given.items()
    }
    before = versions(kubectl, shop)

    outcome = collection.deploy(shop, **variables)

    # Of a Service that there is, it is the port that is wrong.
    name, value = (PORT, 9000) if "UDP" in why else next(iter(variables.items()))
    assert outcome.status != 0 and outcome.result == {}
    assert f"Nothing was changed. {name}={value!r}: " in said(outcome), outcome.output
    assert why.replace("{traces}", services.namespace) in said(outcome), outcome.output
    assert versions(kubectl, shop) == before


def test_the_port_for_grpc_is_warned_about(services: Backend, shop: str, collection: Collection) -> None:
    to = {ADDRESS: f"grpc.{services.namespace}", PORT: 4317, "wasm_filter_trace_format": "otlp"}
    outcome = collection.deploy(shop, "--check", **to)
    assert outcome.status == 0, outcome.output
    assert "port 4317 is for gRPC, by which no traces are sent" in said(outcome)
