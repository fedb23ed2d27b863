# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import WorkloadChange
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.deployment import DEPLOYMENT

from tests.simulation.values import merged
from tests.unit.objects import MOUNT, NAMES, R1, R2, VOLUME, workload

ORIGINAL = "wasm-filters.openclarity.io/trace.original"
PREVIOUS = "wasm-filters.openclarity.io/trace.previous"
TEMPLATES = "inject.istio.io/templates"


def stored(**arguments: Any) -> dict[str, Any]:
    """A workload as the API server has it."""
    entry = workload(**arguments)
    entry["metadata"] |= {"uid": "uid-1", "resourceVersion": "7", "generation": 1}
    return entry


def applied(entry: dict[str, Any], change: WorkloadChange) -> dict[str, Any]:
    assert change.body is not None
    return merged(json.loads(json.dumps(entry)), change.body)


def deployed(revision: str = R1, **arguments: Any) -> dict[str, Any]:
    entry = stored(**arguments)
    return applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, revision))


def template(entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry["spec"]["template"]["metadata"]
    return found


def test_the_first_deploy_sets_label_volume_and_what_to_go_back_to() -> None:
    change = workload_change.deploy(DEPLOYMENT, stored(), NAMES, R1)
    assert (change.from_revision, change.to_revision, change.outcome) == ("none", R1, "deployed")
    assert change.body is not None
    assert template(change.body)["labels"] == {NAMES.pod_label: R1}
    assert set(template(change.body)["annotations"]) == {VOLUME, MOUNT}
    annotations = change.body["metadata"]["annotations"]
    assert annotations[PREVIOUS] == "none"
    assert json.loads(annotations[ORIGINAL]) == {"volume": None, "mount": None}


def test_the_request_is_about_this_very_object_only() -> None:
    for change in (
        workload_change.deploy(DEPLOYMENT, stored(), NAMES, R1),
        workload_change.remove(DEPLOYMENT, deployed(), NAMES),
    ):
        assert change.body is not None
        guard = {key: value for key, value in change.body["metadata"].items() if key != "annotations"}
        assert guard == {"name": "web", "namespace": "shop", "uid": "uid-1", "resourceVersion": "7"}


def test_an_apply_names_its_type_and_nothing_of_the_application() -> None:
    change = workload_change.deploy(DEPLOYMENT, stored(), NAMES, R1)
    assert change.body is not None
    assert (change.body["apiVersion"], change.body["kind"]) == ("apps/v1", "Deployment")
    assert list(change.body["spec"]) == ["template"]
    assert list(change.body["spec"]["template"]) == ["metadata"]


def test_again_is_nothing_to_do() -> None:
    change = workload_change.deploy(DEPLOYMENT, deployed(), NAMES, R1)
    assert change.body is None
    assert (change.outcome, change.from_revision, change.to_revision) == ("unchanged", R1, R1)


def test_the_next_revision_remembers_the_one_before() -> None:
    entry = deployed(R1)
    change = workload_change.deploy(DEPLOYMENT, entry, NAMES, R2)
    assert (change.from_revision, change.to_revision) == (R1, R2)
    assert applied(entry, change)["metadata"]["annotations"][PREVIOUS] == f"{R1},none"


def through(*revisions: str) -> dict[str, Any]:
    """Deployed one after the other."""
    entry = deployed(revisions[0])
    for revision in revisions[1:]:
        entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, revision))
    return entry


def test_three_revisions_before_it_are_remembered() -> None:
    assert workload_change.previous_revisions(through(R1, R2, "3333333333"), NAMES) == [R2, R1, "none"]
    assert workload_change.previous_revisions(through(R1, R2, "3333333333", R1), NAMES) == ["3333333333", R2, R1]
    assert workload_change.previous_revisions(stored(), NAMES) == ["none"]


def test_what_an_older_version_noted_is_one_revision() -> None:
    entry = deployed(R1)
    entry["metadata"]["annotations"][PREVIOUS] = "0123456789"
    assert workload_change.previous_revisions(entry, NAMES) == ["0123456789"]
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R2))
    assert entry["metadata"]["annotations"][PREVIOUS] == f"{R1},0123456789"


def test_going_back_forgets_what_came_after() -> None:
    before = deployed(R1)
    entry = applied(before, workload_change.deploy(DEPLOYMENT, before, NAMES, R2))
    back = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R1, back=True))
    assert (back["metadata"]["annotations"], template(back)) == (before["metadata"]["annotations"], template(before))
    unknown = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, "9999999999", back=True))
    assert unknown["metadata"]["annotations"][PREVIOUS] == f"{R1},none"


def test_a_repair_of_the_same_revision_keeps_the_previous_one() -> None:
    entry = deployed(R1)
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R2))
    template(entry)["annotations"][VOLUME] = "[]"
    repaired = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R2))
    assert repaired["metadata"]["annotations"][PREVIOUS] == f"{R1},none"
    assert NAMES.volume in template(repaired)["annotations"][VOLUME]


@pytest.mark.parametrize(
    "annotations", [None, {}, {VOLUME: '[ {"name": "a"} ]'}, {VOLUME: "{}", MOUNT: "null", "x": "y"}]
)
def test_remove_gives_the_application_its_own_back(annotations: dict[str, str] | None) -> None:
    before = stored(annotations=annotations)
    entry = applied(before, workload_change.deploy(DEPLOYMENT, before, NAMES, R1))
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, NAMES, R2))
    change = workload_change.remove(DEPLOYMENT, entry, NAMES)
    assert (change.outcome, change.from_revision, change.to_revision) == ("removed", R2, "none")
    after = applied(entry, change)
    template(before).setdefault("annotations", {})
    before["metadata"]["annotations"] = {}
    assert after == before


def test_remove_from_what_never_had_it_is_nothing_to_do() -> None:
    for entry in (stored(), stored(annotations={VOLUME: '[{"name":"a"}]'}), stored(annotations={VOLUME: "not JSON"})):
        change = workload_change.remove(DEPLOYMENT, entry, NAMES)
        assert (change.body, change.outcome) == (None, "unchanged")


def test_remove_clears_up_after_a_label_that_was_taken_by_hand() -> None:
    entry = deployed()
    del template(entry)["labels"][NAMES.pod_label]
    after = applied(entry, workload_change.remove(DEPLOYMENT, entry, NAMES))
    assert after["metadata"]["annotations"] == {}
    assert template(after)["annotations"] == {}


def test_another_filter_on_the_same_workload_stays() -> None:
    other = FilterNames("other")
    entry = deployed()
    entry = applied(entry, workload_change.deploy(DEPLOYMENT, entry, other, R2))
    after = applied(entry, workload_change.remove(DEPLOYMENT, entry, NAMES))
    assert workload_change.revision_of(DEPLOYMENT, after, NAMES) is None
    assert workload_change.revision_of(DEPLOYMENT, after, other) == R2
    volumes = json.loads(template(after)["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == [other.volume]
    assert workload_change.deploy(DEPLOYMENT, after, other, R2).body is None


def test_what_else_is_kept_on_a_workload_is_not_touched_by_removal() -> None:
    entry = deployed()
    foreign = {"example.com/x.original": '{"volume": "[]", "mount": null}', "wasm-filters.openclarity.io/x": "y"}
    entry["metadata"]["annotations"] |= foreign
    assert applied(entry, workload_change.remove(DEPLOYMENT, entry, NAMES))["metadata"]["annotations"] == foreign


@pytest.mark.parametrize(
    "theirs",
    [{VOLUME: '[{"name":"wasm-filter-trace","emptyDir":{}}]'}, {MOUNT: '{"wasm-filter-trace":{"mountPath":"/a"}}'}],
)
def test_a_volume_of_our_name_that_is_not_ours_is_refused_and_stays(theirs: dict[str, str]) -> None:
    entry = stored(annotations=theirs)
    change = workload_change.deploy(DEPLOYMENT, entry, NAMES, R1)
    assert (change.body, change.outcome, change.reason) == (None, "failed", "foreign_object")
    assert (change.from_revision, change.to_revision) == ("none", "none")
    assert "wasm-filter-trace" in change.message
    assert "wasm_filter_name" in change.message
    assert workload_change.remove(DEPLOYMENT, entry, NAMES).body is None


def test_a_manifest_that_was_copied_with_our_entries_is_no_foreign_one() -> None:
    copied = {key: template(deployed())["annotations"][key] for key in (VOLUME, MOUNT)}
    change = workload_change.deploy(DEPLOYMENT, stored(annotations=copied), NAMES, R2)
    assert change.outcome == "deployed"
    assert change.body is not None


def test_what_a_pod_would_lack_is_named() -> None:
    entry = deployed()
    assert workload_change.missing(DEPLOYMENT, entry, NAMES, R1) == []
    assert workload_change.missing(DEPLOYMENT, entry, NAMES, R2) == [
        f"label {NAMES.pod_label}={R2}",
        f"the entry {NAMES.volume} of annotation {VOLUME}",
    ]
    del template(entry)["annotations"][MOUNT]
    assert workload_change.missing(DEPLOYMENT, entry, NAMES, R1) == [f"the entry {NAMES.volume} of annotation {MOUNT}"]
    assert len(workload_change.missing(DEPLOYMENT, stored(), NAMES, R1)) == 3


def test_what_is_left_of_ours_is_named() -> None:
    entry = deployed()
    volumes = f"the entry {NAMES.volume} of the annotations {VOLUME} and {MOUNT}"
    assert workload_change.left(DEPLOYMENT, entry, NAMES) == [f"label {NAMES.pod_label}", volumes]
    del template(entry)["labels"][NAMES.pod_label]
    assert workload_change.left(DEPLOYMENT, entry, NAMES) == [volumes]
    assert workload_change.left(DEPLOYMENT, stored(), NAMES) == []
    # Theirs, under our name, is nothing that we have left.
    theirs = stored(annotations={VOLUME: '[{"name":"wasm-filter-trace","emptyDir":{}}]'})
    assert workload_change.left(DEPLOYMENT, theirs, NAMES) == []


def managed(*managers: tuple[str, str], **fields: Any) -> dict[str, Any]:
    entry = stored()
    entry["metadata"]["managedFields"] = [{"manager": name, "time": time, **fields} for name, time in managers]
    return entry


def test_all_that_our_field_manager_owns_is_released() -> None:
    body = workload_change.release_fields(managed(("them", "1"), (NAMES.field_manager, "2")), NAMES)
    assert body == {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "uid-1",
            "resourceVersion": "7",
            "managedFields": [{"manager": "them", "time": "1"}],
        }
    }


def test_an_empty_list_of_managers_would_not_be_taken_for_one() -> None:
    body = workload_change.release_fields(managed((NAMES.field_manager, "2")), NAMES)
    assert body is not None
    assert body["metadata"]["managedFields"] == [{}]


def test_where_we_own_nothing_nothing_is_released() -> None:
    assert workload_change.release_fields(managed(("them", "1")), NAMES) is None
    assert workload_change.release_fields(stored(), NAMES) is None


def broken(**metadata: Any) -> dict[str, Any]:
    entry = stored()
    entry["metadata"] |= metadata
    return entry


OWNER = [{"kind": "Plain", "name": "p"}, {"kind": "Shop", "name": "s", "controller": True}]
OBSTACLES = [
    (broken(deletionTimestamp="2026-01-01T00:00:00Z"), "workload_terminating", "deleted"),
    (stored(labels={"sidecar.istio.io/inject": "false"}), "injection_disabled", "sidecar.istio.io/inject=false"),
    (stored(annotations={"sidecar.istio.io/inject": "false"}), "injection_disabled", "sidecar.istio.io/inject=false"),
    (stored(template={"metadata": {}, "spec": {"hostNetwork": True}}), "host_network", "hostNetwork"),
    (stored(annotations={TEMPLATES: "gateway"}), "gateway", "wasm_filter_delivery=inline"),
    (stored(annotations={TEMPLATES: "mine, gateway"}), "gateway", "mine, gateway"),
    (stored(annotations={TEMPLATES: "grpc-agent"}), "no_sidecar", "there is no Envoy"),
    (broken(ownerReferences=OWNER), "owned_by_controller", "Shop/s owns it"),
]


@pytest.mark.parametrize(("entry", "reason", "said"), OBSTACLES)
def test_obstacles_are_skipped_with_the_reason(entry: dict[str, Any], reason: str, said: str) -> None:
    change = workload_change.deploy(DEPLOYMENT, entry, NAMES, R1)
    assert (change.body, change.outcome, change.reason) == (None, "skipped", reason)
    assert (change.from_revision, change.to_revision) == ("none", "none")
    assert said in change.message


@pytest.mark.parametrize("selector", [{"app": "other"}, {"app": "web", "tier": "front"}])
def test_a_workload_that_is_not_selected_stays_as_it_is(selector: dict[str, str]) -> None:
    change = workload_change.deploy(DEPLOYMENT, stored(), NAMES, R1, selector)
    assert (change.body, change.outcome, change.reason) == (None, "skipped", "not_selected")
    assert "wasm_filter_selector" in change.message
    change = workload_change.deploy(DEPLOYMENT, deployed(R1), NAMES, R2, selector)
    assert (change.body, change.from_revision, change.to_revision) == (None, R1, R1)
    # Whatever is selected now: what was put there can be taken away.
    assert workload_change.remove(DEPLOYMENT, deployed(R1), NAMES).body


def test_a_workload_that_is_selected_is_changed() -> None:
    entry = stored(labels={"tier": "front"})
    for selector in ({}, None, {"app": "web"}, {"app": "web", "tier": "front"}):
        assert workload_change.deploy(DEPLOYMENT, entry, NAMES, R1, selector).body


def test_an_owner_that_does_not_control_is_no_obstacle() -> None:
    assert workload_change.deploy(DEPLOYMENT, broken(ownerReferences=OWNER[:1]), NAMES, R1).body


def test_the_label_decides_over_the_annotation() -> None:
    entry = stored(labels={"sidecar.istio.io/inject": "true"}, annotations={"sidecar.istio.io/inject": "false"})
    assert workload_change.deploy(DEPLOYMENT, entry, NAMES, R1).body


@pytest.mark.parametrize("templates", ["", "sidecar", "sidecar,gateway", "sidecar,grpc-agent", "mine"])
def test_injection_templates_that_may_mount_the_file_are_no_obstacle(templates: str) -> None:
    assert workload_change.deploy(DEPLOYMENT, stored(annotations={TEMPLATES: templates}), NAMES, R1).body


def test_annotations_that_are_no_json_are_left_alone() -> None:
    change = workload_change.deploy(DEPLOYMENT, stored(annotations={VOLUME: "- name: a"}), NAMES, R1)
    assert (change.body, change.outcome, change.reason) == (None, "failed", "invalid_annotation")
    assert VOLUME in change.message
    # Broken by somebody after our deploy: it can't be taken out either.
    entry = deployed()
    template(entry)["annotations"][VOLUME] = "{"
    assert workload_change.remove(DEPLOYMENT, entry, NAMES).reason == "invalid_annotation"


def test_the_diff_shows_label_and_volumes() -> None:
    change = workload_change.deploy(DEPLOYMENT, deployed(R1), NAMES, R2)
    assert change.before[NAMES.pod_label] == R1
    assert change.after[NAMES.pod_label] == R2
    assert f"wasm-filter-{R1}" in change.before[VOLUME]
    assert f"wasm-filter-{R2}" in change.after[VOLUME]
