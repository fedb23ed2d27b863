# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.surroundings import (
    backend_hidden,
    no_istiod,
    not_discovered,
    old_filter,
)

from tests.unit.module_utils.planning.test_old_script import envoy_filter, patched
from tests.unit.module_utils.planning.test_visibility import ROOT, backend, sidecar
from tests.unit.objects import kind_of


def test_namespaces_that_the_backend_is_hidden_from_are_named_together() -> None:
    (said,) = backend_hidden(backend("."), ["shop", "pay"], [], ROOT)
    assert said.startswith("namespaces shop, pay: proxies have no cluster for the trace backend, Service traces/coll")
    (said,) = backend_hidden(backend(), ["shop", "pay"], [sidecar("./*")], ROOT)
    assert said.startswith("namespace shop: ") and "Sidecar shop/default" in said
    assert list(backend_hidden(backend(), ["shop"], [], ROOT)) == []


def test_the_old_filter_is_named_where_it_traces() -> None:
    web = patched()
    workloads = {"shop": [(kind_of(web), web)], "pay": [(kind_of(web), web)]}
    (said,) = old_filter([envoy_filter()], workloads)
    assert said.startswith("namespace shop: EnvoyFilter trace-filter of the old script")
    # What it left on workloads traces nothing.
    assert list(old_filter([], workloads)) == []


def test_namespaces_that_istiod_does_not_look_at() -> None:
    namespaces = {"shop": {"mesh": "yes"}, "pay": {"mesh": "no"}}
    (said,) = not_discovered([{"matchLabels": {"mesh": "yes"}}], namespaces)
    assert said.startswith("namespace pay: the discoverySelectors")
    either = [{"matchLabels": {"mesh": "yes"}}, {"matchLabels": {"mesh": "no"}}]
    assert list(not_discovered(either, namespaces)) == list(not_discovered([], namespaces)) == []


def test_no_istiod_names_where_it_was_looked_for() -> None:
    assert "(namespace mesh)" in no_istiod("mesh")
