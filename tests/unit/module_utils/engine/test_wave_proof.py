# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import NamespaceObjects
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import ProofMode
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.bus import Bus
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.members import Members
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.namespace import NamespaceState
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.proving import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.wave_proof import WaveProof
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.workload_state import Context

from tests.simulation.store import Change
from tests.unit.objects import NAMES, delivery
from tests.unit.runs import Simulated, cluster

# Simulated pods have no sidecar: with `auto` the first one would end the wave.
ONE_BY_ONE: dict[str, Any] = {"proof": Terms(ProofMode.WARN), "max_in_flight": 1}


def looks(found: Simulated, namespace: str) -> list[float]:
    """When its pods of the revision were asked for."""
    return [
        at
        for at, dispatch in found.executor.dispatched
        if dispatch.request.path.endswith(f"/{namespace}/pods")
        and dispatch.request.label_selector.startswith(f"{NAMES.pod_label}=")
    ]


def patches(found: Simulated, namespace: str) -> list[float]:
    """When its workloads were patched."""
    return [
        at
        for at, dispatch in found.executor.dispatched
        if dispatch.request.path.startswith(f"/apis/apps/v1/namespaces/{namespace}/") and dispatch.request.body
    ]


def test_pods_are_asked_while_other_namespaces_still_roll() -> None:
    found = cluster("shop", "pay")
    found.deploy("shop", "pay", **ONE_BY_ONE)
    first, second = sorted(("shop", "pay"), key=lambda name: max(patches(found, name)))
    assert len(looks(found, first)) == len(looks(found, second)) == 1
    assert max(patches(found, first)) < looks(found, first)[0] < max(patches(found, second)) < looks(found, second)[0]


def test_what_is_under_way_again_is_asked_again() -> None:
    found = cluster("shop", "pay")
    rolled = cluster("shop", "pay")
    rolled.deploy("shop", "pay", **ONE_BY_ONE)
    first, second = sorted(("shop", "pay"), key=lambda name: max(patches(rolled, name)))

    def seen(change: Change) -> None:
        # The other one is on its way by now.
        if (change.place.resource.kind, change.place.namespace, change.type) == ("Deployment", second, "MODIFIED"):
            found.server.store.listeners.remove(seen)
            labels = {"spec": {"template": {"metadata": {"labels": {NAMES.pod_label: None}}}}}
            found.server.clock.after(0.5, lambda: found.edit("Deployment", first, "web", labels))

    found.server.store.listeners.append(seen)
    verdict = found.deploy("shop", "pay", **ONE_BY_ONE)[first]
    assert verdict.workloads
    assert len(looks(found, first)) == 2 and max(patches(found, first)) < looks(found, first)[1]
    assert len(looks(found, second)) == 1


@pytest.mark.parametrize(
    ("mode", "written", "well"),
    [(ProofMode.AUTO, (), False), (ProofMode.AUTO, ("ConfigMap/x",), True), (ProofMode.WARN, (), True)],
)
def test_what_a_run_before_has_left_unproved_keeps_the_revisions_before_it(
    mode: ProofMode, written: tuple[str, ...], well: bool
) -> None:
    members, operation = Members(), delivery(name="inline")
    members.put_namespace(NamespaceState("shop", operation, NamespaceObjects(), written=written))
    members.add_workloads("shop", [], [])
    proof = WaveProof(Bus(1), members, Context(operation, 60.0), Terms(mode))
    assert proof.all_well("shop") is well
