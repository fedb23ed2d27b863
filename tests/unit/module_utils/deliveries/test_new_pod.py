# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.new_pod import new_pod, template_after

from tests.unit.objects import MOUNT, NAMES, R1, VOLUME, kind_of, workload

THEIRS = {VOLUME: '[{"name":"theirs","emptyDir":{}}]', "a": "b"}


def read(**more: Any) -> dict[str, Any]:
    entry = workload(annotations=dict(THEIRS), **more)
    entry["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    return entry


def test_the_template_with_what_a_deploy_puts_into_it() -> None:
    entry = read()
    kind = kind_of(entry)
    change = workload_change.deploy(kind, entry, NAMES, R1)
    template = template_after(kind, entry, change.body)
    assert template["metadata"]["labels"] == {"app": "web", NAMES.pod_label: R1}
    annotations = template["metadata"]["annotations"]
    assert annotations["a"] == "b" and NAMES.volume in annotations[MOUNT]
    assert "theirs" in annotations[VOLUME] and NAMES.volume in annotations[VOLUME]
    assert template["spec"] == entry["spec"]["template"]["spec"]
    # What was read is as it was read.
    assert entry == read()


def test_the_template_without_what_a_removal_takes_out() -> None:
    entry = read()
    kind = kind_of(entry)
    deployed = {**entry, "spec": {**entry["spec"]}}
    change = workload_change.deploy(kind, entry, NAMES, R1)
    deployed["spec"]["template"] = template_after(kind, entry, change.body)
    deployed["metadata"] = {**entry["metadata"], "annotations": (change.body or {})["metadata"]["annotations"]}
    removal = workload_change.remove(kind, deployed, NAMES)
    assert template_after(kind, deployed, removal.body) == entry["spec"]["template"]


def test_without_a_change_it_is_the_workloads_own() -> None:
    entry = read()
    assert template_after(kind_of(entry), entry, None) == entry["spec"]["template"]


def test_the_pod_is_owned_and_named_as_a_controllers_is() -> None:
    entry = read(name="w" * 60)
    kind = kind_of(entry)
    pod = new_pod(kind, entry, entry["spec"]["template"])
    metadata = pod["metadata"]
    assert (metadata["namespace"], metadata["labels"], metadata["annotations"]) == ("shop", {"app": "w" * 60}, THEIRS)
    assert len(metadata["generateName"]) + 5 <= 63
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Deployment", "u", True)
    assert pod["spec"] == entry["spec"]["template"]["spec"]


def test_claims_of_a_stateful_set_are_volumes() -> None:
    entry = read(kind="StatefulSet", volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {}}])
    entry["spec"]["template"]["spec"]["volumes"] = [{"name": "own", "emptyDir": {}}]
    pod = new_pod(kind_of(entry), entry, entry["spec"]["template"])
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["own", "data"]
    assert pod["spec"]["volumes"][1]["persistentVolumeClaim"]["claimName"] == "data"
