# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.backend import Asked, Backend, resolve
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.services import Lookup

HOST = "collector.traces.svc.cluster.local"
NAMESPACES = ("traces", "shop", "com")


def service(name: str, *ports: Any, **spec: Any) -> dict[str, Any]:
    entries = [port if isinstance(port, dict) else {"port": port, "targetPort": port} for port in ports]
    whole = {"clusterIP": "10.96.0.9", "selector": {"app": name}, "ports": entries, **spec}
    return {"metadata": {"name": name, "namespace": "traces"}, "spec": whole}


def alias(name: str, leads_to: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "traces"},
        "spec": {"type": "ExternalName", "externalName": leads_to},
    }


SERVICES = [
    service(
        "collector", 9000, 4318, {"port": 80, "targetPort": 4317}, clusterIP="10.96.0.12", clusterIPs=["10.96.0.12"]
    ),
    service("udp", {"port": 9000, "protocol": "UDP"}),
    service("by-hand", 9000, selector=None),
    service("headless", 9000, {"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "http"}, clusterIP="None"),
    alias("here", HOST),
    alias("there", "Otel.Example.com."),
    alias("again", "here.traces.svc.cluster.local"),
    alias("circle", "circle.traces.svc.cluster.local"),
    alias("gone", "missing.traces.svc.cluster.local"),
    alias("itself", "localhost"),
    alias("digits", "10.0.0.7"),
    alias("headless-too", "headless.traces.svc.cluster.local"),
]


def lookup(listed: bool = True) -> Lookup:
    by_name = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in SERVICES}
    return Lookup(lambda *key: by_name.get(key), lambda: SERVICES if listed else None, NAMESPACES)


def resolved(address: str, port: int = 9000, listed: bool = True, **more: str) -> Backend:
    return resolve(Asked(address, port, "cluster.local", "trace", **more), lookup(listed))


def refused(address: str, port: int = 9000, listed: bool = True) -> str:
    with pytest.raises(InputError) as error:
        resolved(address, port, listed)
    return str(error.value)


@pytest.mark.parametrize(
    "address", ["collector.traces", "collector.traces.svc", HOST, "Collector.Traces", "collector.traces.svc."]
)
def test_a_service_is_reached_through_the_cluster_of_the_mesh(address: str) -> None:
    found = resolved(address)
    assert found.cluster == f"outbound|9000||{HOST}"
    assert found.authority == f"{HOST}:9000"
    assert found.kind == "service"
    assert (found.added, found.warnings) == ([], [])


@pytest.mark.parametrize("address", ["collector.traces.", "Collector.Traces."])
def test_a_dot_at_the_end_of_two_labels_is_a_host_and_no_service(address: str) -> None:
    def never(*key: str) -> None:
        raise AssertionError(f"looked up {key}")

    found = resolve(Asked(address, 9000, "cluster.local", "trace"), Lookup(never, never))
    assert endpoint(found) == {"type": "STRICT_DNS", "address": "collector.traces", "port_value": 9000}
    assert found.authority == "collector.traces:9000"
    assert found.warnings == ["traces go to collector.traces unencrypted, and it is not a Service of this cluster"]


def test_a_service_without_the_port_is_refused_with_the_ports_it_has() -> None:
    assert "traces/collector has no such port; it has: 80, 4318, 9000" in refused("collector.traces", 81)


def test_a_port_for_udp_alone_is_refused() -> None:
    assert "traces/udp has this port for UDP only" in refused("udp.traces")


@pytest.mark.parametrize(
    "address",
    ["colector.traces.svc", "colector.traces.svc.cluster.local", "colector.traces.svc.", "colector.traces"],
)
def test_a_service_that_is_missing_is_not_looked_up_in_dns(address: str) -> None:
    said = refused(address)
    assert said.startswith(f"wasm_filter_trace_backend_address={address!r}: there is no Service colector in namespace")
    assert "did you mean collector.traces" in said and "NAME.NAMESPACE" in said
    assert "did you mean" not in refused(address, listed=False)


@pytest.mark.parametrize(
    "address", ["collector.trace", "collector.monitoring", "nothing.shop", "collector.observability"]
)
def test_what_is_neither_a_service_nor_how_hosts_are_called_is_refused(address: str) -> None:
    name, namespace = address.split(".")
    said = refused(address)
    assert f"there is no Service {name} in namespace {namespace}" in said
    assert "named as NAME.NAMESPACE" in said and "another at its end" in said


def test_of_a_namespace_that_is_called_like_an_ending_of_hosts_it_is_a_service() -> None:
    assert "there is no Service example in namespace com" in refused("example.com")


@pytest.mark.parametrize("address", ["example.org", "collector.io", "collector.internal", "traces.example"])
def test_a_host_of_two_labels_is_taken_for_one_and_that_is_said(address: str) -> None:
    found = resolved(address)
    name, ending = address.split(".")
    assert endpoint(found)["address"] == address
    assert found.warnings[0].startswith(f"there is no Service {name} in namespace {ending}, so that {address} is taken")
    assert ("did you mean collector.traces" in found.warnings[0]) == (name == "collector")


@pytest.mark.parametrize(("address", "meant"), [("collector", " (did you mean collector.traces?)"), ("jaeger", "")])
def test_a_name_without_a_namespace_is_refused(address: str, meant: str) -> None:
    said = refused(address)
    assert f"names no Service, which is NAME.NAMESPACE{meant};" in said
    assert endpoint(resolved(f"{address}."))["address"] == address


@pytest.mark.parametrize(
    "address",
    ["web-0.collector.traces.svc", "svc.cluster.local", "collector.traces.cluster.local", "a.b.c.svc.cluster.local"],
)
def test_another_form_within_the_cluster_is_refused(address: str) -> None:
    assert "must have the form NAME.NAMESPACE.svc" in refused(address)


@pytest.mark.parametrize(
    "address", ["collector.traces.svc.k8s.corp", "collector.traces.scv", "collector.traces.service.cluster.lokal"]
)
def test_a_service_with_another_domain_is_refused(address: str) -> None:
    said = refused(address)
    assert "is no name of Service traces/collector, as wasm_filter_cluster_domain is cluster.local" in said


@pytest.mark.parametrize(
    "address",
    [
        *("a.b.svc.k8s.corp", "collector.traces.svc.clusterset.local", "10-0-0-7.traces.pod.cluster.local"),
        *("collector.traces.example.com", "collector.traces.svc.k8s.corp."),
    ],
)
def test_a_host_that_is_no_service_stays_one(address: str) -> None:
    assert endpoint(resolved(address))["address"] == address.rstrip(".")


def endpoint(found: Backend) -> dict[str, Any]:
    (cluster,) = found.added
    assert cluster["name"] == found.cluster == cluster["load_assignment"]["cluster_name"]
    assert cluster.get("dns_lookup_family") == ("V4_PREFERRED" if cluster["type"] == "STRICT_DNS" else None)
    socket: dict[str, Any] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    return {"type": cluster["type"], **socket["socket_address"]}


def test_another_name_is_resolved_by_envoy_and_warned_about() -> None:
    found = resolved("collector.example.com")
    assert endpoint(found) == {"type": "STRICT_DNS", "address": "collector.example.com", "port_value": 9000}
    assert found.authority == "collector.example.com:9000"
    (warning,) = found.warnings
    assert "unencrypted" in warning


def test_a_port_for_tls_is_warned_about() -> None:
    assert "port 443 of 10.0.0.1 most likely expects TLS" in resolved("10.0.0.1", 443).warnings[0]


@pytest.mark.parametrize("address", ["2001:4860:4860::8888", "[2001:4860:4860::8888]"])
def test_ipv6_has_brackets_only_in_the_authority(address: str) -> None:
    found = resolved(address)
    assert endpoint(found) == {"type": "STATIC", "address": "2001:4860:4860::8888", "port_value": 9000}
    assert found.authority == "[2001:4860:4860::8888]:9000"
    assert found.warnings


def test_a_private_address_is_not_warned_about() -> None:
    assert resolved("10.0.0.1").warnings == []
    assert resolved("8.8.8.8").warnings
    assert resolved("::ffff:8.8.8.8").warnings


@pytest.mark.parametrize("address", ["10.96.0.12", "::ffff:10.96.0.12", "[::ffff:10.96.0.12]"])
def test_a_cluster_ip_is_the_service(address: str) -> None:
    found = resolved(address)
    assert (found.cluster, found.kind, found.added) == (f"outbound|9000||{HOST}", "service", [])
    assert found.warnings == [
        f"{address} is the ClusterIP of Service traces/collector, and is reached as collector.traces"
    ]
    assert "traces/collector has no such port" in refused(address, 81)


def test_where_services_may_not_be_listed_that_is_said_of_an_address_in_the_cluster() -> None:
    (warning,) = resolved("10.96.0.12", listed=False).warnings
    assert "whether 10.96.0.12 is the ClusterIP of a Service is not known, as you may not list Services" in warning
    assert len(resolved("8.8.8.8", listed=False).warnings) == 1


def test_a_headless_service_is_reached_by_dns_at_the_port_of_its_pods() -> None:
    host = "headless.traces.svc.cluster.local"
    for port, target in ((9000, 9000), (80, 8080)):
        found = resolved("headless.traces", port)
        assert endpoint(found) == {"type": "STRICT_DNS", "address": host, "port_value": target}
        assert (found.kind, found.authority, found.service) == ("headless", f"{host}:{target}", None)
        (warning,) = found.warnings
        assert "is headless (clusterIP: None)" in warning and "unencrypted" in warning and "a ClusterIP" in warning


def test_the_named_port_of_a_headless_service_is_refused_with_the_way_out() -> None:
    said = refused("headless.traces", 81)
    assert "is headless (clusterIP: None), and which port of its pods is named http DNS does not tell" in said
    assert "name a Service with a ClusterIP for the same pods" in said


@pytest.mark.parametrize(("address", "hops"), [("here.traces", 1), ("again.traces.svc", 2)])
def test_an_alias_of_a_service_is_that_service(address: str, hops: int) -> None:
    found = resolved(address)
    assert (found.cluster, found.kind) == (f"outbound|9000||{HOST}", "service")
    assert len(found.warnings) == hops
    assert found.warnings[-1] == f"Service traces/here is of type ExternalName, another name for {HOST}"


def test_an_alias_of_a_host_is_that_host() -> None:
    found = resolved("there.traces")
    assert endpoint(found) == {"type": "STRICT_DNS", "address": "otel.example.com", "port_value": 9000}
    assert found.warnings == [
        "Service traces/there is of type ExternalName, another name for otel.example.com",
        "traces go to otel.example.com unencrypted, and it is not a Service of this cluster",
    ]
    assert resolved("headless-too.traces").kind == "headless"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("circle", "which leads in a circle"),
        ("gone", "and there is no Service missing in namespace traces"),
        ("itself", "another name for localhost: in a pod that is the pod itself"),
        ("digits", "which DNS does not answer for: give 10.0.0.7 itself"),
    ],
)
def test_an_alias_that_leads_nowhere_is_refused(name: str, said: str) -> None:
    address = f"{name}.traces"
    found = refused(address)
    assert said in found
    assert found.startswith(f"wasm_filter_trace_backend_address={address!r}: Service traces/")
    assert " is of type ExternalName" in found


def test_a_service_without_a_selector_is_warned_about() -> None:
    found = resolved("by-hand.traces")
    assert found.kind == "service"
    assert "traces/by-hand has no selector" in found.warnings[0]


@pytest.mark.parametrize(
    ("address", "port"),
    [("collector.traces", 80), ("collector.example.com", 4317), ("10.0.0.1", 4317), ("there.traces", 4317)],
)
def test_the_port_for_grpc_is_warned_about(address: str, port: int) -> None:
    assert f"port {port} is for gRPC" in resolved(address, port, trace_format="otlp").warnings[-1]
    assert not any("gRPC" in one for one in resolved(address, port).warnings)


def test_two_filters_bring_clusters_of_two_names() -> None:
    found = [resolve(Asked("a.example.com", 1, "cluster.local", name), lookup()).cluster for name in ("one", "two")]
    assert found[0] != found[1]
