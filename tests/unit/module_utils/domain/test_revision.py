# SPDX-License-Identifier: Apache-2.0
"""R is a promise to clusters that run it: these values must never change within one format version."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.filter.revision import FilterModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import (
    DIGITS,
    DNS_FAMILY,
    UNKNOWN,
    canonical_json,
    counted,
    revision,
)
from hypothesis import given
from hypothesis import strategies as st

ZEROS = "0" * 64
# By hand: printf %s 'HASHED' | sha256sum | cut -c-10
VECTORS = [
    (ZEROS, {}, {}, '{"configuration":{},"envoy_filter":{},"format":1,"wasm":"' + ZEROS + '"}', "1a5efe116e"),
    (
        "ab" * 32,
        {"b": 1, "a": ["é", True, None]},
        {"configPatches": [{"applyTo": "HTTP_FILTER"}]},
        '{"configuration":{"a":["é",true,null],"b":1},"envoy_filter":{"configPatches":[{"applyTo":"HTTP_FILTER"}]},'
        '"format":1,"wasm":"' + "ab" * 32 + '"}',
        "77e076606e",
    ),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("wasm", "configuration", "spec", "hashed", "expected"), VECTORS)
def test_vectors(wasm: str, configuration: Any, spec: Any, hashed: str, expected: str) -> None:
    assert hashlib.sha256(hashed.encode()).hexdigest()[:10] == expected
    assert revision(wasm, configuration, spec) == expected


@given(JSON, JSON)
def test_is_a_label_value_and_exact_as_a_double(configuration: Any, spec: Any) -> None:
    found = revision(ZEROS, configuration, spec)
    assert len(found) == DIGITS == len(UNKNOWN)
    assert int(found, 16) < 2**53


@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=5))
def test_order_of_keys_makes_no_difference(spec: dict[str, Any]) -> None:
    reverse = dict(reversed(spec.items()))
    assert revision(ZEROS, spec, {}) == revision(ZEROS, reverse, {})
    assert revision(ZEROS, {}, spec) == revision(ZEROS, {}, reverse)


def test_each_part_counts() -> None:
    parts = [(ZEROS, {}, {}), ("1" * 64, {}, {}), (ZEROS, {"a": 1}, {}), (ZEROS, {}, {"a": 1}), (ZEROS, {"a": "1"}, {})]
    assert len({revision(*part) for part in parts}) == len(parts)


def test_order_of_a_list_counts() -> None:
    assert revision(ZEROS, [1, 2], {}) != revision(ZEROS, [2, 1], {})


def test_not_a_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_the_jinja_filter_takes_the_spec_first() -> None:
    from_spec = FilterModule().filters()["revision"]
    assert from_spec({"spec": 1}, ZEROS, {"configuration": 1}) == revision(ZEROS, {"configuration": 1}, {"spec": 1})


def cluster(name: str, **more: Any) -> dict[str, Any]:
    return {"configPatches": [{"applyTo": "CLUSTER", "patch": {"operation": "ADD", "value": {"name": name, **more}}}]}


OURS = cluster("wasm-filter-trace|9000||collector.example.com")


def test_the_dns_family_that_came_later_is_not_counted() -> None:
    """Who upgrades restarts nothing."""
    with_family = cluster("wasm-filter-trace|9000||collector.example.com", **DNS_FAMILY)
    assert counted(with_family) == OURS == counted(OURS)
    assert revision(ZEROS, {}, with_family) == revision(ZEROS, {}, OURS)


def test_all_else_is_counted() -> None:
    theirs = cluster("theirs", **DNS_FAMILY)
    other = cluster("wasm-filter-trace|9000||a", dns_lookup_family="V6_ONLY")
    filters = {"configPatches": [{**theirs["configPatches"][0], "applyTo": "HTTP_FILTER"}]}
    odd = [{"configPatches": value} for value in (None, [], "x", [None], [{"patch": None}], [{"patch": {"value": 1}}])]
    for spec in (theirs, other, filters, {}, None, *odd):
        assert counted(spec) == spec
