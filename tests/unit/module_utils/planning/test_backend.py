# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.backend import (
    Backend,
    check_address,
    check_port,
    resolve,
)
from hypothesis import given
from hypothesis import strategies as st


def service(*ports: int) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": port} for port in ports]}}


SERVICES = {("traces", "collector"): service(9000, 4318)}


def resolved(address: str, port: int = 9000) -> Backend:
    return resolve(address, port, "cluster.local", "trace", lambda *key: SERVICES.get(key))


@pytest.mark.parametrize("value", [1, "9000", 65535])
def test_ports(value: object) -> None:
    assert check_port(value) == int(str(value))


@pytest.mark.parametrize("value", [0, -1, 65536, "", None, "http", "90.5", True, "9000/tcp", "9_000", "٩٠٠٠"])
def test_no_ports(value: object) -> None:
    with pytest.raises(InputError, match=r"wasm_filter_trace_backend_port=.*1 to 65535"):
        check_port(value)


@pytest.mark.parametrize(
    "value",
    ["collector.traces", "10.0.0.1", "2001:db8::1", "[2001:db8::1]", "Collector.Example.COM", "a", " a.b ", "a.b."],
)
def test_addresses(value: str) -> None:
    assert check_address(value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        "http://collector",
        "collector:9000",
        "collector/path",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "a_b",
        "a..b",
        "x" * 64,
        "10.0.0.1:9000",
        "[2001:db8::1]:9000",
        "a b",
        "é.example",
        ".".join(["abcdefgh"] * 32),
    ],
)
def test_no_addresses(value: str) -> None:
    with pytest.raises(InputError, match=r"without scheme, port or path"):
        check_address(value)


@pytest.mark.parametrize("value", ["", None, "  "])
def test_a_missing_address_says_how_to_give_one(value: object) -> None:
    with pytest.raises(InputError, match=r"WASM_FILTER_TRACE_BACKEND_ADDRESS"):
        check_address(value)


@given(st.text())
def test_whatever_is_given_is_taken_or_refused(value: str) -> None:
    with contextlib.suppress(InputError):
        assert check_address(value) == value.strip()


@pytest.mark.parametrize(
    "address",
    [
        "collector.traces",
        "collector.traces.svc",
        "collector.traces.svc.cluster.local",
        "Collector.Traces",
        "collector.traces.svc.",
    ],
)
def test_a_service_is_reached_through_the_cluster_of_the_mesh(address: str) -> None:
    found = resolved(address)
    assert found.cluster == "outbound|9000||collector.traces.svc.cluster.local"
    assert found.authority == "collector.traces.svc.cluster.local:9000"
    assert found.kind == "service"
    assert (found.added, found.warnings) == ([], [])


@pytest.mark.parametrize("address", ["collector.traces.", "Collector.Traces."])
def test_a_dot_at_the_end_of_two_labels_is_a_host_and_no_service(address: str) -> None:
    def never(namespace: str, name: str) -> None:
        raise AssertionError(f"looked up {namespace}/{name}")

    found = resolve(address, 9000, "cluster.local", "trace", never)
    assert endpoint(found) == {"type": "STRICT_DNS", "address": "collector.traces", "port_value": 9000}
    assert found.authority == "collector.traces:9000"
    assert found.warnings == ["traces go to collector.traces unencrypted, and it is not a Service of this cluster"]


def test_a_service_without_the_port_is_refused_with_the_ports_it_has() -> None:
    with pytest.raises(InputError, match=r"traces/collector has no such port; it has: 4318, 9000"):
        resolved("collector.traces", 80)


@pytest.mark.parametrize("address", ["gone.traces.svc", "gone.traces.svc.cluster.local", "gone.traces.svc."])
def test_a_service_that_is_missing_is_not_looked_up_in_dns(address: str) -> None:
    with pytest.raises(InputError, match=r"no Service gone in namespace traces"):
        resolved(address)


def test_a_pod_name_below_a_service_is_refused() -> None:
    with pytest.raises(InputError, match=r"NAME.NAMESPACE.svc"):
        resolved("web-0.collector.traces.svc")


def endpoint(found: Backend) -> dict[str, Any]:
    (cluster,) = found.added
    assert cluster["name"] == found.cluster == cluster["load_assignment"]["cluster_name"]
    socket: dict[str, Any] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    return {"type": cluster["type"], **socket["socket_address"]}


def test_another_name_is_resolved_by_envoy_and_warned_about() -> None:
    found = resolved("collector.example.com", 443)
    assert endpoint(found) == {"type": "STRICT_DNS", "address": "collector.example.com", "port_value": 443}
    assert found.authority == "collector.example.com:443"
    assert "unencrypted" in found.warnings[0]


@pytest.mark.parametrize("address", ["2001:4860:4860::8888", "[2001:4860:4860::8888]"])
def test_ipv6_has_brackets_only_in_the_authority(address: str) -> None:
    found = resolved(address)
    assert endpoint(found) == {"type": "STATIC", "address": "2001:4860:4860::8888", "port_value": 9000}
    assert found.authority == "[2001:4860:4860::8888]:9000"
    assert found.warnings


def test_a_private_address_is_not_warned_about() -> None:
    assert resolved("10.0.0.1").warnings == []
    assert resolved("8.8.8.8").warnings


def test_two_filters_bring_clusters_of_two_names() -> None:
    found = [resolve("a.example.com", 1, "cluster.local", name, lambda *_key: None).cluster for name in ("one", "two")]
    assert found[0] != found[1]
