# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.field_managers import appliers, blamed
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.slim import LAST_APPLIED, slim
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import WorkloadKind
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.cron_job import CRON_JOB
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.registry import KINDS

from tests.unit.objects import NAMES

LABELS = {"app": "web"}
ANNOTATIONS = {"sidecar.istio.io/userVolume": "[]"}
OWNED: dict[str, Any] = {"f:annotations": {"f:sidecar.istio.io/userVolume": {}}}


def whole(kind: WorkloadKind, **pod: Any) -> dict[str, Any]:
    """As an API server has one, with a pod spec."""
    template = {"metadata": {"labels": LABELS, "annotations": ANNOTATIONS}, "spec": {"containers": [{}], **pod}}
    owned = {"f:metadata": OWNED, "f:spec": {"f:containers": {'k:{"name":"app"}': {"f:image": {}}}}}
    fields = {"f:metadata": {"f:labels": {}}, **kind_fields(kind, owned), "f:status": {}}
    applied = {"manager": "argocd", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": fields}
    status = {
        "manager": "kcm",
        "operation": "Update",
        "subresource": "status",
        "fieldsV1": {"f:status": {"f:replicas": {}}},
    }
    metadata = {
        "name": "web",
        "generation": 3,
        "annotations": {LAST_APPLIED: "{...}", "mine": "1"},
        "managedFields": [applied, status],
    }
    spec = kind.with_template(template)["spec"]
    more = {"replicas": 2, "selector": {"matchLabels": LABELS}, "volumeClaimTemplates": [{"spec": {}}]}
    return {"kind": kind.kind, "metadata": metadata, "spec": {**more, **spec}, "status": {"replicas": 2}}


def kind_fields(kind: WorkloadKind, template: dict[str, Any]) -> dict[str, Any]:
    found = template
    for key in reversed(kind.template_path):
        found = {f"f:{key}": found}
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_pods_and_what_others_own_of_them_go(kind: WorkloadKind) -> None:
    entry = whole(kind)
    before = copy.deepcopy(entry)
    found = slim(entry)
    assert entry == before
    assert kind.template(found) == {"metadata": {"labels": LABELS, "annotations": ANNOTATIONS}, "spec": {}}
    assert found["metadata"]["annotations"] == {"mine": "1"}
    assert (found["spec"]["replicas"], found["status"], kind.pod_labels(found)) == (2, {"replicas": 2}, LABELS)
    text = str(found)
    assert not [word for word in ("f:image", "volumeClaimTemplates", "containers", LAST_APPLIED) if word in text]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_who_wrote_it_is_still_known(kind: WorkloadKind) -> None:
    entry = whole(kind)
    found = slim(entry)
    assert [one["manager"] for one in found["metadata"]["managedFields"]] == ["argocd", "kcm"]
    for one in (entry, found):
        assert appliers(kind, one, ANNOTATIONS, NAMES) == "argocd"
        assert blamed(kind, one, one, NAMES).endswith("its pod template is managed by argocd")


def test_one_that_owns_only_the_spec_of_pods_still_owns_some_of_the_template() -> None:
    entry = whole(CRON_JOB)
    entry["metadata"]["managedFields"] = [
        {"manager": "helm", "operation": "Update", "fieldsV1": kind_fields(CRON_JOB, {"f:spec": {"f:containers": {}}})}
    ]
    assert blamed(CRON_JOB, entry, slim(entry), NAMES).endswith("its pod template is managed by helm")
    entry["metadata"]["managedFields"][0]["fieldsV1"] = {"f:spec": {"f:replicas": {}}}
    assert "managed by" not in blamed(CRON_JOB, entry, slim(entry), NAMES)


def test_pods_of_the_node_s_network_are_still_known() -> None:
    found = slim(whole(KINDS[0], hostNetwork=True))
    assert KINDS[0].template(found)["spec"] == {"hostNetwork": True}


def test_what_is_hardly_there_stays_as_it_is() -> None:
    for entry in ({"metadata": {"name": "x"}}, {"metadata": {"name": "x"}, "spec": {"template": {"spec": {}}}}):
        assert slim(entry) == entry


def test_texts_that_workloads_have_in_common_are_there_once() -> None:
    one, other = (slim(json.loads(json.dumps(whole(KINDS[0])))) for _read in range(2))
    assert one == other
    assert [id(name) for name in one["metadata"]] == [id(name) for name in other["metadata"]]
    assert one["metadata"]["managedFields"][0]["manager"] is other["metadata"]["managedFields"][0]["manager"]
