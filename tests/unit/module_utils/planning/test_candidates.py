# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries import workload_change
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.kinds.base import Object, WorkloadKind
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning import injectors
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.candidates import (
    Candidate,
    alike,
    candidates,
)

from tests.unit.module_utils.planning.mesh_webhooks import injector, other
from tests.unit.objects import MOUNT, NAMES, R1, kind_of, workload

DEPLOY = partial(workload_change.deploy, names=NAMES, revision=R1)
ENABLED = {"istio-injection": "enabled"}
LABELS: dict[str, dict[str, str]] = {"shop": ENABLED, "pay": ENABLED, "plain": {}}
MESH = injectors.of([injector()])


def read(name: str, namespace: str = "shop", **more: Any) -> tuple[WorkloadKind, Object]:
    entry = workload(namespace, name, **more)
    entry["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    return kind_of(entry), entry


def found(*those: tuple[WorkloadKind, Object], change: Any = DEPLOY) -> list[Candidate]:
    workloads: dict[str, list[tuple[WorkloadKind, Object]]] = {}
    for kind, entry in those:
        workloads.setdefault(entry["metadata"]["namespace"], []).append((kind, entry))
    return list(candidates(workloads, change))


def groups(*those: tuple[WorkloadKind, Object], mesh: injectors.Injectors | None = MESH) -> list[list[str]]:
    grouped = alike(found(*those), LABELS, mesh)
    return sorted(sorted(f"{one.namespace}/{one.name}" for one in group) for group in grouped.values())


def test_a_workload_that_would_be_changed_and_how() -> None:
    (one,) = found(read("web"))
    assert (one.namespace, one.name, one.labels[NAMES.pod_label]) == ("shop", "web", R1)
    assert NAMES.volume in one.pod()["metadata"]["annotations"][MOUNT]


def test_one_that_is_left_alone_is_none() -> None:
    off = read("off", annotations={"sidecar.istio.io/inject": "false"})
    owned = read("owned")
    owned[1]["metadata"]["ownerReferences"] = [{"kind": "X", "name": "x", "controller": True}]
    assert found(off, owned, read("gateway", annotations={"inject.istio.io/templates": "gateway"})) == []


def test_where_nothing_is_changed_all_count_as_they_are() -> None:
    (one,) = found(read("web"), change=None)
    assert one.labels == {"app": "web"}


def test_those_that_an_injector_can_not_tell_apart_are_one_question() -> None:
    # Other names, images and labels of the application's, in two namespaces.
    other_image = read("b", "pay", labels={"version": "2", "service.istio.io/canonical-name": "b"})
    other_image[1]["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    assert groups(read("a"), other_image, read("c")) == [["pay/b", "shop/a", "shop/c"]]


def test_whatever_an_injector_looks_at_makes_another_question() -> None:
    host = read("host")
    host[1]["spec"]["template"]["spec"]["initContainers"] = [{"name": "istio-init"}]
    assert groups(
        read("a"),
        read("annotated", annotations={"inject.istio.io/templates": "sidecar,mine"}),
        read("volumes", annotations={MOUNT: '[{"name":"x","mountPath":"/x"}]'}),
        read("labelled", labels={"sidecar.istio.io/inject": "true"}),
        host,
        read("outside", "plain"),
    ) == [["plain/outside"], ["shop/a"], ["shop/annotated"], ["shop/host"], ["shop/labelled"], ["shop/volumes"]]


def test_others_webhooks_make_another_question_too() -> None:
    team = read("team", labels={"team": "a"})
    assert groups(read("a"), team) == [["shop/a", "shop/team"]]
    assert groups(read("a"), team, mesh=injectors.of([injector(), other()])) == [["shop/a"], ["shop/team"]]


def test_where_it_is_not_known_what_is_looked_at_all_labels_count() -> None:
    same = read("c", labels={"app": "a"})
    expected = [["pay/a"], ["shop/a", "shop/c"], ["shop/b"]]
    assert groups(read("a"), same, read("b"), read("a", "pay"), mesh=None) == expected
    conditional = injectors.of([injector(matchConditions=[{"name": "x", "expression": "true"}])])
    assert groups(read("a"), same, read("b"), read("a", "pay"), mesh=conditional) == expected
