# SPDX-License-Identifier: Apache-2.0
"""Verdicts are true: whoever interferes with a rollout is seen and named."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cluster import manifests
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import ANNOTATIONS, templates

POD_LABEL = "wasm-filters.openclarity.io/trace"
VOLUME, MOUNT = "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount"


def workload_of(outcome: Outcome, namespace: str, name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in outcome.namespaces[namespace]["workloads"] if one["name"] == name)
    return found


def deployment(kubectl: Kubectl, namespace: str, name: str = "web", **options: Any) -> dict[str, Any]:
    entry = manifests.workload(namespace, name, pod=manifests.KWOK, **options)
    kubectl.apply(entry)
    kubectl.rolled(namespace, f"deployment/{name}")
    return entry


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Somebody at work while the block runs; what is raised there fails the test."""
    done, errors = threading.Event(), []

    def guarded() -> None:
        try:
            work(done)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if errors:
        raise errors[0]


def patched(kubectl: Kubectl, namespace: str, name: str = "web") -> bool:
    found = kubectl.get("deployment", name, "-n", namespace)
    return POD_LABEL in found["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("owned", [False, True])
def test_a_writer_who_puts_the_template_back_is_named(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, owned: bool
) -> None:
    shop = new_namespace("reverted")
    operator = "--field-manager=some-operator"
    # Before the pods are there, and after.
    entry = manifests.workload(shop, "web", pod=manifests.KWOK, spec={} if owned else {"minReadySeconds": 3})
    if owned:
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": shop}}
        kubectl.apply(owner)
        uid = kubectl.get("configmap", "owner", "-n", shop)["metadata"]["uid"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "controller": False}
        entry["metadata"]["ownerReferences"] = [reference]
    kubectl("create", operator, "-f", "-", stdin=json.dumps(entry))
    kubectl.rolled(shop, "deployment/web")
    # One only takes away, and has the template from the start; the other sets what it has in mind.
    volume = None if owned else "[]"
    back = {"labels": {POD_LABEL: None}, "annotations": {VOLUME: volume, MOUNT: volume}}
    patch = json.dumps({"spec": {"template": {"metadata": back}}})

    def put_back(done: threading.Event) -> None:
        while not done.wait(0.1):
            if patched(kubectl, shop):
                done.wait(1)
                kubectl("patch", "deployment", "web", "-n", shop, operator, "-p", patch)

    for _run in range(2):
        with beside(put_back):
            outcome = collection.deploy(shop)

        assert outcome.status != 0, outcome.output
        assert outcome.verdicts == {shop: "failed"}, outcome.output
        found = workload_of(outcome, shop)
        assert (found["verdict"], found["reason"]) == ("failed", "reverted")
        assert "some-operator" in found["message"] and "some-operator" in outcome.namespaces[shop]["message"]


def test_an_envoy_filter_that_is_pruned_while_pods_roll_is_told(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("pruned")
    deployment(kubectl, shop)
    pruned: list[str] = []

    def prune(done: threading.Event) -> None:
        while not (pruned or done.wait(0.1)):
            if patched(kubectl, shop):
                pruned.append(kubectl("delete", "envoyfilter", "--all", "-n", shop, "-o", "name").strip())

    with beside(prune):
        outcome = collection.deploy(shop)
    found = outcome.namespaces[shop]
    assert (found["verdict"], found["reason"]) == ("failed", "reverted"), outcome.output
    name = pruned[0].partition("/")[2]
    assert found["message"].startswith(f"EnvoyFilter/{name} was deleted or changed by somebody else during the run")
    # Nothing is rolled for what is only put back.
    again = collection.deploy(shop)
    assert (again.status, again.verdicts) == (0, {shop: "deployed"}), again.output
    assert again.namespaces[shop]["workloads"][0]["verdict"] == "unchanged"


def test_what_admission_takes_from_the_patch_is_told_at_once(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("dropped")
    deployment(kubectl, shop)
    rules = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}]
    removal = '[JSONPatch{op: "remove", path: "/spec/template/metadata/annotations/sidecar.istio.io~1userVolume"}]'
    has = "has(object.spec.template.metadata.annotations)"
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": shop}}
    spec = {
        "reinvocationPolicy": "Never",
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": rules,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": shop}},
        },
        "matchConditions": [{"name": "has-it", "expression": f"{has} && '{VOLUME}' in {has[4:-1]}"}],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": removal}}],
    }
    kubectl.apply({**policy, "kind": "MutatingAdmissionPolicy", "spec": spec})
    kubectl.apply({**policy, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": shop}})
    try:
        trial = json.dumps({"spec": {"template": {"metadata": {"annotations": {VOLUME: "[]"}}}}})
        trying = ("patch", "deployment", "web", "-n", shop, "--dry-run=server", "-o", "json", "-p", trial)
        eventually("the policy is in force", lambda: VOLUME not in kubectl(*trying))

        checked = collection.deploy(shop, "--check")
        outcome = collection.deploy(shop)
    finally:
        kubectl("delete", "mutatingadmissionpolicies,mutatingadmissionpolicybindings", shop)

    for found in (checked, outcome):
        assert found.status != 0 and found.verdicts == {shop: "failed"}, found.output
        told = workload_of(found, shop)
        assert told["reason"] == "changed_by_admission" and VOLUME in told["message"]
        assert MOUNT not in told["message"]


def test_a_workload_that_is_made_anew_meanwhile_is_rolled_too(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("anew")
    entry = deployment(kubectl, shop, spec={"minReadySeconds": 3})
    before = kubectl.get("deployment", "web", "-n", shop)["metadata"]["uid"]

    def make_anew(_done: threading.Event) -> None:
        eventually("it is patched", lambda: patched(kubectl, shop))
        kubectl("delete", "deployment", "web", "-n", shop)
        kubectl.apply(entry)

    with beside(make_anew):
        outcome = collection.deploy(shop)

    found = kubectl.get("deployment", "web", "-n", shop)
    assert outcome.status == 0 and outcome.verdicts == {shop: "deployed"}, outcome.output
    assert found["metadata"]["uid"] != before
    assert found["spec"]["template"]["metadata"]["labels"][POD_LABEL] == workload_of(outcome, shop)["to"]
    assert collection.deploy(shop).verdicts == {shop: "unchanged"}


def test_a_workload_that_is_deleted_meanwhile_is_not_called_deployed(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("gone")
    for name in ("web", "other"):
        deployment(kubectl, shop, name, spec={"minReadySeconds": 3})

    def delete(_done: threading.Event) -> None:
        eventually("it is patched", lambda: patched(kubectl, shop))
        kubectl("delete", "deployment", "web", "-n", shop)

    with beside(delete):
        outcome = collection.deploy(shop)

    assert outcome.status == 0, outcome.output
    found = workload_of(outcome, shop)
    assert (found["verdict"], found["reason"]) == ("skipped", "workload_deleted")
    assert workload_of(outcome, shop, "other")["verdict"] == "deployed"


def test_removal_after_a_rollout_that_failed_is_not_held_against_it(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("stale")
    deployment(kubectl, shop, replicas=2, spec={"progressDeadlineSeconds": 4})
    before = templates(kubectl, shop)
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": shop}}
    kubectl.apply({**quota, "spec": {"hard": {"pods": "2"}}})
    used = ("resourcequota", "none", "-n", shop)
    eventually("the quota is counted", lambda: kubectl.get(*used).get("status", {}).get("used", {}).get("pods") == "2")

    deployed = collection.deploy(shop)
    removed = collection.remove(shop)

    assert workload_of(deployed, shop)["reason"] == "rollout_failed", deployed.output
    assert removed.status == 0 and removed.verdicts == {shop: "removed"}, removed.output
    assert templates(kubectl, shop) == before
    assert "wasm-filter" not in kubectl("get", "configmaps,envoyfilters", "-n", shop)


def test_after_a_removal_an_owner_by_server_side_apply_meets_no_conflict(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("owner")
    entry = manifests.workload(shop, "web", pod=manifests.KWOK, annotations=ANNOTATIONS)
    owner = ("apply", "--server-side", "--field-manager=owner", "-f", "-")
    kubectl(*owner, stdin=json.dumps(entry))
    kubectl.rolled(shop, "deployment/web")
    before = templates(kubectl, shop)
    assert collection.deploy(shop).status == 0

    removed = collection.remove(shop)

    assert removed.verdicts == {shop: "removed"} and templates(kubectl, shop) == before
    fields = kubectl.get("deployment", "web", "-n", shop, "--show-managed-fields")["metadata"]["managedFields"]
    assert not [one for one in fields if one["manager"].startswith("wasm-filters.openclarity.io")]
    entry["spec"]["template"]["metadata"]["annotations"] = {**ANNOTATIONS, VOLUME: "[]", MOUNT: "[]"}
    kubectl(*owner, stdin=json.dumps(entry))


def test_two_filters_deployed_in_turn_move_nothing(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("turns")
    deployment(kubectl, shop, annotations=ANNOTATIONS)
    before = templates(kubectl, shop)
    audit = {"wasm_filter_name": "audit", "wasm_filter_config_map_name": "audit-filter", "wasm_filter_bodies": "off"}
    found = [collection.deploy(shop, **variables).verdicts[shop] for variables in ({}, audit, {}, audit)]

    assert found == ["deployed", "deployed", "unchanged", "unchanged"]
    assert [collection.remove(shop, **variables).verdicts[shop] for variables in ({}, audit)] == ["removed", "removed"]
    assert templates(kubectl, shop) == before


def test_a_namespace_of_jobs_and_bare_pods_is_not_called_deployed(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("others")
    template = manifests.workload(shop, "x", pod=manifests.KWOK)["spec"]["template"]
    template["spec"]["containers"][0].pop("readinessProbe")
    named = {"metadata": {"namespace": shop, "name": "web"}}
    job = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}
    replicas = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}, "template": template}
    controller = {
        "replicas": 1,
        "selector": {"app": "y"},
        "template": {**template, "metadata": {"labels": {"app": "y"}}},
    }
    kubectl.apply(
        {"apiVersion": "batch/v1", "kind": "Job", **named, "spec": {"template": job}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", **named, "spec": replicas},
        {"apiVersion": "v1", "kind": "ReplicationController", **named, "spec": controller},
        {"apiVersion": "v1", "kind": "Pod", **named, "spec": template["spec"]},
    )
    eventually("all have pods", lambda: len(kubectl.get("pods", "-n", shop)["items"]) >= 4)

    outcome = collection.deploy(shop)

    assert outcome.status == 0 and outcome.verdicts == {shop: "skipped"}, outcome.output
    kinds = {one["kind"]: (one["verdict"], one["reason"]) for one in outcome.namespaces[shop]["workloads"]}
    left = ("skipped", "kind_not_handled")
    assert kinds == {"Job": left, "Pod": left, "ReplicaSet": left, "ReplicationController": left}
    assert outcome.namespaces[shop]["reason"] == "no_workloads"
    assert "trace-filter" not in kubectl("get", "envoyfilters", "-n", shop)
    inline = collection.deploy(shop, wasm_filter_delivery="inline")
    assert inline.verdicts == {shop: "deployed"}, inline.output


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_check_mode_of_a_removal_deletes_nothing(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, delivery: str
) -> None:
    shop = new_namespace("checked")
    deployment(kubectl, shop)
    assert collection.deploy(shop, wasm_filter_delivery=delivery).status == 0

    def ours() -> list[tuple[str, str]]:
        found = kubectl.get("configmaps,envoyfilters", "-n", shop, "-l", "wasm-filters.openclarity.io/filter")["items"]
        return [(one["kind"], one["metadata"]["uid"]) for one in found]

    before = ours()
    assert {kind for kind, _uid in before} == {"ConfigMap", "EnvoyFilter"}

    assert collection.remove(shop, "--check").verdicts == {shop: "removed"}

    assert ours() == before
