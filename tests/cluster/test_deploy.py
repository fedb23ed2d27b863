# SPDX-License-Identifier: Apache-2.0
"""The main job: filter in by rolling restart, traces at the backend, filter out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from testbed.paths import CHECKOUT
from tests.cluster import manifests
from tests.cluster.conftest import Backend, Collection
from tests.cluster.kubectl import Kubectl, eventually, ready

POD_LABEL = "wasm-filters.openclarity.io/trace"
APP_VOLUME = '[{"name": "mine",  "configMap": {"name": "mine"}}]'
APP_MOUNT = '[{"name": "mine",  "mountPath": "/mine"}]'
ANNOTATIONS = {"sidecar.istio.io/userVolume": APP_VOLUME, "sidecar.istio.io/userVolumeMount": APP_MOUNT}


def only_pod(kubectl: Kubectl, namespace: str, name: str = "web") -> dict[str, Any]:
    """The pod of a workload of one replica, once the old one is on its way out and it is ready."""

    def one() -> dict[str, Any] | None:
        pods = kubectl.pods(namespace, f"app={name}")
        return pods[0] if len(pods) == 1 and ready(pods[0]) else None

    return eventually(f"one ready pod of {name}", one) or {}


def templates(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    found = kubectl.get("deployments,statefulsets,daemonsets", "-n", namespace)["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item["spec"]["template"] for item in found}


def test_traces_of_both_sides_arrive_with_every_field(
    kubectl: Kubectl, app: Callable[..., str], backend: Backend, collection: Collection
) -> None:
    shop, pay = app("shop"), app("pay")

    outcome = collection.deploy(f"{shop},{pay}")

    assert outcome.status == 0, outcome.output
    assert outcome.verdicts == {shop: "deployed", pay: "deployed"}
    assert outcome.recap(shop)["changed"] == 1 and outcome.recap(shop)["ok"] <= 2
    jsonschema.validate(outcome.result, json.loads((CHECKOUT / "docs/schemas/result.schema.json").read_text()))
    for caller, called in ((shop, pay), (pay, shop)):
        name = only_pod(kubectl, caller)["metadata"]["name"]
        answer = kubectl.call(caller, name, f"http://web.{called}/echo?from={caller}&token=hunter2")
        assert answer["status"] == 200, answer
        document = backend.trace_of(f"from={caller}")
        request, response = document["scnt_request"], document["scnt_response"]
        assert (request["method"], request["host"], request["version"]) == ("GET", f"web.{called}", "HTTP/1.1")
        assert request["path"] == f"/echo?from={caller}&token=[redacted]"
        assert (response["status_code"], response["version"]) == ("200", "HTTP/1.1")
        assert document["scheme"] == "http" and document["request_id"]
        assert document["source_address"].startswith(only_pod(kubectl, caller)["status"]["podIP"] + ":")
        assert document["destination_address"].count(":") == 1
        assert response["body"] and not response["truncated_body"]
        stats = kubectl.stats(caller, name)
        assert stats["envoy_listener_manager_lds_update_rejected"] == 0
        assert kubectl.revision_running(caller, name) == outcome.namespaces[caller]["workloads"][0]["to"]


def test_a_second_run_changes_nothing(kubectl: Kubectl, app: Callable[..., str], collection: Collection) -> None:
    shop = app("again")
    assert collection.deploy(shop).status == 0
    before = versions(kubectl, shop)

    outcome = collection.deploy(shop)

    assert outcome.status == 0, outcome.output
    assert outcome.verdicts == {shop: "unchanged"} and outcome.recap(shop)["changed"] == 0
    assert versions(kubectl, shop) == before


def versions(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    """What a write of ours would move; not the resourceVersion of workloads, whose status moves by itself."""
    found = kubectl.get("deployments,statefulsets,daemonsets,configmaps,envoyfilters", "-n", namespace)["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": item["metadata"].get("generation")
        or item["metadata"]["resourceVersion"]
        for item in found
    }


def test_check_mode_tells_and_changes_nothing(
    kubectl: Kubectl, app: Callable[..., str], collection: Collection
) -> None:
    shop = app("check")
    before = templates(kubectl, shop)

    outcome = collection.deploy(
        shop, "--check", "--diff", "-vvv", wasm_filter_trace_backend_headers={"x-trace-token": "hunter2"}
    )

    assert outcome.status == 0, outcome.output
    assert outcome.recap(shop)["changed"] == 1
    assert "would be deployed" in outcome.output and '+        "wasm-filters.openclarity.io/trace"' in outcome.output
    assert "hunter2" not in outcome.output, "a token in a diff"
    assert templates(kubectl, shop) == before
    assert "trace-filter" not in kubectl("get", "envoyfilters", "-n", shop)
    assert "wasm-filter-" not in kubectl("get", "configmaps", "-n", shop)


def test_every_kind_is_rolled_and_given_back_byte_for_byte(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("kinds")
    kwok: dict[str, Any] = {"pod": manifests.KWOK, "annotations": ANNOTATIONS}
    kubectl.apply(
        manifests.workload(shop, "web", "Deployment", 3, **kwok),
        manifests.workload(shop, "db", "StatefulSet", 2, **kwok),
        manifests.workload(shop, "agent", "DaemonSet", **kwok),
        manifests.workload(shop, "plain", pod=manifests.KWOK),
    )
    kubectl.rolled(shop, "deployment/web", "statefulset/db", "daemonset/agent", "deployment/plain")
    before = templates(kubectl, shop)

    deployed = collection.deploy(shop)

    assert deployed.status == 0, deployed.output
    revision = deployed.namespaces[shop]["workloads"][0]["to"]
    pods = kubectl.pods(shop)
    assert {pod["metadata"]["labels"].get(POD_LABEL) for pod in pods} == {revision}
    for template in templates(kubectl, shop).values():
        volumes = json.loads(template["metadata"]["annotations"]["sidecar.istio.io/userVolume"])
        assert volumes[-1]["configMap"]["name"] == f"wasm-filter-{revision}"
    web = templates(kubectl, shop)["Deployment/web"]["metadata"]["annotations"]["sidecar.istio.io/userVolume"]
    assert json.loads(web)[0] == json.loads(APP_VOLUME)[0]

    removed = collection.remove(shop)

    assert removed.status == 0, removed.output
    assert removed.verdicts == {shop: "removed"}
    assert templates(kubectl, shop) == before
    assert "wasm-filter" not in kubectl("get", "configmaps,envoyfilters", "-n", shop)
    assert collection.remove(shop).verdicts == {shop: "unchanged"}


def test_a_selector_leaves_the_other_workloads_alone(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("selected")
    kubectl.apply(*(manifests.workload(shop, name, pod=manifests.KWOK) for name in ("web", "db")))
    kubectl.rolled(shop, "deployment/web", "deployment/db")
    db = templates(kubectl, shop)["Deployment/db"]

    outcome = collection.deploy(shop, wasm_filter_selector={"app": "web"})

    assert outcome.status == 0, outcome.output
    verdicts = {entry["name"]: (entry["verdict"], entry["reason"]) for entry in outcome.namespaces[shop]["workloads"]}
    assert verdicts == {"web": ("deployed", ""), "db": ("skipped", "not_selected")}
    assert templates(kubectl, shop)["Deployment/db"] == db


def test_what_was_ill_before_does_not_hold_up_a_run_with_nothing_to_do(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("ill")
    kubectl.apply(manifests.workload(shop, "web", pod=manifests.KWOK))
    kubectl.rolled(shop, "deployment/web")
    assert collection.deploy(shop).verdicts == {shop: "deployed"}
    # The same pods, and none of them is available any more.
    kubectl("patch", "deployment", "web", "-n", shop, "-p", '{"spec": {"minReadySeconds": 500}}')
    deployment = ("deployment", "web", "-n", shop)
    eventually("it is ill", lambda: not kubectl.get(*deployment)["status"].get("availableReplicas"))

    outcome = collection.deploy(shop)

    assert outcome.verdicts == {shop: "unchanged"}, outcome.output
    assert "not changed by this run" in outcome.namespaces[shop]["workloads"][0]["message"]


def test_an_applications_own_volume_stays_mounted(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("volume")
    kubectl("create", "configmap", "mine", "-n", shop, "--from-literal=key=value")
    kubectl.apply(manifests.service(shop, "web"), manifests.workload(shop, "web", annotations=ANNOTATIONS))
    kubectl.rolled(shop, "deployment/web")

    assert collection.deploy(shop).status == 0

    pod = only_pod(kubectl, shop)
    containers = pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
    proxy = next(entry for entry in containers if entry["name"] == "istio-proxy")
    mounted = {mount["mountPath"] for mount in proxy["volumeMounts"]}
    assert {"/mine", "/var/local/wasm-filter/trace"} <= mounted


def test_a_failing_namespace_does_not_stop_the_others(
    kubectl: Kubectl, app: Callable[..., str], new_namespace: Callable[..., str], collection: Collection
) -> None:
    good, stuck, refused = app("good"), new_namespace("stuck"), app("refused")
    plain = new_namespace("plain", injected=False)
    # Rolls only where a node has this label, which none has.
    nowhere = {"nodeSelector": {"testbed/kind": "nowhere"}}
    kubectl.apply(manifests.workload(stuck, "web", pod=nowhere))
    deny = {
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["UPDATE"],
                    "resources": ["deployments"],
                }
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": refused}},
        },
        "validations": [{"expression": "false", "message": "frozen for the holidays"}],
    }
    policy = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": refused}}
    kubectl.apply({**policy, "kind": "ValidatingAdmissionPolicy", "spec": deny})
    binding = {"policyName": refused, "validationActions": ["Deny"]}
    kubectl.apply({**policy, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
    try:
        eventually("the policy is in force", lambda: _refuses(kubectl, refused))
        outcome = collection.deploy(
            f"ghost-ns,{good},{stuck},{refused},{plain}", wasm_filter_timeout=15, wasm_filter_ill_before="roll"
        )
    finally:
        kubectl("delete", "validatingadmissionpolicies,validatingadmissionpolicybindings", refused)

    assert outcome.status != 0
    assert outcome.verdicts == {
        "ghost-ns": "failed",
        good: "deployed",
        stuck: "failed",
        refused: "failed",
        plain: "failed",
    }, outcome.output
    reasons = {name: entry["reason"] for name, entry in outcome.namespaces.items()}
    assert reasons["ghost-ns"] == "namespace_missing" and reasons[plain] == "not_injected"
    assert reasons[stuck] == "rollout_timeout" and "not scheduled" in outcome.namespaces[stuck]["message"]
    assert "frozen for the holidays" in outcome.namespaces[refused]["message"]

    assert collection.deploy(refused).verdicts == {refused: "deployed"}, "the next run converges"


def _refuses(kubectl: Kubectl, namespace: str) -> bool:
    arguments = ("annotate", "deployment/web", "-n", namespace, "probe=1", "--dry-run=server", "--overwrite")
    return kubectl(*arguments, check=False) == ""


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"namespaces": "Shop"}, "namespaces='Shop'"),
        ({"namespaces": ""}, "namespaces=''"),
        ({"namespaces": "istio-system"}, "namespaces='istio-system'"),
        ({"wasm_filter_trace_backend_address": ""}, "wasm_filter_trace_backend_address=''"),
        ({"wasm_filter_trace_backend_address": "http://x/"}, "wasm_filter_trace_backend_address='http://x/'"),
        ({"wasm_filter_trace_backend_port": "99999"}, "wasm_filter_trace_backend_port='99999'"),
        ({"wasm_filter_trace_backend_port": "9001"}, "it has: 9000"),
        ({"wasm_filter_binary_path": "/nowhere.wasm"}, "wasm_filter_binary_path='/nowhere.wasm'"),
        ({"wasm_filter_binary_path": __file__}, "is not a WebAssembly"),
        ({"wasm_filter_name": "Trace!"}, "wasm_filter_name='Trace!'"),
        ({"wasm_filter_delivry": "inline"}, "did you mean wasm_filter_delivery?"),
        ({"wasm_filter_redact_headers": "x-secret"}, "wasm_filter_redact_headers='x-secret': must be a list"),
        (
            {"wasm_filter_redact_headers": ["x-.*"]},
            "wasm_filter_redact_headers[0]='x-.*': must be a header's name such",
        ),
        (
            {"wasm_filter_trace_exclude": {"paths": ["^/login"]}},
            "wasm_filter_trace_exclude.paths[0]='^/login': must be what a path begins with, such as /login",
        ),
        ({"wasm_filter_body_content_types": ["a/b;c=d"]}, "[0]='a/b;c=d': must be a media type without parameters"),
        ({"wasm_filter_context": "gateway"}, "use wasm_filter_delivery=inline"),
    ],
)
def test_bad_input_is_named_before_anything_is_changed(
    variables: dict[str, Any], words: str, collection: Collection, new_namespace: Callable[..., str], kubectl: Kubectl
) -> None:
    untouched = new_namespace("bad")
    outcome = collection.deploy(**{"namespaces": untouched, **variables})

    assert outcome.status != 0
    assert words in outcome.output and "Nothing was changed" in outcome.output, outcome.output
    assert "trace-filter" not in kubectl("get", "envoyfilters", "-n", untouched)


def test_the_next_runs_of_a_cron_job_get_the_filter(
    kubectl: Kubectl, new_namespace: Callable[..., str], collection: Collection
) -> None:
    shop = new_namespace("cron")
    template = manifests.workload(shop, "report", pod=manifests.KWOK, annotations=ANNOTATIONS)["spec"]["template"]
    template["spec"]["restartPolicy"] = "Never"
    del template["spec"]["containers"][0]["readinessProbe"]
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    kubectl.apply(
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": shop}, "spec": spec}
    )
    before = kubectl.get("cronjob", "report", "-n", shop)["spec"]

    deployed = collection.deploy(shop)
    kubectl("create", "job", "now", "--from=cronjob/report", "-n", shop)
    pods = eventually("a run", lambda: kubectl.pods(shop))
    again, removed = collection.deploy(shop), collection.remove(shop)

    assert deployed.status == 0 and deployed.verdicts == {shop: "deployed"}, deployed.output
    (report,) = deployed.namespaces[shop]["workloads"]
    assert pods[0]["metadata"]["labels"][POD_LABEL] == report["to"]
    proxies = pods[0]["spec"]["containers"] + pods[0]["spec"].get("initContainers", [])
    mounts = [one["mountPath"] for proxy in proxies for one in proxy["volumeMounts"]]
    assert "/var/local/wasm-filter/trace" in mounts and "/mine" in mounts
    assert again.verdicts == {shop: "unchanged"} and removed.verdicts == {shop: "removed"}, removed.output
    assert kubectl.get("cronjob", "report", "-n", shop)["spec"] == before
