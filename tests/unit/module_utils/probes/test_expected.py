# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.probes.expected import Expected

from tests.unit.objects import NAMES, R1

LABELS = {NAMES.pod_label: R1}


def pod(name: str = "istio-proxy", init: bool = False, mounted: bool = True, role: str = "sidecar") -> dict[str, Any]:
    mounts = [{"name": NAMES.volume, "mountPath": NAMES.mount_path}] if mounted else []
    proxy = {"name": name, "args": ["proxy", role], "volumeMounts": mounts}
    containers = {"initContainers": [proxy], "containers": []} if init else {"containers": [proxy]}
    return {"metadata": {"name": "web-1", "labels": LABELS}, "spec": containers, "status": {"phase": "Running"}}


def expected(mounted: bool = True, *contexts: str) -> Expected:
    return Expected(NAMES, R1, LABELS, mounted, frozenset(contexts or ("SIDECAR_OUTBOUND",)))


@pytest.mark.parametrize("init", [False, True])
def test_a_pod_with_all_of_it(init: bool) -> None:
    assert expected().lacks(pod(init=init)) is None
    assert expected().goes_to(pod(init=init))


def test_what_a_pod_lacks() -> None:
    assert (expected().lacks(pod("app")) or [""])[0] == "no_sidecar"
    assert (expected().lacks(pod(mounted=False)) or [""])[0] == "no_mount"
    assert expected(False).lacks(pod(mounted=False)) is None


def test_what_has_ended_or_is_ending_is_not_asked() -> None:
    ending = pod()
    ending["metadata"]["deletionTimestamp"] = "2026-11-26T04:00:00Z"
    ended = pod()
    ended["status"]["phase"] = "Succeeded"
    of_job = pod()
    of_job["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-29", "controller": True}]
    assert not any(expected().goes_to(one) for one in (ending, ended, of_job))


def test_without_a_label_only_proxies_are_meant() -> None:
    assert expected(True).goes_to(pod("app"))
    assert not expected(False).goes_to(pod("app"))


@pytest.mark.parametrize(
    ("contexts", "of_sidecar", "of_gateway"),
    [
        (["SIDECAR_OUTBOUND"], True, False),
        (["SIDECAR_INBOUND", "SIDECAR_OUTBOUND"], True, False),
        (["GATEWAY"], False, True),
        (["ANY"], True, True),
    ],
)
def test_each_kind_of_proxy_has_its_contexts(contexts: list[str], of_sidecar: bool, of_gateway: bool) -> None:
    asked = expected(False, *contexts)
    assert asked.goes_to(pod()) == of_sidecar
    assert asked.goes_to(pod(role="router")) == of_gateway


def test_a_pod_that_serves_no_http_has_no_inbound_listener_for_it() -> None:
    assert expected(True, "SIDECAR_OUTBOUND").always_loaded and expected(True, "ANY").always_loaded
    assert not expected(True, "SIDECAR_INBOUND").always_loaded
