"""Waves against an API server in memory."""

from __future__ import annotations

from typing import Any

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import Release
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.outcome import NamespaceVerdict
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import wave
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.runner.progress import silent

from tests.unit.fake_api import FakeApi
from tests.unit.objects import MOUNT, NAMES, VOLUME, namespace, release, workload

THEIRS = {VOLUME: '[ {"name": "theirs", "emptyDir": {}} ]', MOUNT: '{"theirs": {"mountPath": "/theirs"}}'}


def cluster(*namespaces: str, dry_run: bool = False) -> FakeApi:
    """Two workloads in each namespace."""
    api = FakeApi(*[namespace(name) for name in namespaces])
    for name in namespaces:
        api.add(workload(name, "web", annotations=dict(THEIRS)))
        api.add(workload(name, "data", kind="StatefulSet"))
    api.dry_run = dry_run
    return api


def deployed(
    api: FakeApi,
    *namespaces: str,
    wanted: Release | None = None,
    unfit: dict[str, dict[str, str]] | None = None,
    timeout: int = 20,
) -> dict[str, NamespaceVerdict]:
    verdicts = wave.deploy(api, wanted or release(), list(namespaces), unfit or {}, timeout, silent)
    assert [found.name for found in verdicts] == list(namespaces)
    return {found.name: found for found in verdicts}


def removed(api: FakeApi, *namespaces: str) -> dict[str, NamespaceVerdict]:
    return {found.name: found for found in wave.remove(api, NAMES, list(namespaces), {}, 20, silent)}


def template(api: FakeApi, namespace: str, kind: str = "Deployment", name: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = api.held(kind, namespace, name)["spec"]["template"]["metadata"]
    return found
