# SPDX-License-Identifier: Apache-2.0
"""What an older commit left in a namespace (tests/upgrade/recorded), planned by this code without a cluster."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.registry import DELIVERIES
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import Release
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain import wasm_module
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.revision import UNKNOWN, revision

from tests.simulation.values import merged
from tests.unit.objects import kind_of
from tests.upgrade import capture, recording, replay, states
from tests.upgrade.capture import SOME_TIME, Object, without_managers
from tests.upgrade.recording import Deploy, Recorded

SHOP = "shop"
STATES = {name: recording.load(name, SHOP) for name in recording.names()}
DEPLOYS = [
    pytest.param(deploy, id=f"{name}-{at}") for name, state in STATES.items() for at, deploy in enumerate(state.deploys)
]
GUARD = ("uid", "resourceVersion")


def names_of(deploy: Deploy) -> FilterNames:
    return FilterNames(deploy.filter_name, deploy.variables.get("wasm_filter_config_map_name", "wasm-filter"))


def revision_of(deploy: Deploy) -> str:
    """What the old code said it put there."""
    said = deploy.verdict["message"].split()
    return str(said[said.index("revision") + 1])


def config_map_of(deploy: Deploy) -> Object:
    return deploy.ours[f"ConfigMap/{names_of(deploy).config_map(revision_of(deploy))}"]


def release_of(deploy: Deploy) -> Release:
    """From the ConfigMap, which is all that a later run may have of it."""
    spec = json.loads(config_map_of(deploy)["data"]["envoyfilter.json"])["spec"]
    binary = wasm_module.read(next(iter(STATES.values())).binary, recording.BINARY)
    return Release(names_of(deploy), revision_of(deploy), spec, binary, SOME_TIME)


def live(workload: Object) -> Object:
    """As the API server hands it out."""
    found = copy.deepcopy(workload)
    found["metadata"] |= {"uid": "uid-1", "resourceVersion": "7", "generation": 1}
    return found


def without_guard(body: Object) -> Object:
    metadata = {key: value for key, value in body["metadata"].items() if key not in GUARD}
    return {**body, "metadata": metadata}


def with_the_last_one_only(body: Object, deploy: Deploy) -> Object:
    """The older commit noted one revision of before, not three."""
    found = copy.deepcopy(body)
    key = names_of(deploy).previous_annotation
    found["metadata"]["annotations"][key] = found["metadata"]["annotations"][key].partition(",")[0]
    return found


def patched(workload: Object, body: Object | None) -> Object:
    assert body is not None
    return merged(copy.deepcopy(workload), without_guard(body))


def plain(workload: Object) -> Object:
    """Without owners of fields, and without maps that are empty, which the API server leaves out."""
    found: Object = copy.deepcopy(without_managers({"": workload})[""])
    for metadata in (found["metadata"], found["spec"]["template"]["metadata"]):
        if not metadata.get("annotations"):
            metadata.pop("annotations", None)
    return found


def test_the_states_are_all_recorded() -> None:
    assert recording.names() == sorted(states.STATES)
    for name, state in STATES.items():
        assert [deploy.variables for deploy in state.deploys] == states.STATES[name]


@pytest.mark.parametrize("deploy", DEPLOYS)
def test_the_same_input_has_the_same_revision(deploy: Deploy) -> None:
    spec = json.loads(json.dumps(release_of(deploy).spec).replace(revision_of(deploy), UNKNOWN))
    configurations = [
        value["typed_config"]["config"]["configuration"]["value"]
        for patch in spec["configPatches"]
        if "typed_config" in (value := patch["patch"]["value"])
    ]
    assert len(set(configurations)) == 1
    sha256 = deploy.result["run"]["leaves"]["sha256"]
    assert revision(sha256, json.loads(configurations[0]), spec) == revision_of(deploy)


@pytest.mark.parametrize("deploy", DEPLOYS)
def test_the_objects_of_a_revision_are_the_same(deploy: Deploy) -> None:
    release = release_of(deploy)
    name = DELIVERIES[deploy.delivery](release).envoy_filter_name
    wanted = [release.config_map(SHOP, name), release.envoy_filter(SHOP, name)]
    found = without_managers(deploy.ours)
    assert [found[f"{one['kind']}/{one['metadata']['name']}"] for one in wanted] == wanted
    managers = {entry["manager"] for one in wanted for entry in _managers(deploy.ours, one)}
    assert managers == {release.names.field_manager}


def _managers(objects: capture.Objects, one: Object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects[f"{one['kind']}/{one['metadata']['name']}"]["metadata"]["managedFields"]
    return found


def applied_again(state: Recorded) -> list[tuple[capture.Objects, Deploy]]:
    """What each deploy found, and the deploy."""
    found = [state.original, *(deploy.workloads for deploy in state.deploys)]
    return list(zip(found, state.deploys, strict=False))


@pytest.mark.parametrize("name", ["configmap", "two_revisions"])
def test_a_workload_gets_the_same_change(name: str) -> None:
    for before, deploy in applied_again(STATES[name]):
        for key, workload in before.items():
            change = workload_change.deploy(kind_of(workload), live(workload), names_of(deploy), revision_of(deploy))
            sent = with_the_last_one_only(without_guard(change.body), deploy) if change.body else None
            assert sent == replay.applied(deploy.workloads[key], deploy.field_manager), key
            if sent:
                assert plain(patched(workload, sent)) == plain(deploy.workloads[key])


LAST = [
    pytest.param(STATES["configmap"], 0, id="configmap"),
    pytest.param(STATES["two_revisions"], 1, id="two_revisions"),
    pytest.param(STATES["two_filters"], 0, id="two_filters-first"),
    pytest.param(STATES["two_filters"], 1, id="two_filters-second"),
]


@pytest.mark.parametrize(("state", "which"), LAST)
def test_nothing_is_to_be_done_for_what_is_there(state: Recorded, which: int) -> None:
    deploy = state.deploys[which]
    for verdict in deploy.verdict["workloads"]:
        workload = state.deploys[-1].workloads[f"{verdict['kind']}/{verdict['name']}"]
        change = workload_change.deploy(kind_of(workload), live(workload), names_of(deploy), revision_of(deploy))
        assert change.body is None, verdict["name"]
        assert (change.to_revision, change.reason) == (verdict["to"], verdict["reason"])


ORDERS = [
    pytest.param(STATES["configmap"], [0], id="configmap"),
    pytest.param(STATES["inline"], [0], id="inline"),
    pytest.param(STATES["two_revisions"], [1], id="two_revisions"),
    pytest.param(STATES["two_filters"], [0, 1], id="two_filters-first-goes-first"),
    pytest.param(STATES["two_filters"], [1, 0], id="two_filters-last-goes-first"),
]


@pytest.mark.parametrize(("state", "order"), ORDERS)
def test_removal_leaves_what_was_there_before(state: Recorded, order: list[int]) -> None:
    for key, workload in state.deploys[-1].workloads.items():
        for which in order:
            change = workload_change.remove(kind_of(workload), live(workload), names_of(state.deploys[which]))
            workload = patched(workload, change.body) if change.body else workload
        assert plain(workload) == plain(state.original[key])
