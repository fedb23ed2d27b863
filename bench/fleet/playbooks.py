# SPDX-License-Identifier: Apache-2.0
"""The collection as a user runs it, timed; and the same play with empty modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.kubernetes_api import Object
from testbed.paths import CHECKOUT

PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")
PLAN = CHECKOUT / "bench" / "fleet" / "plan.yml"
# A Service that every cluster has; no pod of KWOK ever sends it anything.
BACKEND = {"wasm_filter_trace_backend_address": "kubernetes.default", "wasm_filter_trace_backend_port": 443}
# Nothing is to be given up while it is measured.
PATIENCE = {"wasm_filter_timeout": 1800, "wasm_filter_proof_seconds": 600, "wasm_filter_on_failure": "stop"}
SETTLED = {"deployed", "unchanged"}


class PlaybookFailed(RuntimeError):
    """It ended otherwise than it should."""


@dataclass(frozen=True)
class Took:
    """`cpu`: seconds of all its processes. `memory`: of the largest one, in bytes."""

    seconds: float
    cpu: float
    memory: int


@dataclass
class Playbooks:
    """`collections`: a folder that Ansible finds collections in; the checkout's own where it is None."""

    kubeconfig: str
    scratch: Path
    checkout: Path = CHECKOUT
    collections: Path | None = None

    def deploy(self, namespaces: str, revision: int, verdict: str, **variables: Any) -> Took:
        """:param revision: another number, another revision.

        :param verdict: what all namespaces must come to; empty modules give none.
        """
        result = self.scratch / "result.json"
        result.unlink(missing_ok=True)
        asked = self._variables(namespaces, revision, {"wasm_filter_result_file": str(result), **variables})
        took = self._run("playbooks/deploy.yml", asked)
        found = json.loads(result.read_text()) if result.exists() else {"clusters": []}
        verdicts = {one["verdict"] for cluster in found["clusters"] for one in cluster["namespaces"]}
        if verdicts != ({verdict} if verdict else set()):
            raise PlaybookFailed(f"the namespaces are {', '.join(sorted(verdicts)) or 'nothing'}, not {verdict}")
        return took

    def plan(self, namespaces: str, revision: int, path: Path, **variables: Any) -> Object:
        """What a deploy would go by, also as a file."""
        self._run(str(PLAN), self._variables(namespaces, revision, {"bench_plan": str(path), **variables}))
        found: Object = json.loads(path.read_text())
        return found

    def _variables(self, namespaces: str, revision: int, more: Mapping[str, Any]) -> dict[str, Any]:
        # Any setting of the filter will do, as long as it makes another revision.
        about = {"namespaces": namespaces, "wasm_filter_trace_backend_timeout_ms": 5000 + revision}
        return {**BACKEND, **PATIENCE, "wasm_filter_proof": "off", **about, **more}

    def _run(self, playbook: str, variables: Mapping[str, Any]) -> Took:
        used = self.scratch / "used"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_AUTH", "WASM_FILTER"))}
        environment = {**kept, "PWD": str(self.checkout), "KUBECONFIG": self.kubeconfig, "ANSIBLE_NOCOLOR": "1"}
        if self.collections is not None:
            environment["ANSIBLE_COLLECTIONS_PATH"] = str(self.collections)
        metered = [sys.executable, str(CHECKOUT / "bench" / "fleet" / "metered.py"), str(used)]
        begin = time.monotonic()
        done = subprocess.run(
            [*metered, PLAYBOOK, playbook, "-e", json.dumps(variables)],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begin
        if done.returncode:
            raise PlaybookFailed(f"{playbook} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        cpu, memory = used.read_text().split()
        return Took(seconds, float(cpu), int(memory) * 1024)
