# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.sidecar_stats import (
    SidecarStats,
    parse,
    path,
)
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

PAGE = """\
# TYPE wasmcustom_trace_revision gauge
wasmcustom_trace_revision{} 1016453869467
# TYPE wasmcustom_trace_heartbeat gauge
wasmcustom_trace_heartbeat{} 1795667701
wasmcustom_trace_sent{} 12
wasmcustom_trace_failed{} 3
wasmcustom_trace_dropped{reason="busy"} 1
wasmcustom_trace_dropped{reason="memory"} 4
wasmcustom_shop_audit_revision{} 7
# TYPE envoy_listener_manager_lds_update_rejected counter
envoy_listener_manager_lds_update_rejected{} 2
envoy_listener_manager_total_filter_chains_draining{} 5
"""
NAMES = ["revision", "heartbeat", "sent", "failed", "dropped"]


def test_a_page_as_envoy_writes_it() -> None:
    found = parse(PAGE, "trace")
    assert found == SidecarStats("eca95f2f9b", 1795667701, 2, 5, 12, 3, 5)
    assert found.metrics() == {
        "heartbeat": 1795667701,
        "rejected": 2,
        "draining": 5,
        "sent": 12,
        "failed": 3,
        "dropped": 5,
    }


def test_a_filter_of_another_name_is_another_filter() -> None:
    assert parse(PAGE, "shop-audit").revision == "0000000007"
    assert parse(PAGE, "audit") == SidecarStats(rejected=2, draining=5)


def test_a_page_of_something_else_is_told_from_one_without_a_filter() -> None:
    assert parse("", "trace") == SidecarStats()
    with pytest.raises(ValueError, match="could not convert"):
        parse("wasmcustom_trace_revision{} nothing\n", "trace")


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2**40), min_size=1), st.text(max_size=20))
def test_it_reads_what_prometheus_reads(values: dict[str, int], label: str) -> None:
    registry = CollectorRegistry()
    for name, value in values.items():
        Gauge(f"wasmcustom_trace_{name}", label or "-", ["of"], registry=registry).labels(label).set(value)
    page = generate_latest(registry).decode()
    read = {
        family.name.removeprefix("wasmcustom_trace_"): int(sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    found = parse(page, "trace")
    assert read == values
    assert found.revision == (f"{values['revision']:010x}" if "revision" in values else "")
    assert {name: getattr(found, name) for name in NAMES[1:]} == {name: values.get(name, 0) for name in NAMES[1:]}


def test_the_page_is_asked_for_by_way_of_the_api_server_and_in_part() -> None:
    assert path("shop", "web-1").startswith("/api/v1/namespaces/shop/pods/web-1:15090/proxy/stats/prometheus?filter=")
    assert "%5E%28wasmcustom%7Clistener_manager%29" in path("shop", "web-1")
