# SPDX-License-Identifier: Apache-2.0
"""What is asked for, checked without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import DeliveryName, Options, State
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.findings import Findings
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.request import (
    BackendRequest,
    Request,
    check,
    namespace_names,
)

from tests.unit.objects import BINARY


def params(**changes: Any) -> dict[str, Any]:
    return {
        "state": "present",
        "namespaces": ["shop", "pay"],
        "filter_name": "trace",
        "config_map_name": "wasm-filter",
        "delivery": "configmap",
        "binary_path": str(BINARY),
        "binary_sha256": "",
        "backend_address": "collector.traces",
        "backend_port": "9000",
        "foreign": False,
        "sampling_enabled": False,
        "sampling_port": "9990",
        "trace_format": "",
        "filter_context": "outbound",
        "refused": [],
        "istio_namespace": "istio-system",
        "root_namespace_allowed": False,
        "cluster_domain": "cluster.local",
        "variables": {},
        "variables_given": [],
        "variables_known": [],
        "result_file": "",
        "plan_file": "",
        **changes,
    }


def refused(**changes: Any) -> list[str]:
    found = Findings()
    assert check(params(**changes), found) is None
    return found.errors


def granted(**changes: Any) -> Request:
    found = Findings()
    request = check(params(**changes), found)
    assert request is not None, found.errors
    assert (found.errors, found.warnings) == ([], [])
    return request


@pytest.mark.parametrize(
    "value",
    [
        "shop,pay",
        "shop pay",
        "shop, pay",
        " shop\n pay,,",
        ["shop", "pay"],
        ["shop", "pay", "shop"],
        [" shop ", "pay", ""],
    ],
)
def test_namespaces_as_people_write_them(value: object) -> None:
    assert namespace_names(value) == ["shop", "pay"]


def test_a_namespace_may_be_a_number() -> None:
    assert namespace_names([123]) == namespace_names("123") == ["123"]


@pytest.mark.parametrize("value", [None, "", " , ", []])
def test_no_namespace_at_all(value: object) -> None:
    with pytest.raises(InputError, match=r"at least one namespace"):
        namespace_names(value)


@pytest.mark.parametrize("value", ["Shop,pay", "shop;rm", ["../x"], ["a b"], "{{ x }}", True, {"shop": 1}, "x" * 64])
def test_no_namespace_of_such_a_name(value: object) -> None:
    with pytest.raises(InputError, match=r"namespaces=.*DNS labels"):
        namespace_names(value)


def test_good_input() -> None:
    request = granted(result_file="/r.json", plan_file="/p.json")
    assert (request.state, request.filter.delivery) == (State.PRESENT, DeliveryName.CONFIG_MAP)
    assert request.namespaces == ("shop", "pay")
    assert request.names.name == "trace"
    assert request.filter.binary and (request.filter.binary.path, request.filter.binary.size) == (
        str(BINARY),
        BINARY.stat().st_size,
    )
    assert "proxy_on_tick" in request.filter.binary.capabilities
    assert request.filter.backend == BackendRequest("collector.traces", 9000, None, "cluster.local")
    assert request.options == Options(result_file="/r.json", plan_file="/p.json")
    assert request.wave_sizes == (2,)


def test_how_to_go_about_it() -> None:
    variables = {
        "wasm_filter_timeout": "60",
        "wasm_filter_max_in_flight": "7",
        "wasm_filter_max_fail_percentage": "25",
        "wasm_filter_serial": [1, "100%"],
    }
    for state in ("present", "absent"):
        request = granted(state=state, namespaces="a,b,c", variables=variables)
        assert request.options == Options(60, 7, 25)
        assert request.wave_sizes == (1, 2)


def test_what_is_ill_before_is_of_no_concern_to_a_removal() -> None:
    assert granted(variables={"wasm_filter_ill_before": "roll"}).options.ill_before == "roll"
    for value in ("roll", "what", None):
        assert granted(state="absent", variables={"wasm_filter_ill_before": value}).options.ill_before == "skip"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "filter_name": "A",
        "namespaces": "B",
        "binary_path": str(tmp_path / "gone.wasm"),
        "backend_address": "http://x",
        "backend_port": 0,
        "sampling_enabled": True,
        "sampling_port": "x",
        "refused": ["wasm_filter_bodies=True: must be on or off"],
        "variables": {"wasm_filter_timeout": 0},
        "variables_given": ["wasm_filter_bodys"],
        "variables_known": ["wasm_filter_bodies"],
    }
    found = Findings()
    assert check(params(**wrong), found) is None
    assert len(found.errors) == 9
    message = found.message()
    assert message.startswith("Nothing was changed. 9 things have to be put right first:\n  - ")
    for variable in ("name", "binary_path", "trace_backend_port", "trace_sampling_port", "timeout"):
        assert f"wasm_filter_{variable}=" in message
    assert "namespaces='B'" in message
    assert "wasm_filter_bodies=True: must be on or off" in message
    assert "wasm_filter_bodys: there is no such variable; did you mean wasm_filter_bodies?" in message


def test_absent_looks_at_no_value_but_at_every_name() -> None:
    wrong: dict[str, Any] = {"variables": {"wasm_filter_selector": 0}, "filter_context": "gateway", "delivery": "x"}
    given = {"variables_given": ["wasm_filter_x"], "variables_known": ["wasm_filter_name"]}
    (error,) = refused(state="absent", **wrong, **given)
    assert error.startswith("wasm_filter_x: ")


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [("wasm_filter_timeout", 0), ("wasm_filter_max_in_flight", "all"), ("wasm_filter_max_fail_percentage", "10%")],
)
def test_how_to_go_about_it_is_checked_whatever_it_is_for(state: str, variable: str, value: object) -> None:
    (error,) = refused(state=state, variables={variable: value})
    assert error.startswith(f"{variable}={value!r}: must be ")


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_the_controller_refused_counts_whatever_it_is_for(state: str) -> None:
    assert refused(state=state, refused=["x"]) == ["x"]


def test_a_gateway_takes_no_config_map() -> None:
    (error,) = refused(filter_context="gateway")
    assert error.startswith("wasm_filter_context='gateway': ")
    assert "wasm_filter_delivery=inline" in error
    assert granted(filter_context="inbound")
    assert granted(filter_context="gateway", delivery="inline")


@pytest.mark.parametrize("path", [None, "", "/nonexistent/filter.wasm", "/"])
def test_a_binary_that_can_not_be_read(path: str | None) -> None:
    (error,) = refused(binary_path=path)
    assert error.startswith(f"wasm_filter_binary_path={path!r}: ")


def test_a_pinned_binary() -> None:
    binary = granted().filter.binary
    sha256 = binary.sha256 if binary else ""
    assert granted(binary_sha256=sha256.upper())
    (error,) = refused(binary_sha256="0" * 64)
    assert f"has the sha256 {sha256}" in error


@pytest.mark.parametrize("variable", ["wasm_filter_proof", "wasm_filter_proof_seconds", "wasm_filter_on_failure"])
def test_what_is_wrong_with_what_nobody_reads_holds_up_nobody(variable: str) -> None:
    assert granted(state="absent", variables={variable: "abc"}).options.result_file == ""


def test_going_back_reads_how_to_prove_it() -> None:
    given = {"wasm_filter_proof": "require", "wasm_filter_proof_seconds": "30"}
    options = granted(state="previous", variables=given).options
    assert (options.proof, options.proof_seconds) == ("require", 30)
    (error,) = refused(state="previous", variables={"wasm_filter_proof": "abc"})
    assert "wasm_filter_proof" in error


def test_absent_needs_neither_binary_nor_backend() -> None:
    request = granted(state="absent", binary_path=None, backend_address="", backend_port="x")
    assert (request.filter.binary, request.filter.backend) == (None, None)


def test_a_foreign_filter_needs_no_backend() -> None:
    assert granted(foreign=True, backend_address="", backend_port="x")


def test_a_delivery_that_does_not_exist() -> None:
    (error,) = refused(delivery="oci")
    assert error == "wasm_filter_delivery='oci': must be configmap or inline"


def test_a_binary_that_the_delivery_does_not_take(short_path: Path) -> None:
    large = short_path / "large.wasm"
    # A custom section of 300,000 bytes without a name.
    large.write_bytes(BINARY.read_bytes() + b"\0\xe0\xa7\x12" + bytes(300_000))
    assert granted(binary_path=str(large)).filter.binary
    (error,) = refused(binary_path=str(large), delivery="inline")
    assert error.startswith(f"wasm_filter_binary_path={str(large)!r}: has ") and "262144" in error


def test_the_port_to_ask_is_the_requests_only_where_it_is_asked() -> None:
    assert granted().filter.backend == BackendRequest("collector.traces", 9000, None, "cluster.local")
    assert granted(sampling_enabled=True).filter.backend == BackendRequest(
        "collector.traces", 9000, 9990, "cluster.local"
    )
