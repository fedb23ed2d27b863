# SPDX-License-Identifier: Apache-2.0
"""A simulated cluster is rolled out to, interfered with, and looked at."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import Forbidden
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.status.states import State

from tests.unit.module_utils.planning.test_old_script import envoy_filter, patched
from tests.unit.module_utils.status.surveyed import findings, states, surveyed, trace
from tests.unit.objects import MOUNT, NAMES, R1, R2, VOLUME, delivery, namespace, workload
from tests.unit.runs import Simulated, cluster

OTHER = FilterNames("audit")


def delete(there: Simulated, path: str) -> None:
    base = "/api/v1" if "configmaps" in path else "/apis/networking.istio.io/v1alpha3"
    assert there.server.delete(f"{base}{path}")


def test_nothing_is_absent_and_nothing_is_written() -> None:
    there = cluster("shop")
    found = surveyed(there, "shop")["shop"]
    assert (found.state, found.filters) == (State.ABSENT, ())
    assert there.writes == []


def test_what_was_deployed_is_deployed() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.server.requests.clear()
    found = trace(there)
    assert (found.state, found.delivery, found.revision, found.findings) == (State.DEPLOYED, "configmap", R1, ())
    assert states(found) == {"web": State.DEPLOYED, "data": State.DEPLOYED}
    assert [(one.revision, one.workloads) for one in found.revisions] == [(R1, 2)]
    assert [(one.new_pods, one.pods) for one in found.workloads] == [(2, 2), (2, 2)]
    assert there.writes == []


def test_inline_is_deployed_without_workloads() -> None:
    there = cluster("shop")
    there.deploy("shop", operation=delivery(R1, "inline"))
    found = trace(there)
    assert (found.state, found.delivery, found.revision, found.workloads) == (State.DEPLOYED, "inline", R1, ())


def test_what_configmap_left_on_workloads_is_no_matter_to_inline() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.deploy("shop", operation=delivery(R2, "inline"))
    assert (trace(there).state, trace(there).revision) == (State.DEPLOYED, R2)


def test_after_removal_nothing_is_left() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.remove("shop")
    assert surveyed(there, "shop")["shop"].state == State.ABSENT
    assert surveyed(there) == {}


def test_without_names_all_that_hold_objects_are_found_by_two_lists() -> None:
    there = cluster("shop", "pay", "bank")
    there.deploy("shop")
    there.deploy("bank", operation=delivery(R1, "inline"))
    there.server.requests.clear()
    assert {name: one.state for name, one in surveyed(there).items()} == {
        "bank": State.DEPLOYED,
        "shop": State.DEPLOYED,
    }
    assert sorted(there.server.requests[:2]) == [
        "LIST /api/v1/configmaps",
        "LIST /apis/networking.istio.io/v1alpha3/envoyfilters",
    ]


def test_without_that_right_the_error_says_so() -> None:
    there = cluster("shop")
    there.refuse("LIST /api/v1/configmaps$", 403)
    with pytest.raises(Forbidden):
        surveyed(there)
    there.deploy("shop")
    assert trace(there).state == State.DEPLOYED


def test_a_namespace_that_is_not_there_is_missing_and_others_go_on() -> None:
    there = cluster("shop")
    there.deploy("shop")
    found = surveyed(there, "shopp", "shop")
    assert {name: one.state for name, one in found.items()} == {"shopp": State.MISSING, "shop": State.DEPLOYED}


def test_what_may_not_be_read_is_unreadable_and_others_go_on() -> None:
    there = cluster("shop", "pay")
    there.deploy("shop")
    there.refuse("LIST /apis/apps/v1/deployments$", 403)
    there.refuse("LIST /apis/apps/v1/namespaces/pay/deployments", 403)
    found = surveyed(there, "shop", "pay")
    assert {name: one.state for name, one in found.items()} == {"shop": State.DEPLOYED, "pay": State.UNREADABLE}


def test_what_is_turned_away_is_asked_again() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.refuse("LIST .*", 503, times=5)
    assert trace(there).state == State.DEPLOYED


def test_what_is_optional_is_named_as_unread() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.refuse("LIST .*leases", 403)
    found = surveyed(there, "shop")["shop"]
    assert (found.state, found.unread) == (State.DEPLOYED, ("leases",))


def test_annotations_that_their_owner_took_off_are_drift() -> None:
    there = cluster("shop")
    there.deploy("shop")
    off = {"spec": {"template": {"metadata": {"annotations": {VOLUME: None, MOUNT: None}}}}}
    there.edit("Deployment", "shop", "web", off)
    there.server.clock.run(60)
    found = trace(there)
    assert states(found) == {"web": State.DRIFTED, "data": State.DEPLOYED}
    web = next(one for one in found.workloads if one.name == "web")
    assert VOLUME in web.message and MOUNT in web.message and web.revision == R1
    assert found.state == State.DRIFTED


def test_a_template_that_was_put_back_is_drift_and_not_half_done() -> None:
    there = cluster("shop")
    there.deploy("shop")
    label = {"labels": {NAMES.pod_label: None}, "annotations": {VOLUME: None, MOUNT: None}}
    there.edit("Deployment", "shop", "web", {"spec": {"template": {"metadata": label}}})
    there.server.clock.run(60)
    assert states(trace(there)) == {"web": State.DRIFTED, "data": State.DEPLOYED}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"/namespaces/shop/configmaps/wasm-filter-{R1}", "gone: ConfigMap of"),
        (f"/namespaces/shop/envoyfilters/trace-filter-{R1}", "gone: EnvoyFilter of"),
    ],
)
def test_a_revision_that_lost_an_object_is_broken(path: str, said: str) -> None:
    there = cluster("shop")
    there.deploy("shop")
    delete(there, path)
    found = trace(there)
    assert states(found) == {"web": State.BROKEN, "data": State.BROKEN}
    assert all(said in one.message and R1 in one.message for one in found.workloads)


def test_workloads_on_two_revisions_are_half_done() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.refuse("APPLY .*/statefulsets/data", 403)
    there.deploy("shop", operation=delivery(R2))
    there.server.gates.clear()
    there.server.seed(workload("shop", "third"))
    found = trace(there)
    assert states(found)["third"] == State.HALF_DONE
    # One on each: the newer one is that of the namespace.
    assert (found.revision, states(found)["data"], states(found)["web"]) == (R2, State.HALF_DONE, State.DEPLOYED)


def test_a_run_that_was_killed_before_the_first_workload_is_half_done() -> None:
    there = cluster("shop")
    there.refuse("APPLY .*", 403)
    there.deploy("shop")
    assert states(trace(there)) == {"web": State.HALF_DONE, "data": State.HALF_DONE}


def test_a_workload_that_takes_none_is_skipped_with_its_reason() -> None:
    there = cluster("shop")
    there.server.seed(workload("shop", "batch", annotations={"sidecar.istio.io/inject": "false"}))
    there.deploy("shop")
    found = trace(there)
    assert (found.state, states(found)["batch"]) == (State.DEPLOYED, State.SKIPPED)
    assert next(one.reason for one in found.workloads if one.name == "batch") == "injection_disabled"


def test_envoy_filters_of_both_deliveries_are_doubled() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.server.seed(delivery(R2, "inline").release.envoy_filter("shop", "trace-filter"))
    found = trace(there)
    assert (found.state, found.findings[0].state) == (State.DOUBLED, State.DOUBLED)
    assert f"trace-filter-{R1}" in found.findings[0].message


def test_the_record_of_inline_that_is_gone_is_drift() -> None:
    there = cluster("shop")
    there.deploy("shop", operation=delivery(R1, "inline"))
    delete(there, f"/namespaces/shop/configmaps/wasm-filter-{R1}")
    assert trace(there).state == State.DRIFTED


def test_an_envoy_filter_that_nobody_refers_to_is_orphaned() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.server.seed(delivery(R2).release.envoy_filter("shop", f"trace-filter-{R2}"))
    assert findings(trace(there)) == {f"EnvoyFilter/trace-filter-{R2}": State.ORPHANED}


def test_config_maps_without_any_envoy_filter_are_orphaned() -> None:
    there = cluster("shop")
    there.server.seed(delivery(R1).release.config_map("shop", "x"))
    assert findings(trace(there)) == {f"ConfigMap/wasm-filter-{R1}": State.ORPHANED}


def test_what_nothing_refers_to_is_orphaned_beyond_the_newest_three() -> None:
    there = cluster("shop")
    revisions = [f"00000000a{number}" for number in range(4)]
    for revision in revisions:
        there.deploy("shop", operation=delivery(revision))
    # The oldest is referred to by the ReplicaSet that `kubectl rollout undo` goes back to.
    assert f"wasm-filter-{revisions[0]}" in there.names("ConfigMap", "shop")
    assert trace(there).state == State.DEPLOYED
    for name in there.names("ReplicaSet", "shop"):
        there.server.delete(f"/apis/apps/v1/namespaces/shop/replicasets/{name}")
    for name in there.names("ControllerRevision", "shop"):
        there.server.delete(f"/apis/apps/v1/namespaces/shop/controllerrevisions/{name}")
    assert findings(trace(there)) == {f"ConfigMap/wasm-filter-{revisions[0]}": State.ORPHANED}
    # Not known is not orphaned.
    there.refuse("LIST .*replicasets", 403)
    assert trace(there).state == State.DEPLOYED


def test_a_lease_says_who_is_at_it() -> None:
    there = cluster("shop")
    there.deploy("shop")
    spec = {"holderIdentity": "ci-7", "acquireTime": "2026-01-02T03:04:05.000000Z"}
    labels = {key: value for key, value in NAMES.labels(R1).items() if not key.endswith("revision")}
    metadata = {"name": "wasm-filter-trace", "namespace": "shop", "labels": labels}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    there.server.seed(lease)
    found = trace(there)
    assert (found.state, findings(found)) == (State.LOCKED, {"Lease/wasm-filter-trace": State.LOCKED})
    assert "ci-7, since 2026-01-02T03:04:05Z" in found.findings[0].message


def test_what_the_old_script_left_is_told_beside_ours() -> None:
    its = {"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", **envoy_filter()}
    there = Simulated(namespace("shop"), workload("shop"), patched(name="old"), its)
    found = surveyed(there, "shop")["shop"]
    assert (found.state, found.filters) == (State.OLD_SCRIPT, ())
    assert [one.object for one in found.findings] == ["EnvoyFilter/trace-filter", "Deployment/old"]


def test_two_filters_have_a_state_each_and_one_can_be_asked_for() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.deploy("shop", operation=delivery(R2, names=OTHER))
    delete(there, f"/namespaces/shop/envoyfilters/audit-filter-{R2}")
    (audit, first) = surveyed(there, "shop")["shop"].filters
    assert (audit.name, audit.state, first.name, first.state) == ("audit", State.BROKEN, "trace", State.DEPLOYED)
    assert surveyed(there, "shop", filter_name="trace")["shop"].state == State.DEPLOYED
    assert surveyed(there, filter_name="audit")["shop"].state == State.BROKEN


def bare_pod(namespace: str) -> dict[str, Any]:
    """It has the label of a revision, and nobody has injected it."""
    metadata = {"name": "bare", "namespace": namespace, "labels": {NAMES.pod_label: R1}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "app"}]}}


def test_pods_are_looked_at_where_that_is_asked_for() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.server.seed(bare_pod("shop"))
    assert trace(there).state == State.DEPLOYED
    (found,) = surveyed(there, "shop", proof=True)["shop"].filters
    assert found.state == State.NOT_RUNNING
    assert [(one.name, one.reason) for one in found.proofs] == [("bare", "no_sidecar")]
    assert found.findings[0].message == "pod bare: it has no sidecar"


def test_a_namespace_whose_pods_may_not_be_listed_is_no_worse_for_it() -> None:
    there = cluster("shop")
    there.deploy("shop")
    there.refuse("LIST .*/pods$", 403)
    found = surveyed(there, "shop", proof=True)["shop"]
    assert found.state == State.DEPLOYED
    assert [(one.name, one.reason) for one in found.filters[0].proofs] == [("", "proof_forbidden")]


def test_what_could_not_be_read_is_not_asked() -> None:
    there = cluster("shop", "pay")
    there.deploy("shop", "pay")
    there.refuse("LIST /apis/apps/v1(/namespaces/pay)?/deployments", 403)
    there.server.requests.clear()
    found = surveyed(there, "pay", "nobody", proof=True)
    assert {name: one.state for name, one in found.items()} == {"pay": State.UNREADABLE, "nobody": State.MISSING}
    assert not [one for one in there.server.requests if one.endswith("/pods")]
