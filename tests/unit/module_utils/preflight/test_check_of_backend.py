# SPDX-License-Identifier: Apache-2.0
"""Checks of the backend and of its other port, which tells what hosts to trace."""

from __future__ import annotations

from typing import Any

from tests.unit.module_utils.preflight.read_only_api import SERVICE, ReadOnlyApi
from tests.unit.module_utils.preflight.test_check import checked, granted, refused
from tests.unit.objects import namespace

SAMPLED = {**SERVICE, "spec": {**SERVICE["spec"], "ports": [{"port": 9000}, {"port": 9990}]}}
HOST = "collector.traces.svc.cluster.local"


def api(service: dict[str, Any] | None = None) -> ReadOnlyApi:
    return ReadOnlyApi(namespace("shop"), namespace("pay"), service=service)


def test_a_backend_outside_the_mesh_is_warned_about() -> None:
    result, found = checked(api(), backend_address="collector.example.com")
    assert len(found.warnings) == 1
    assert result and result.backend and result.backend.kind == "strict_dns"


def test_a_service_that_may_not_be_read_is_an_input_error() -> None:
    forbidden = api(SERVICE)
    forbidden.refused["GET .*/services/collector"] = 403
    (error,) = refused(forbidden)
    assert error.startswith(
        "wasm_filter_trace_backend_address='collector.traces': may be Service collector in namespace"
    )
    assert "refused by the test with 403" in error
    # What the sentence advises for a host works.
    result, found = checked(forbidden, backend_address="collector.traces.")
    assert found.errors == []
    assert result and result.backend and result.backend.kind == "strict_dns"


def test_a_service_without_the_port_is_an_error() -> None:
    assert "it has: 9000" in refused(api(SERVICE), backend_port=80)[0]


def test_the_port_that_tells_what_to_trace_is_the_services_other_one() -> None:
    result = granted(api(SAMPLED), sampling_enabled=True)
    assert result.hosts_from and result.backend
    assert (result.hosts_from.cluster, result.hosts_from.authority) == (f"outbound|9990||{HOST}", f"{HOST}:9990")
    assert result.backend.cluster == f"outbound|9000||{HOST}"


def test_a_service_without_the_sampling_port_is_an_error_where_it_is_asked_for() -> None:
    (error,) = refused(api(SERVICE), sampling_enabled=True)
    assert error == "wasm_filter_trace_sampling_port=9990: Service traces/collector has no such port; it has: 9000"
    assert granted(api(SERVICE))


def test_both_ports_that_a_service_has_not_are_told_at_once() -> None:
    errors = refused(api(SERVICE), sampling_enabled=True, backend_port=1, sampling_port=2)
    assert [error.partition("=")[0] for error in errors] == [
        "wasm_filter_trace_backend_port",
        "wasm_filter_trace_sampling_port",
    ]


def test_a_service_that_does_not_exist_is_told_once() -> None:
    (error,) = refused(api(SAMPLED), sampling_enabled=True, backend_address="gone.traces.svc")
    assert error == (
        "wasm_filter_trace_backend_address='gone.traces.svc': there is no Service gone in namespace traces; "
        "a Service is named as NAME.NAMESPACE"
    )


def test_only_a_service_can_be_asked_what_to_trace() -> None:
    (error,) = refused(api(SAMPLED), sampling_enabled=True, backend_address="192.0.2.1")
    assert error.startswith("wasm_filter_trace_sampling_enabled=True: ")
    assert "wasm_filter_trace_backend_address=192.0.2.1 is none" in error


def test_a_foreign_filter_asks_nobody() -> None:
    assert granted(api(SERVICE), sampling_enabled=True, foreign=True)


def services_asked(one: ReadOnlyApi) -> list[str]:
    return [request for request in one.requests if "/services" in request]


LIST = "LIST /api/v1/services"
NAMED = "GET /api/v1/namespaces/{}/services/{}"


def test_services_are_listed_once_and_only_where_that_tells_something() -> None:
    for address, asked in (
        ("collector.traces", [NAMED.format("traces", "collector")]),
        ("collector.example.com", []),
        ("collector.traces.", []),
        ("10.0.0.7", [LIST]),
        ("collector.org", [NAMED.format("org", "collector"), LIST]),
    ):
        one = api(SAMPLED)
        checked(one, backend_address=address)
        assert services_asked(one) == asked, address
    one = api(SAMPLED)
    granted(one, backend_address="10.96.0.12", sampling_enabled=True)
    assert services_asked(one) == [LIST]
    one = api(SAMPLED)
    granted(one, backend_address="10.96.0.12", state="absent")
    granted(one, backend_address="10.96.0.12", foreign=True)
    assert services_asked(one) == []


def test_a_cluster_ip_is_its_service() -> None:
    result, found = checked(api(SAMPLED), backend_address="10.96.0.12", sampling_enabled=True)
    assert result and result.backend and result.hosts_from
    assert result.backend.cluster == f"outbound|9000||{HOST}"
    assert result.hosts_from.cluster == f"outbound|9990||{HOST}"
    assert found.warnings == [
        "10.96.0.12 is the ClusterIP of Service traces/collector, and is reached as collector.traces"
    ]


def test_without_the_right_to_list_services_an_address_is_taken_as_it_is() -> None:
    one = api(SERVICE)
    one.refused["LIST /api/v1/services"] = 403
    result, found = checked(one, backend_address="10.96.0.12")
    assert result and result.backend and result.backend.kind == "static"
    assert "is not known, as you may not list Services" in found.warnings[0]


def test_a_namespace_that_exists_tells_a_service_from_a_host() -> None:
    one = ReadOnlyApi(namespace("shop"), namespace("pay"), namespace("io"), service=SERVICE)
    (error,) = refused(one, backend_address="collector.io")
    assert "there is no Service collector in namespace io (did you mean collector.traces?)" in error
    assert granted(one, backend_address="collector.dev")


def test_a_headless_service_can_not_be_asked_what_to_trace() -> None:
    headless = {**SAMPLED, "spec": {**SAMPLED["spec"], "clusterIP": "None"}}
    (error,) = refused(api(headless), sampling_enabled=True)
    assert "needs one that is a Service of this cluster with a ClusterIP" in error
    result, found = checked(api(headless))
    assert result and result.backend and result.backend.kind == "headless"
    assert len(found.warnings) == 1


def test_the_port_for_grpc_is_warned_about_before() -> None:
    service = {**SERVICE, "spec": {**SERVICE["spec"], "ports": [{"port": 4317}]}}
    _result, found = checked(api(service), backend_port=4317, trace_format="otlp")
    (warning,) = found.warnings
    assert warning == "port 4317 is for gRPC, by which no traces are sent: OTLP/HTTP, the format otlp, has port 4318"
