"""Checks of the backend and of its other port, which tells what hosts to trace."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.preflight.checks import Findings

from tests.unit.fake_api import FakeApi, Fault
from tests.unit.module_utils.preflight.test_checks import SERVICE, checked
from tests.unit.objects import namespace


def test_a_backend_outside_the_mesh_is_warned_about() -> None:
    found = checked(FakeApi(namespace("shop"), namespace("pay")), backend_address="collector.example.com")
    assert len(found.warnings) == 1
    assert found.facts["backend"]["kind"] == "strict_dns"
    assert "warnings" not in found.facts["backend"]


def test_a_service_that_may_not_be_read_is_an_input_error() -> None:
    api = FakeApi(namespace("shop"), namespace("pay"), SERVICE)
    api.faults.append(Fault("GET .*/services/collector", 403))
    (error,) = checked(api).errors
    assert error.startswith(
        "wasm_filter_trace_backend_address='collector.traces': may be Service collector in namespace"
    )
    assert "refused by the test with 403" in error
    # What the sentence advises for a host works.
    found = checked(api, backend_address="collector.traces.")
    assert (found.errors, found.facts["backend"]["kind"]) == ([], "strict_dns")


def test_a_service_without_the_port_is_an_error() -> None:
    found = checked(FakeApi(namespace("shop"), namespace("pay"), SERVICE), backend_port=80)
    assert "it has: 9000" in found.errors[0]


SAMPLED = {**SERVICE, "spec": {"ports": [{"port": 9000}, {"port": 9990}]}}


def sampled(service: dict[str, Any], **changes: Any) -> Findings:
    api = FakeApi(namespace("shop"), namespace("pay"), service)
    return checked(api, sampling_enabled=True, **changes)


def test_the_port_that_tells_what_to_trace_is_the_services_other_one() -> None:
    found = sampled(SAMPLED)
    assert found.errors == []
    host = "collector.traces.svc.cluster.local"
    assert found.facts["hosts_from"] == {"cluster": f"outbound|9990||{host}", "authority": f"{host}:9990"}
    assert found.facts["backend"]["cluster"] == f"outbound|9000||{host}"


def test_a_service_without_the_sampling_port_is_an_error_where_it_is_asked_for() -> None:
    (error,) = sampled(SERVICE).errors
    assert error == "wasm_filter_trace_sampling_port=9990: Service traces/collector has no such port; it has: 9000"
    assert checked(FakeApi(namespace("shop"), namespace("pay"), SERVICE)).errors == []


def test_both_ports_that_a_service_has_not_are_told_at_once() -> None:
    errors = sampled(SERVICE, backend_port=1, sampling_port=2).errors
    assert [error.partition("=")[0] for error in errors] == [
        "wasm_filter_trace_backend_port",
        "wasm_filter_trace_sampling_port",
    ]


def test_a_service_that_does_not_exist_is_told_once() -> None:
    (error,) = sampled(SAMPLED, backend_address="gone.traces.svc").errors
    assert error == "wasm_filter_trace_backend_address='gone.traces.svc': there is no Service gone in namespace traces"


def test_only_a_service_can_be_asked_what_to_trace() -> None:
    (error,) = sampled(SAMPLED, backend_address="192.0.2.1").errors
    assert error.startswith("wasm_filter_trace_sampling_enabled=True: ")
    assert "wasm_filter_trace_backend_address=192.0.2.1 is none" in error


def test_a_foreign_filter_asks_nobody() -> None:
    assert sampled(SERVICE, foreign=True).errors == []
