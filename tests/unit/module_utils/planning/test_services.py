# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.services import (
    did_you_mean,
    near,
    not_for,
    port_of,
    slim,
    with_cluster_ip,
)

PORT = "wasm_filter_trace_backend_port"


def service(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


SERVICES = [
    service("collector", "traces", clusterIP="10.96.0.12", clusterIPs=["10.96.0.12", "fd00::12"]),
    service("collector-headless", "traces", clusterIP="None", clusterIPs=["None"]),
    service("otel", "observability", clusterIP="10.96.0.1"),
    service("collector", "elsewhere", clusterIP="fd00:0:0::13"),
    service("alias", "traces", type="ExternalName", externalName="otel.example.com"),
]


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("10.96.0.12", ("collector", "traces")),
        ("fd00::12", ("collector", "traces")),
        ("10.96.0.1", ("otel", "observability")),
        ("fd00::13", ("collector", "elsewhere")),
        ("10.96.0.2", None),
    ],
)
def test_a_cluster_ip_is_its_services_in_both_families(address: str, label: tuple[str, str] | None) -> None:
    found = with_cluster_ip(SERVICES, ipaddress.ip_address(address))
    assert (found and (found["metadata"]["name"], found["metadata"]["namespace"])) == label


@pytest.mark.parametrize(
    ("name", "namespace", "first"),
    [
        ("collector", "trace", "collector.traces"),
        ("colector", "traces", "collector.traces"),
        ("collector", "observability", "collector."),
        ("otel", "observabilty", "otel.observability"),
        ("collector", "", "collector."),
        ("colector", "", "collector."),
        ("collector-headles", "", "collector-headless.traces"),
    ],
)
def test_names_that_are_written_alike(name: str, namespace: str, first: str) -> None:
    assert near(SERVICES, name, namespace)[0].startswith(first)


def test_nothing_is_like_what_is_quite_another() -> None:
    assert near(SERVICES, "grafana", "com") == near(SERVICES, "jaeger") == near([], "collector") == []
    assert did_you_mean([]) == ""
    assert did_you_mean(["a.b", "c.d"]) == " (did you mean a.b or c.d?)"


def test_there_are_three_of_them_at_most() -> None:
    assert len(near([service("collector", f"team-{at}") for at in range(9)], "collector", "team")) == 3


PORTS = service(
    "collector",
    "traces",
    ports=[
        {"port": 9000, "protocol": "TCP", "targetPort": 8080, "nodePort": 30001},
        {"port": 4318},
        {"port": 6831, "protocol": "UDP"},
        {"port": 53, "protocol": "UDP"},
        {"port": 53, "protocol": "TCP", "name": "dns-tcp"},
        {"port": 132, "protocol": "SCTP"},
    ],
)


def test_a_port_is_the_one_for_tcp() -> None:
    assert port_of(PORTS, 4318, PORT) == {"port": 4318}
    assert port_of(PORTS, 53, PORT)["name"] == "dns-tcp"


@pytest.mark.parametrize(
    ("port", "said"),
    [
        (
            6831,
            "Service traces/collector has this port for UDP only, and traces go by TCP; it has for TCP: 53, 4318, 9000",
        ),
        (132, "has this port for SCTP only"),
        (80, "Service traces/collector has no such port; it has: 53, 4318, 9000"),
        (8080, "it has: 53, 4318, 9000 (8080 is what is behind its port 9000)"),
        (30001, "it has: 53, 4318, 9000 (30001 is what is behind its port 9000)"),
    ],
)
def test_a_port_that_is_none_says_which_there_are(port: int, said: str) -> None:
    with pytest.raises(InputError) as refused:
        port_of(PORTS, port, PORT)
    assert str(refused.value).startswith(f"{PORT}={port}: Service traces/collector has ")
    assert said in str(refused.value)


def test_a_service_without_ports_has_none() -> None:
    for ports in (None, [], [{"port": 1, "protocol": "UDP"}]):
        with pytest.raises(InputError, match=r"it has(?: for TCP)?: none"):
            port_of(service("a", "b", ports=ports), 1, PORT)


GRPC, TLS, OTHER = "is for gRPC", "takes TLS by its name", "is OTLP's, and traces go there with"


@pytest.mark.parametrize(
    ("entry", "port", "trace_format", "said"),
    [
        ({}, 4317, "otlp", GRPC),
        ({}, 4317, "publish", GRPC),
        ({"targetPort": 4317}, 80, "otlp", GRPC),
        ({"name": "otlp-grpc"}, 80, "otlp", GRPC),
        ({"name": "grpc"}, 80, "ndjson", GRPC),
        ({"targetPort": "otlp-grpc"}, 80, "otlp", GRPC),
        ({"appProtocol": "grpc"}, 80, "otlp", GRPC),
        ({"name": "https-traces"}, 443, "otlp", TLS),
        ({"appProtocol": "tls"}, 9000, "publish", TLS),
        ({}, 4318, "publish", OTHER),
        ({"targetPort": 4318}, 80, "apiclarity", OTHER),
    ],
)
def test_a_port_for_something_else_is_told(entry: dict[str, Any], port: int, trace_format: str, said: str) -> None:
    (warning,) = not_for(entry, port, trace_format)
    assert said in warning
    assert not_for(entry, port, "") == []


@pytest.mark.parametrize(
    ("entry", "port", "trace_format"),
    [
        ({}, 4318, "otlp"),
        ({"name": "otlp-http", "targetPort": 4318}, 80, "otlp"),
        ({"name": "http", "targetPort": "http"}, 9000, "publish"),
        ({"name": "grpcish"}, 9000, "publish"),
    ],
)
def test_a_port_that_may_be_right_is_not(entry: dict[str, Any], port: int, trace_format: str) -> None:
    assert not_for(entry, port, trace_format) == []


def test_what_is_kept_of_a_service_is_all_that_is_looked_at() -> None:
    whole = service("a", "b", clusterIP="10.0.0.1", ports=[{"port": 1}], selector={"app": "a"}, sessionAffinity="None")
    whole["metadata"]["uid"] = "1"
    whole["status"] = {"loadBalancer": {}}
    assert slim(whole) == service("a", "b", clusterIP="10.0.0.1", ports=[{"port": 1}], selector={"app": "a"})
    assert slim({"metadata": {"name": "a", "namespace": "b"}}) == service("a", "b")
