# SPDX-License-Identifier: Apache-2.0
"""The simulated API server does what the documents of Kubernetes say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
)

from tests.simulation.api_server import ApiServer
from tests.unit.objects import namespace, workload

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
MAPS = "/api/v1/namespaces/shop/configmaps"


def server(**options: Any) -> ApiServer:
    return ApiServer(namespace("shop"), namespace("pay"), workload("shop", "web"), **options)


def web(api: ApiServer) -> dict[str, Any]:
    found = api.get(WEB)
    assert found is not None
    return found


def body(api: ApiServer, annotations: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    """An apply of template labels, and of annotations of the object."""
    metadata = {key: web(api)["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    template = {"metadata": {"labels": labels}} if labels else {}
    entry = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    if annotations is not None:
        metadata["annotations"] = annotations
    return entry


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", "labels": labels}}


def owners(entry: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["manager"], one["operation"]) for one in entry["metadata"]["managedFields"]}


def test_generation_counts_changes_of_the_spec_and_the_version_all() -> None:
    api = server()
    before = web(api)["metadata"]
    labelled = api.merge_patch(WEB, {"metadata": {"labels": {"a": "b"}}}, "me")["metadata"]
    assert (before["generation"], labelled["generation"]) == (1, 1)
    changed = api.merge_patch(WEB, {"spec": {"paused": True}}, "me")["metadata"]
    assert changed["generation"] == 2
    versions = [int(one["resourceVersion"]) for one in (before, labelled, changed)]
    assert versions == sorted(set(versions))
    # A Deployment hands its annotations on: they count.
    assert api.merge_patch(WEB, {"metadata": {"annotations": {"a": "b"}}}, "me")["metadata"]["generation"] == 3


def test_a_write_that_changes_nothing_is_no_change() -> None:
    api = server()
    first = api.apply(WEB, body(api, r="1"), "me")
    again = body(api, r="1")
    assert api.apply(WEB, again, "me") == first
    assert api.merge_patch(WEB, {"metadata": {"labels": {"none": None}}}, "me") == first


def test_an_apply_that_leaves_out_what_it_owned_alone_takes_it_away() -> None:
    api = server()
    api.apply(WEB, body(api, {"x": "1"}, r="1", s="1"), "me")
    found = api.apply(WEB, body(api, r="1"), "me")
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "web", "r": "1"}
    assert "annotations" not in found["metadata"]


def test_an_apply_leaves_what_another_manager_owns_too() -> None:
    api = server()
    api.apply(WEB, body(api, r="1"), "me")
    api.apply(WEB, body(api, r="1"), "other")
    found = api.apply(WEB, body(api, s="1"), "me")
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "web", "r": "1", "s": "1"}
    assert {("me", "Apply"), ("other", "Apply")} <= owners(found)


def test_a_forced_apply_takes_fields_over() -> None:
    api = server()
    api.apply(WEB, body(api, r="1"), "other")
    found = api.apply(WEB, body(api, r="2"), "me")
    assert ("other", "Apply") not in owners(found)
    assert found["spec"]["template"]["metadata"]["labels"]["r"] == "2"


def test_a_merge_patch_takes_fields_from_their_owners() -> None:
    api = server()
    api.apply(WEB, body(api, r="1"), "me")
    found = api.merge_patch(WEB, {"spec": {"template": {"metadata": {"labels": {"r": None}}}}}, "other")
    assert ("me", "Apply") not in owners(found)
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "web"}


def test_managed_fields_can_be_replaced_without_a_new_generation() -> None:
    api = server()
    applied = api.apply(WEB, body(api, r="1"), "me")
    rest = [entry for entry in applied["metadata"]["managedFields"] if entry["manager"] != "me"]
    version = applied["metadata"]["resourceVersion"]
    found = api.merge_patch(WEB, {"metadata": {"managedFields": rest, "resourceVersion": version}}, "me")
    assert ("me", "Apply") not in owners(found)
    assert found["metadata"]["generation"] == applied["metadata"]["generation"]
    assert found["spec"] == applied["spec"]


def test_a_stale_version_or_a_missing_object_is_a_conflict_and_another_uid_is_invalid() -> None:
    api = server()
    stale = body(api, r="1")
    api.merge_patch(WEB, {"metadata": {"labels": {"a": "b"}}}, "other")
    for write in (api.apply, api.merge_patch, api.replace):
        with pytest.raises(Conflict):
            write(WEB, {**web(api), **stale}, "me")
    other = body(api, r="1")
    other["metadata"]["uid"] = "another"
    with pytest.raises(ApiError, match="422"):
        api.apply(WEB, other, "me")
    api.delete(WEB)
    with pytest.raises(Conflict):
        api.apply(WEB, stale, "me")
    with pytest.raises(ApiError, match="404"):
        api.merge_patch(WEB, {"metadata": {}}, "me")


def test_create_and_delete() -> None:
    api = server()
    made = api.create(MAPS, config_map("one"), "me")
    assert api.get(f"{MAPS}/one") == made
    with pytest.raises(Conflict):
        api.create(MAPS, config_map("one"), "me")
    assert api.delete(f"{MAPS}/one")
    assert not api.delete(f"{MAPS}/one")
    anew = api.create(MAPS, config_map("one"), "me")
    assert anew["metadata"]["uid"] != made["metadata"]["uid"]


def test_nothing_is_created_in_a_namespace_that_is_missing_or_leaving() -> None:
    api = server()
    with pytest.raises(ApiError, match="404"):
        api.create("/api/v1/namespaces/ghost/configmaps", config_map("one"), "me")
    api.delete("/api/v1/namespaces/shop")
    with pytest.raises(Forbidden, match="being terminated"):
        api.create(MAPS, config_map("one"), "me")


@pytest.mark.parametrize("everything", [True, False])
def test_a_dry_run_answers_and_changes_nothing(everything: bool) -> None:
    api = server(dry_run=everything)
    version = api.store.version
    assert api.create(MAPS, config_map("one"), "me", rehearsal=True)["metadata"]["name"] == "one"
    answer = api.apply(WEB, body(api, r="1"), "me", rehearsal=True)
    assert answer["spec"]["template"]["metadata"]["labels"]["r"] == "1"
    assert answer["metadata"]["generation"] == 2
    assert api.delete(WEB, rehearsal=True)
    assert api.store.version == version


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("", ["one", "two"]),
        ("a", ["one", "two"]),
        ("a=1", ["one"]),
        ("a==1,b", []),
        ("!b", ["one"]),
        ("a!=1", ["two"]),
        ("a=2,b=3", ["two"]),
    ],
)
def test_lists_by_labels(selector: str, names: list[str]) -> None:
    api = server()
    api.create(MAPS, config_map("two", a="2", b="3"), "me")
    api.create(MAPS, config_map("one", a="1"), "me")
    for path in (MAPS, "/api/v1/configmaps"):
        found, version = api.list(path, selector)
        assert [entry["metadata"]["name"] for entry in found] == names
        assert version == str(api.store.version)
    assert api.list("/api/v1/namespaces/pay/configmaps", selector)[0] == []


def test_items_of_a_list_have_no_type_and_may_be_metadata_only() -> None:
    api = server()
    found = api.list("/apis/apps/v1/deployments")[0][0]
    assert "kind" not in found
    assert "apiVersion" not in found
    assert found["spec"]["replicas"] == 2
    assert list(api.list("/apis/apps/v1/deployments", metadata_only=True)[0][0]) == ["metadata"]


def test_what_is_not_served_is_not_found() -> None:
    api = server()
    assert api.get("/apis/apps/v1/namespaces/shop/deployments/none") is None
    assert api.get("/apis/networking.istio.io/v1alpha3") is not None
    assert api.get("/apis/argoproj.io/v1alpha1") is None
    with pytest.raises(ApiError, match="404"):
        api.list("/apis/argoproj.io/v1alpha1/rollouts")


def test_a_watch_tells_what_happened_since() -> None:
    api = server()
    _found, version = api.list(MAPS)
    api.create(MAPS, config_map("one"), "me")
    api.merge_patch(f"{MAPS}/one", {"metadata": {"labels": {"a": "b"}}}, "me")
    api.merge_patch(WEB, {"metadata": {"labels": {"a": "b"}}}, "me")
    api.delete(f"{MAPS}/one")
    events = list(api.watch(MAPS, version, 1))
    assert [event for event, _entry in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[0][1]["kind"] == "ConfigMap"
    versions = [int(entry["metadata"]["resourceVersion"]) for _event, entry in events]
    assert versions == sorted(versions)
    assert list(api.watch(MAPS, str(versions[1]), 1)) == events[2:]
    api.compacted = versions[1]
    with pytest.raises(Expired):
        list(api.watch(MAPS, version, 1))


def test_admission_changes_a_write_or_refuses_it() -> None:
    api = server()

    def without(_operation: str, _before: Any, after: dict[str, Any]) -> dict[str, Any]:
        labels = {key: value for key, value in after["spec"]["template"]["metadata"]["labels"].items() if key != "r"}
        template = {**after["spec"]["template"], "metadata": {"labels": labels}}
        return {**after, "spec": {**after["spec"], "template": template}}

    api.admission.append(without)
    assert "r" not in api.apply(WEB, body(api, r="1"), "me")["spec"]["template"]["metadata"]["labels"]

    def refuse(*_arguments: Any) -> dict[str, Any]:
        raise Forbidden("patch", 403, "denied by the policy")

    api.admission.append(refuse)
    with pytest.raises(Forbidden, match="denied by the policy"):
        api.apply(WEB, body(api, r="2"), "me", rehearsal=True)


def test_what_is_handed_out_and_taken_in_is_a_copy() -> None:
    api = server()
    web(api)["spec"]["template"]["metadata"]["labels"]["x"] = "1"
    sent = config_map("one", a="1")
    api.create(MAPS, sent, "me")["metadata"]["labels"]["a"] = "2"
    sent["metadata"]["labels"]["a"] = "3"
    assert api.list(MAPS, "a=1")[0]
    assert "x" not in web(api)["spec"]["template"]["metadata"]["labels"]
