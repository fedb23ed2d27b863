# SPDX-License-Identifier: Apache-2.0
"""What a run of the collection is asked for, in the simulation."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache

from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.base import Operation
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.registry import DELIVERIES
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.release import (
    Release,
    inline_reference,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.deliveries.removal import Removal
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.names import FilterNames
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.plan import (
    IllBefore,
    OnFailure,
    ProofMode,
)
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.domain.wasm_module import WasmModule
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine import proving
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.lease import Terms
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.run import Run
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.engine.settings import Settings

from tests.simulation.clock import EPOCH
from tests.simulation.values import Object

CONFIG_MAP, INLINE = "configmap", "inline"


@dataclass(frozen=True)
class Task:
    """`revision` empty: take the filter out. `waves`: the namespaces of each."""

    waves: tuple[tuple[str, ...], ...]
    revision: str = ""
    delivery: str = CONFIG_MAP
    filter_name: str = "trace"
    selector: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float = 60.0
    max_in_flight: int = 3
    max_fail_percentage: int = 0
    lock_seconds: float = 60.0
    ill_before: IllBefore = IllBefore.SKIP
    proof: ProofMode = ProofMode.OFF
    proof_seconds: float = 20.0
    dry_run: bool = False
    on_failure: OnFailure = OnFailure.STOP
    ineligible: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> FilterNames:
        return FilterNames(self.filter_name)

    @property
    def removes(self) -> bool:
        return not self.revision

    @property
    def by_pods(self) -> bool:
        """Whether pods are replaced for it."""
        return self.removes or self.delivery == CONFIG_MAP

    @property
    def may_go_back(self) -> bool:
        """Whether a run of it may take something back."""
        return self.on_failure != OnFailure.STOP and not self.removes and not self.dry_run

    @property
    def namespaces(self) -> list[str]:
        return [name for wave in self.waves for name in wave]

    def operation(self) -> Operation:
        if self.removes:
            return Removal(self.names)
        release = _release(self.filter_name, self.revision, self.delivery, self.selector)
        return DELIVERIES[self.delivery](release)

    def run(self, holder: str = "a run") -> Run:
        """:param holder: who locks namespaces for it."""
        terms = Terms(holder, self.lock_seconds, epoch=EPOCH.timestamp())
        limits = (self.timeout_seconds, self.max_in_flight, self.max_fail_percentage)
        proof = proving.Terms(self.proof, self.proof_seconds)
        settings = Settings(*limits, self.dry_run, self.ill_before, terms, proof, self.on_failure)
        return Run(self.operation(), self.waves, dict(self.ineligible), settings)


@lru_cache
def _release(filter_name: str, revision: str, delivery: str, selector: tuple[tuple[str, str], ...]) -> Release:
    names = FilterNames(filter_name)
    module = WasmModule(b"wasm", hashlib.sha256(b"wasm").hexdigest(), ("proxy_on_tick",))
    code = {"filename": f"{names.mount_path}/filter.wasm"}
    labels = dict(selector)
    if delivery == INLINE:
        code = {"inline_bytes": inline_reference(module.sha256)}
    else:
        labels[names.pod_label] = revision
    plugin = json.dumps({"revision": revision, "heartbeat_seconds": 2})
    config = {"configuration": {"value": plugin}, "vm_config": {"code": {"local": code}}}
    value = {"name": names.extension, "typed_config": {"config": config}}
    spec: Object = {
        "configPatches": [{"applyTo": "EXTENSION_CONFIG", "patch": {"operation": "ADD", "value": value}}],
    }
    if labels:
        spec["workloadSelector"] = {"labels": labels}
    return Release(names, revision, spec, module, "2026-01-01T00:00:00Z")
