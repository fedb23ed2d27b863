# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import InputError
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import (
    NAME_MAX,
    FilterNames,
    is_dns_label,
)
from hypothesis import given
from hypothesis import strategies as st

LABEL_KEY = re.compile(r"[a-z0-9.-]{1,253}/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
FILTER_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)


def test_names_of_the_default_filter() -> None:
    names = FilterNames("trace")
    assert names.pod_label == names.extension == names.field_manager == "wasm-filters.openclarity.io/trace"
    assert names.volume == "wasm-filter-trace"
    assert names.mount_path == "/var/local/wasm-filter/trace"
    assert names.config_map("0123456789") == "wasm-filter-0123456789"
    assert names.envoy_filter("0123456789") == "trace-filter-0123456789"
    assert names.envoy_filter(None) == "trace-filter"
    assert (
        names.selector
        == "app.kubernetes.io/managed-by=openclarity.wasm_filters,wasm-filters.openclarity.io/filter=trace"
    )
    assert names.labels("r")["wasm-filters.openclarity.io/revision"] == "r"


@given(FILTER_NAMES)
def test_every_allowed_name_gives_names_that_kubernetes_takes(name: str) -> None:
    names = FilterNames(name)
    for key in (names.pod_label, names.original_annotation, names.previous_annotation, names.back_from_annotation):
        assert LABEL_KEY.fullmatch(key)
    assert is_dns_label(names.volume)
    assert is_dns_label(names.envoy_filter("0123456789"))
    assert len(names.field_manager) <= 128


@given(FILTER_NAMES, FILTER_NAMES)
def test_two_filters_share_no_name(one: str, other: str) -> None:
    first, second = FilterNames(one), FilterNames(other)
    if one != other:
        for name in ("pod_label", "original_annotation", "volume", "mount_path", "field_manager", "selector"):
            assert getattr(first, name) != getattr(second, name)
        assert first.envoy_filter(None) != second.envoy_filter("0123456789")


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a.b", "a_b", "a b", "é", "a\n", "x" * (NAME_MAX + 1), "{{ 1 }}", "../a"]
)
def test_a_name_that_is_no_label_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"wasm_filter_name=.*DNS label"):
        FilterNames(name)


@pytest.mark.parametrize("name", ["", ".", "a..b", "A", "a/b", "x" * 201, "a\n"])
def test_a_config_map_name_that_is_no_subdomain_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"wasm_filter_config_map_name=.*DNS subdomain"):
        FilterNames("trace", name)


@pytest.mark.parametrize("text", ["a", "0", "a-b", "a" * 63, "localhost", "all", "123"])
def test_labels(text: str) -> None:
    assert is_dns_label(text)


@pytest.mark.parametrize("text", ["", "a" * 64, "a.b", "a\n", "-", "a-", "\u0661"])
def test_no_labels(text: str) -> None:
    assert not is_dns_label(text)
