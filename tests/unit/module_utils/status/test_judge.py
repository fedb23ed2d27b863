# SPDX-License-Identifier: Apache-2.0
"""What of a filter's objects is told beside its workloads; test_survey.py has more, from whole clusters."""

from __future__ import annotations

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Forbidden
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.old_script import Leftovers
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status import judge
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.found import Found
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import State

from tests.unit.objects import NAMES, R1, kind_of, release, workload


def test_what_can_not_be_read_has_the_servers_words() -> None:
    found = judge.unread("shop", Forbidden("LIST x", 403, "no"))
    assert (found.state, found.findings[0].message) == (State.UNREADABLE, "failed to LIST x: no (HTTP 403)")
    assert judge.missing("shop").state == State.MISSING


def test_an_envoy_filter_of_ours_under_a_name_that_we_do_not_give() -> None:
    filters = [release(R1).envoy_filter("shop", name) for name in (f"trace-filter-{R1}", "copied")]
    web = workload(labels={NAMES.pod_label: R1})
    web["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    objects = NamespaceObjects([release(R1).config_map("shop", "x")], filters)
    found = judge.of_filter(Found(NAMES, objects, [(kind_of(web), web)]))
    assert [(one.object, one.state) for one in found.findings] == [("EnvoyFilter/copied", State.ORPHANED)]
    assert "such a name" in found.findings[0].message


def test_an_envoy_filter_where_nobody_takes_it() -> None:
    filters = [release(R1).envoy_filter("shop", f"trace-filter-{R1}")]
    for config_maps in ([release(R1).config_map("shop", "x")], []):
        found = judge.of_filter(Found(NAMES, NamespaceObjects(config_maps, filters), []))
        assert [one.object for one in found.findings] == [f"EnvoyFilter/trace-filter-{R1}"]


def test_a_lease_that_nobody_holds_is_no_matter() -> None:
    lease = {"metadata": {"name": "x"}, "spec": {"holderIdentity": ""}}
    assert judge.of_filter(Found(NAMES, NamespaceObjects(), [], lease)).findings == ()


def test_what_may_be_of_the_old_script_is_named() -> None:
    left = Leftovers(["its-filter"], ["Deployment/web"], {"wasm-filter"})
    found = judge.namespace("shop", [], left, ["cronjobs"])
    assert [(one.object, one.state) for one in found.findings] == [
        ("EnvoyFilter/its-filter", State.OLD_SCRIPT),
        ("Deployment/web", State.OLD_SCRIPT),
    ]
    assert "ConfigMap wasm-filter" in found.findings[1].message and found.unread == ("cronjobs",)
