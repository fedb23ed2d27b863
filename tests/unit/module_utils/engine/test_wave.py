"""Whole waves against an API server in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import wave

from tests.unit.fake_api import Fault
from tests.unit.objects import NAMES, R1, R2, VOLUME, release, workload
from tests.unit.waves import THEIRS, cluster, deployed, removed, template


def test_deploy() -> None:
    api = cluster("shop", "pay")
    verdicts = deployed(api, "shop", "pay")
    for found in verdicts.values():
        assert (found.verdict, found.changed) == ("deployed", True)
        assert found.message == f"revision {R1} (configmap), 2 of 2 workloads patched"
        assert [(entry.kind, entry.verdict, entry.to_revision) for entry in found.workloads] == [
            ("Deployment", "deployed", R1),
            ("StatefulSet", "deployed", R1),
        ]
    volumes = json.loads(template(api, "pay")["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == ["theirs", NAMES.volume]
    assert api.managers == {NAMES.field_manager}


def test_no_pod_changes_before_its_objects_are_there() -> None:
    api = cluster("shop")
    deployed(api, "shop")
    kinds = [request.split("/")[-1 if request.startswith("POST") else -2] for request in api.writes()]
    assert kinds[:2] == ["configmaps", "envoyfilters"]
    assert sorted(kinds[2:]) == ["deployments", "statefulsets"]


def test_again_changes_nothing_and_only_lists() -> None:
    api = cluster("shop", "pay")
    deployed(api, "shop", "pay")
    api.requests.clear()
    verdicts = deployed(api, "shop", "pay")
    assert {
        (found.verdict, found.changed, found.diff["before"] or found.diff["after"] or None)
        for found in verdicts.values()
    } == {("unchanged", False, None)}
    assert api.writes() == []
    assert all(request.startswith("LIST ") for request in api.requests)
    assert len(api.requests) == 6


def test_check_mode_says_what_would_change_and_changes_nothing() -> None:
    api = cluster("shop", dry_run=True)
    before = json.dumps(template(api, "shop"))
    found = deployed(api, "shop")["shop"]
    assert (found.verdict, found.changed) == ("deployed", True)
    assert NAMES.pod_label in found.diff["after"]["Deployment/web"]
    assert json.dumps(template(api, "shop")) == before
    assert api.names("ConfigMap", "shop") == []
    assert not [request for request in api.requests if request.startswith("WATCH")]


@pytest.mark.parametrize("step", ["_planned", "_send"])
def test_a_fault_of_ours_stops_no_other_namespace(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    api = cluster("shop", "pay")
    sound = getattr(wave.Wave, step)

    def faulty(self: wave.Wave, *arguments: Any) -> Any:
        last = arguments[-1]
        namespace = (last if isinstance(last, dict) else last.workload)["metadata"]["namespace"]
        if namespace == "shop":
            raise KeyError("unforeseen")
        return sound(self, *arguments)

    monkeypatch.setattr(wave.Wave, step, faulty)
    verdicts = deployed(api, "shop", "pay")
    assert (verdicts["shop"].verdict, verdicts["shop"].reason) == ("failed", "crashed")
    assert "unforeseen" in verdicts["shop"].message
    assert verdicts["pay"].verdict == "deployed"


def test_an_unfit_namespace_is_not_touched_and_stops_nobody() -> None:
    api = cluster("shop", "pay")
    unfit = {"pay": {"reason": "not_injected", "message": "pay is not injected"}}
    verdicts = deployed(api, "shop", "pay", unfit=unfit)
    assert verdicts["shop"].verdict == "deployed"
    assert (verdicts["pay"].verdict, verdicts["pay"].reason) == ("failed", "not_injected")
    assert verdicts["pay"].message == "pay is not injected"
    assert not verdicts["pay"].changed
    assert not [request for request in api.writes() if "/pay/" in request]


@pytest.mark.parametrize(
    ("refused", "changed"),
    [
        ("LIST .*/pay/deployments|LIST /apis/apps/v1/deployments", False),
        ("POST .*/pay/configmaps", False),
        # The ConfigMap is there by then, and it is said.
        ("POST .*/pay/envoyfilters", True),
    ],
)
def test_a_namespace_that_is_refused_stops_nobody(refused: str, changed: bool) -> None:
    api = cluster("shop", "pay")
    api.faults.append(Fault(refused, 403))
    verdicts = deployed(api, "shop", "pay")
    assert verdicts["shop"].verdict == "deployed"
    assert (verdicts["pay"].verdict, verdicts["pay"].reason) == ("failed", "api_refused")
    assert verdicts["pay"].changed == changed
    # Its pods were not sent to look for what is not there.
    assert NAMES.pod_label not in template(api, "pay")["labels"]


def test_an_object_of_somebody_else_fails_its_namespace_only() -> None:
    api = cluster("shop", "pay")
    theirs = release().config_map("pay", "")
    theirs["metadata"]["labels"] = {}
    api.add(theirs)
    verdicts = deployed(api, "shop", "pay")
    assert (verdicts["pay"].verdict, verdicts["pay"].reason) == ("failed", "foreign_object")
    assert verdicts["shop"].verdict == "deployed"


def test_a_workload_that_is_refused_stops_no_other() -> None:
    api = cluster("shop")
    api.faults.append(Fault("APPLY .*/deployments/web", 422))
    found = deployed(api, "shop")["shop"]
    assert (found.verdict, found.changed, found.reason) == ("failed", True, "api_refused")
    assert [(entry.verdict, entry.to_revision) for entry in found.workloads] == [("failed", "none"), ("deployed", R1)]
    assert found.message.startswith("Deployment/web: failed to ")
    assert found.message.endswith("; 1 other done")
    # What does not run it yet may have to go back: nothing is collected.
    assert api.names("EnvoyFilter", "shop") == [f"trace-filter-{R1}"]


def test_somebody_who_was_faster_is_read_again_and_kept() -> None:
    api = cluster("shop")

    def meddle() -> None:
        def add(entry: dict[str, Any]) -> None:
            entry["spec"]["template"]["metadata"]["annotations"][VOLUME] = '[{"name":"new"}]'

        api.touch("Deployment", "shop", "web", add)

    api.faults.append(Fault("APPLY .*/deployments/web", None, times=2, meanwhile=meddle))
    found = deployed(api, "shop")["shop"]
    assert found.verdict == "deployed"
    volumes = json.loads(template(api, "shop")["annotations"][VOLUME])
    assert [volume["name"] for volume in volumes] == ["new", NAMES.volume]


def test_conflicts_without_end_end() -> None:
    api = cluster("shop")
    api.faults.append(Fault("APPLY .*/deployments/web", 409))
    found = deployed(api, "shop")["shop"]
    assert (found.verdict, found.reason) == ("failed", "api_refused")
    tries = [request for request in api.requests if request.startswith("APPLY") and "deployments" in request]
    assert len(tries) == wave.CONFLICT_RETRIES + 1


def test_a_workload_deleted_meanwhile_is_not_created_again() -> None:
    api = cluster("shop")

    def delete() -> None:
        api.delete("/apis/apps/v1/namespaces/shop/deployments/web")

    api.faults.append(Fault("APPLY .*/deployments/web", None, times=1, meanwhile=delete))
    found = deployed(api, "shop")["shop"]
    assert api.names("Deployment", "shop") == []
    assert found.verdict == "deployed"
    assert [(entry.verdict, entry.reason) for entry in found.workloads] == [
        ("skipped", "workload_deleted"),
        ("deployed", ""),
    ]


def test_only_what_the_selector_means_is_changed() -> None:
    api = cluster("shop")
    wanted = release()
    wanted.spec["workloadSelector"]["labels"]["app"] = "web"
    found = deployed(api, "shop", wanted=wanted)["shop"]
    assert found.message == (
        f"revision {R1} (configmap), 1 of 2 workloads patched, 1 skipped (StatefulSet/data: not_selected)"
    )
    assert NAMES.pod_label not in template(api, "shop", "StatefulSet", "data")["labels"]


def test_a_sentence_that_is_the_same_for_all_is_told_once() -> None:
    api = cluster("shop")
    api.add(workload("shop", "api"))
    api.faults.append(Fault("APPLY .*/deployments/", 403))
    found = deployed(api, "shop")["shop"]
    assert found.message.startswith("Deployment/api, Deployment/web: failed to ")
    assert found.message.count("failed to ") == 1
    assert found.message.endswith("; 1 other done")


def test_a_skipped_workload_is_named() -> None:
    api = cluster("shop")
    api.add(workload("shop", "plain", labels={"sidecar.istio.io/inject": "false"}))
    found = deployed(api, "shop")["shop"]
    assert found.verdict == "deployed"
    assert "1 skipped (Deployment/plain: injection_disabled)" in found.message


def test_inline_touches_no_workload() -> None:
    api = cluster("shop")
    deployed(api, "shop", wanted=release(R1, "inline"))
    found = deployed(api, "shop", wanted=release(R2, "inline"))["shop"]
    assert found.verdict == "deployed"
    assert not [request for request in api.writes() if "/apis/apps/" in request]
    assert api.names("EnvoyFilter", "shop") == ["trace-filter"]


def test_remove_leaves_what_was_there_before() -> None:
    api = cluster("shop", "pay")
    deployed(api, "shop", "pay")
    deployed(api, "shop", wanted=release(R2))
    found = removed(api, "shop")["shop"]
    assert (found.verdict, found.changed) == ("removed", True)
    assert template(api, "shop") == {"labels": {"app": "web"}, "annotations": THEIRS}
    assert api.held("Deployment", "shop", "web")["metadata"]["annotations"] == {}
    assert api.names("ConfigMap", "shop") == api.names("EnvoyFilter", "shop") == []
    assert api.names("ConfigMap", "pay")


def test_remove_takes_the_workloads_first() -> None:
    api = cluster("shop")
    deployed(api, "shop")
    api.requests.clear()
    removed(api, "shop")
    assert [request.partition(" ")[0] for request in api.writes()] == ["MERGE", "MERGE", "DELETE", "DELETE"]


def test_remove_where_nothing_is_is_nothing_to_do() -> None:
    api = cluster("shop")
    found = removed(api, "shop")["shop"]
    assert (found.verdict, found.changed) == ("unchanged", False)
    assert api.writes() == []


def test_remove_keeps_the_file_of_pods_that_could_not_be_changed() -> None:
    api = cluster("shop")
    deployed(api, "shop")
    api.faults.append(Fault("MERGE .*/deployments/web", 403))
    found = removed(api, "shop")["shop"]
    assert found.verdict == "failed"
    assert api.names("ConfigMap", "shop") == [f"wasm-filter-{R1}"]


def test_progress_is_told() -> None:
    api = cluster("shop")
    told: list[tuple[str, str, bool]] = []
    wave.deploy(api, release(), ["shop"], {}, 20, lambda *event: told.append(event))
    assert ("shop", f"EnvoyFilter/trace-filter-{R1} and ConfigMap/wasm-filter-{R1} set", False) in told
    assert ("shop", "Deployment/web patched", True) in told
    assert ("shop", "StatefulSet/data rolled, 2 pods", False) in told


def test_progress_of_check_mode_says_would_be() -> None:
    api = cluster("shop", dry_run=True)
    told: list[tuple[str, str, bool]] = []
    wave.deploy(api, release(), ["shop"], {}, 20, lambda *event: told.append(event))
    texts = [text for _namespace, text, _step in told]
    assert "Deployment/web would be patched" in texts
    assert all("would be " in text for text in texts)
