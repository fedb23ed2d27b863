# SPDX-License-Identifier: Apache-2.0
"""What fails is as it was before the run: workloads, their annotations, objects, and what the sidecars run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import manifests, trapping
from tests.cluster.conftest import Collection, Outcome
from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.test_deploy import templates
from tests.upgrade import capture

AUTO = {"wasm_filter_on_failure": "auto"}


@pytest.fixture(scope="module")
def trapping_in_ticks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trapping.in_ticks(tmp_path_factory.mktemp("trapping"))


def no_more_pods(kubectl: Kubectl, namespace: str) -> None:
    """A quota that is used up."""
    pods = len(kubectl.pods(namespace))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full", "namespace": namespace}}
    kubectl.apply({**quota, "spec": {"hard": {"pods": str(pods)}}})
    eventually("it counts", lambda: kubectl.get("resourcequota", "full", "-n", namespace).get("status", {}).get("used"))


def kept_annotations(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    """Of the workloads themselves, in which we keep what was before."""
    found = kubectl.get("deployments,statefulsets,daemonsets", "-n", namespace)["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": {
            key: text
            for key, text in item["metadata"].get("annotations", {}).items()
            if key.startswith("wasm-filters.openclarity.io/")
        }
        for item in found
    }


def state(kubectl: Kubectl, namespace: str) -> tuple[Any, Any, Any]:
    """All that a run may change."""
    ours = capture.ours(kubectl, namespace)
    specs = {name: found.get("spec", found.get("binaryData")) for name, found in ours.items()}
    return templates(kubectl, namespace), kept_annotations(kubectl, namespace), specs


def unmarked(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without what says that a workload was rolled back by hand."""
    templates, annotations, *rest = found
    kept = {
        name: {key: text for key, text in one.items() if not key.endswith(".back-from")}
        for name, one in annotations.items()
    }
    return (templates, kept, *rest)


def reasons(outcome: Outcome, namespace: str) -> dict[str, tuple[str, str]]:
    entry = outcome.namespaces[namespace]
    return {one["name"]: (one["verdict"], one["reason"]) for one in entry["workloads"]}


@pytest.mark.parametrize("deployed_before", [False, True], ids=["from_none", "from_a_revision"])
def test_a_workload_whose_pods_do_not_come_up_is_as_it_was(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection, deployed_before: bool
) -> None:
    shop, pay = new_namespace("shop"), new_namespace("pay")
    for name in (shop, pay):
        kubectl.apply(manifests.workload(name, "web", pod=manifests.KWOK))
        kubectl.rolled(name, "deployment/web")
    both = f"{shop},{pay}"
    if deployed_before:
        assert collection.deploy(both, wasm_filter_bodies="off").status == 0
    no_more_pods(kubectl, shop)
    before = state(kubectl, shop)
    pods = {pod["metadata"]["uid"] for pod in kubectl.pods(shop)}

    outcome = collection.deploy(both, **AUTO)

    assert outcome.status != 0
    assert outcome.verdicts == {shop: "rolled_back", pay: "deployed"}, outcome.output
    assert reasons(outcome, shop) == {"web": ("rolled_back", "rollout_failed")}
    message = outcome.namespaces[shop]["message"]
    assert "exceeded quota" in message
    assert ("it is back on revision" if deployed_before else "it is back without the filter") in message
    assert state(kubectl, shop) == before
    assert {pod["metadata"]["uid"] for pod in kubectl.pods(shop)} == pods, "those that ran go on running"

    kubectl("delete", "resourcequota", "full", "-n", shop)
    assert collection.deploy(both, **AUTO).verdicts == {shop: "deployed", pay: "unchanged"}


@pytest.mark.parametrize("delivery", ["configmap", "inline"])
def test_a_filter_that_does_not_run_takes_its_wave_back(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection, trapping_in_ticks: Path, delivery: str
) -> None:
    shop, pay = app("shop"), app("pay")
    both = f"{shop},{pay}"
    chosen = {"wasm_filter_delivery": delivery, "wasm_filter_proof": "auto", **AUTO}
    first = collection.deploy(both, **chosen)
    assert first.verdicts == {shop: "deployed", pay: "deployed"}, first.output
    before = {name: state(kubectl, name) for name in (shop, pay)}
    running = {name: kubectl.revision_running(name, pod_of(kubectl, name)) for name in (shop, pay)}

    outcome = collection.deploy(
        both, wasm_filter_binary_path=str(trapping_in_ticks), wasm_filter_proof_seconds=12, **chosen
    )

    assert outcome.verdicts == {shop: "rolled_back", pay: "rolled_back"}, outcome.output
    assert "not_running" in {outcome.namespaces[name]["reason"] for name in (shop, pay)}
    for name in (shop, pay):
        assert state(kubectl, name) == before[name]
        if delivery == "configmap":
            assert (
                f"it is back on revision {running[name]}; the filter runs in 1 pod"
                in outcome.namespaces[name]["message"]
            )
        eventually(
            "it runs again",
            lambda name=name: kubectl.revision_running(name, pod_of(kubectl, name)) == running[name],  # type: ignore[misc]
        )
    again = collection.deploy(both, **chosen)
    assert again.verdicts == {shop: "unchanged", pay: "unchanged"}, again.output


def pod_of(kubectl: Kubectl, namespace: str) -> str:
    pods = eventually("one pod", lambda: pods if len(pods := kubectl.pods(namespace, "app=web")) == 1 else [])
    return str(pods[0]["metadata"]["name"])


def test_no_answer_takes_nothing_back(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("silent")
    kubectl.apply(manifests.workload(shop, "web", pod=manifests.KWOK))
    kubectl.rolled(shop, "deployment/web")

    outcome = collection.deploy(
        shop, wasm_filter_proof="require", wasm_filter_proof_seconds=3, wasm_filter_on_failure="rollback_wave"
    )

    assert outcome.verdicts == {shop: "failed"}
    assert reasons(outcome, shop) == {"web": ("failed", "no_answer")}
    assert outcome.namespaces[shop]["workloads"][0]["to"] != "none"
    template = templates(kubectl, shop)["Deployment/web"]
    assert template["metadata"]["labels"]["wasm-filters.openclarity.io/trace"]


def test_what_is_to_be_taken_back_is_chosen(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop, pay = new_namespace("shop"), new_namespace("pay")
    for name in (shop, pay):
        kubectl.apply(manifests.workload(name, "web", pod=manifests.KWOK))
        kubectl.rolled(name, "deployment/web")
    no_more_pods(kubectl, shop)
    both = f"{shop},{pay}"

    whole = collection.deploy(both, wasm_filter_on_failure="rollback_wave")

    assert whole.verdicts == {shop: "rolled_back", pay: "rolled_back"}, whole.output
    assert reasons(whole, pay) == {"web": ("rolled_back", "wave_failed")}
    assert templates(kubectl, pay)["Deployment/web"]["metadata"].get("annotations", {}) == {}
    assert capture.ours(kubectl, pay) == {}

    nothing = collection.deploy(both, wasm_filter_on_failure="stop")
    assert nothing.verdicts == {shop: "failed", pay: "deployed"}


def test_the_playbook_goes_one_revision_back_or_to_a_named_one(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("shop")
    for name, kind in (("web", "Deployment"), ("db", "StatefulSet")):
        kubectl.apply(manifests.workload(shop, name, kind, pod=manifests.KWOK))
        kubectl.rolled(shop, f"{kind}/{name}")
    states, revisions = [], []
    for rate in (1.0, 0.5, 0.25):
        outcome = collection.deploy(shop, wasm_filter_trace_sample_rate=rate)
        assert outcome.verdicts == {shop: "deployed"}, outcome.output
        states.append(state(kubectl, shop)[:2])
        revisions.append(outcome.namespaces[shop]["workloads"][0]["to"])

    checked = collection.rollback(shop, "--check")
    assert checked.verdicts == {shop: "deployed"} and state(kubectl, shop)[:2] == states[2]
    assert {(one["from"], one["to"]) for one in checked.namespaces[shop]["workloads"]} == {(revisions[2], revisions[1])}

    back = collection.rollback(shop)
    assert back.verdicts == {shop: "deployed"}, back.output
    assert "back to the revision before" in back.namespaces[shop]["message"]
    assert unmarked(state(kubectl, shop)[:2]) == states[1]
    twice = collection.rollback(shop)
    assert twice.verdicts == {shop: "unchanged"} and twice.recap(shop)["changed"] == 0, twice.output
    assert f"rolled back from revision {revisions[2]} already" in twice.namespaces[shop]["message"]

    named = collection.rollback(shop, wasm_filter_rollback_to=revisions[0])
    assert named.verdicts == {shop: "deployed"} and unmarked(state(kubectl, shop)[:2]) == states[0]
    again = collection.rollback(shop, wasm_filter_rollback_to=revisions[0])
    assert again.verdicts == {shop: "unchanged"} and again.recap(shop)["changed"] == 0

    unknown = collection.rollback(shop, wasm_filter_rollback_to="0123456789")
    assert unknown.verdicts == {shop: "failed"}
    assert unknown.namespaces[shop]["reason"] == "no_revision" and unmarked(state(kubectl, shop)[:2]) == states[0]

    assert collection.deploy(shop, wasm_filter_trace_sample_rate=0.25).verdicts == {shop: "deployed"}
    marks = [key for one in kept_annotations(kubectl, shop).values() for key in one if key.endswith(".back-from")]
    assert marks == [], "deployed again, it can go back again"
    assert collection.remove(shop).verdicts == {shop: "removed"} and not any(kept_annotations(kubectl, shop).values())


def test_what_the_playbook_brought_back_is_asked_for(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("asked")
    first = collection.deploy(shop, wasm_filter_trace_sample_rate=1.0)
    assert collection.deploy(shop, wasm_filter_trace_sample_rate=0.5).verdicts == {shop: "deployed"}
    revision = first.namespaces[shop]["workloads"][0]["to"]

    back = collection.rollback(shop, wasm_filter_proof="require")

    assert back.verdicts == {shop: "deployed"}, back.output
    (said,) = back.namespaces[shop]["workloads"][0]["pods"]
    assert (said["name"], said["proof"]) == (pod_of(kubectl, shop), "proved")
    assert kubectl.revision_running(shop, said["name"]) == revision
    assert "the filter runs in 1 pod" in back.namespaces[shop]["message"]
    twice = collection.rollback(shop, wasm_filter_proof="require")
    assert twice.verdicts == {shop: "unchanged"}

    # Nobody injects any more: what is replaced comes without a sidecar, and that is not called deployed.
    assert collection.deploy(shop, wasm_filter_trace_sample_rate=0.5).verdicts == {shop: "deployed"}
    kubectl("label", "namespace", shop, "istio-injection-", "istio.io/rev-")
    bare = collection.rollback(shop, wasm_filter_proof="auto")
    assert bare.verdicts == {shop: "failed"}, bare.output
    assert bare.namespaces[shop]["reason"] == "no_sidecar"


def test_the_playbook_goes_back_inline(kubectl: Kubectl, app: Callable[..., str], collection: Collection) -> None:
    shop = app("inline")
    inline = {"wasm_filter_delivery": "inline"}
    specs = []
    for rate in (1.0, 0.5):
        assert collection.deploy(shop, wasm_filter_trace_sample_rate=rate, **inline).status == 0
        (found,) = kubectl.get("envoyfilters", "-n", shop)["items"]
        specs.append((found["spec"], found["metadata"]["labels"], found["metadata"]["annotations"]))

    outcome = collection.rollback(shop, wasm_filter_proof="require")

    assert outcome.verdicts == {shop: "deployed"}, outcome.output
    assert [pod["proof"] for one in outcome.namespaces[shop]["workloads"] for pod in one["pods"]] == ["proved"]
    (found,) = kubectl.get("envoyfilters", "-n", shop)["items"]
    mark = found["metadata"]["annotations"].pop("wasm-filters.openclarity.io/trace.back-from")
    assert (found["spec"], found["metadata"]["labels"], found["metadata"]["annotations"]) == specs[0]
    assert mark == specs[1][1]["wasm-filters.openclarity.io/revision"]
    revision = found["metadata"]["labels"]["wasm-filters.openclarity.io/revision"]
    eventually("it runs", lambda: kubectl.revision_running(shop, pod_of(kubectl, shop)) == revision)

    twice = collection.rollback(shop)
    assert twice.verdicts == {shop: "unchanged"} and "already" in twice.namespaces[shop]["message"], twice.output
    assert collection.deploy(shop, wasm_filter_trace_sample_rate=1.0, **inline).verdicts == {shop: "unchanged"}

    first = app("first")
    assert collection.deploy(first, **inline).status == 0
    nothing = collection.rollback(first)
    assert nothing.verdicts == {first: "failed"}
    assert "there was none before it" in nothing.namespaces[first]["message"]
