# SPDX-License-Identifier: Apache-2.0
"""Given a namespace, when a playbook runs, then ..."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.client import Mesh
from testbed.paths import CHECKOUT
from tests.cluster import manifests, processes
from tests.cluster.kubectl import Kubectl, eventually

PLAYBOOK_SECONDS = 240
# Proof takes a heartbeat, and KWOK pods have no sidecar that answers: test_proof.py is about it. And what was taken
# back shows nothing of why: test_rollback.py is about that.
STANDING = {"wasm_filter_proof": "off", "wasm_filter_on_failure": "stop"}
PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")

# Where what it puts is not what was recorded, the difference is told as in a test.
pytest.register_assert_rewrite("tests.upgrade.replay")


@dataclass
class Outcome:
    """What a playbook run left."""

    status: int
    output: str
    result: dict[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: entry["verdict"] for name, entry in self.namespaces.items()}

    @property
    def namespaces(self) -> dict[str, dict[str, Any]]:
        clusters = self.result.get("clusters", [])
        return {entry["name"]: entry for cluster in clusters for entry in cluster["namespaces"]}

    def recap(self, namespace: str) -> dict[str, int]:
        line = next(line for line in self.output.splitlines() if f".{namespace} " in line and "ok=" in line)
        return {key: int(value) for key, value in (part.split("=") for part in line.split(":")[1].split())}


class Collection:
    """The playbooks, as a user runs them."""

    def __init__(self, kubectl: Kubectl, scratch: Path, backend: str, checkout: Path = CHECKOUT) -> None:
        self.kubectl = kubectl
        self.scratch = scratch
        self.backend = backend
        self.checkout = checkout
        self.environment = {"ANSIBLE_NOCOLOR": "1"}

    @classmethod
    def of(cls, checkout: Path, kubectl: Kubectl, scratch: Path) -> Collection:
        """The playbooks of another checkout, wherever its own ansible.cfg leads; each deploy has to name a backend."""
        link = scratch / "ansible_collections" / "openclarity" / "wasm_filters"
        link.parent.mkdir(parents=True)
        link.symlink_to(checkout)
        collection = cls(kubectl, scratch, "", checkout)
        collection.environment["ANSIBLE_COLLECTIONS_PATH"] = str(scratch)
        return collection

    def deploy(self, namespaces: str, *extra: str, **variables: Any) -> Outcome:
        return self.run("playbooks/deploy.yml", namespaces, *extra, **{**self.standing, **variables})

    @property
    def standing(self) -> dict[str, Any]:
        """What a deploy has unless a test says otherwise."""
        backend = {"wasm_filter_trace_backend_address": self.backend}
        # An older commit knows no others.
        return {**backend, **(STANDING if self.checkout == CHECKOUT else {})}

    def rollback(self, namespaces: str, *extra: str, **variables: Any) -> Outcome:
        return self.run("playbooks/rollback.yml", namespaces, *extra, **{**STANDING, **variables})

    def remove(self, namespaces: str, *extra: str, **variables: Any) -> Outcome:
        return self.run("playbooks/remove.yml", namespaces, *extra, **variables)

    def run(self, playbook: str, namespaces: str, *extra: str, kubeconfig: str = "", **variables: Any) -> Outcome:
        result = self.scratch / f"{uuid.uuid4().hex}.json"
        content = json.dumps({"namespaces": namespaces, "wasm_filter_result_file": str(result), **variables})
        environment = {"KUBECONFIG": kubeconfig} if kubeconfig else {}
        return self.typed(playbook, "-e", content, *extra, result=result, environment=environment)

    def typed(
        self,
        *arguments: str,
        folder: Path | None = None,
        result: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """`ansible-playbook` with these arguments, typed in a folder.

        :param result: the file to read the result from.
        """
        folder = folder or self.checkout
        done = subprocess.run(
            [PLAYBOOK, *arguments],
            cwd=folder,
            env={**self._environment(folder), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PLAYBOOK_SECONDS,
            check=False,
        )
        found = json.loads(result.read_text()) if result and result.exists() else {}
        return Outcome(done.returncode, done.stdout, found)

    def begin(self, playbook: str, namespaces: str, kubeconfig: str = "", **variables: Any) -> subprocess.Popen[bytes]:
        """A run that goes on while the test does; nobody sees what it prints."""
        environment = self._environment(self.checkout)
        return subprocess.Popen(
            [PLAYBOOK, playbook, "-e", json.dumps({"namespaces": namespaces, **variables})],
            cwd=self.checkout,
            env={**environment, **({"KUBECONFIG": kubeconfig} if kubeconfig else {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def deploy_killed(self, namespaces: str, when: Callable[[], object], **variables: Any) -> None:
        """A deploy whose processes are all killed once `when` gives something true."""
        running = self.begin("playbooks/deploy.yml", namespaces, **{**self.standing, **variables})
        try:
            eventually("it is time to kill it", when)
        finally:
            processes.kill(running.pid)
            running.wait()

    def _environment(self, folder: Path) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH", "WASM_FILTER"))}
        return {**inherited, "PWD": str(folder), "KUBECONFIG": self.kubectl.kubeconfig, **self.environment}


class Backend:
    """The traces that reached a collector."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        self.kubectl, self.namespace = kubectl, namespace
        self.address = f"collector.{namespace}"

    @property
    def pod(self) -> dict[str, Any]:
        return self.kubectl.pods(self.namespace)[0]

    def traces(self, since: int = 0) -> list[dict[str, Any]]:
        path = f"/traces?since={since}&limit=1000"
        found = json.loads(self.kubectl.through_pod(self.namespace, self.pod["metadata"]["name"], 9000, path))
        traces: list[dict[str, Any]] = found["traces"]
        return traces

    def trace_of(self, marker: str) -> dict[str, Any]:
        """The one trace whose path holds the marker, waited for."""

        def found() -> list[dict[str, Any]]:
            documents = [trace["document"] for trace in self.traces()]
            return [document for document in documents if marker in document["scnt_request"]["path"]]

        return eventually(f"a trace of {marker}", found)[0]


@pytest.fixture(scope="session")
def kubectl(mesh: Mesh) -> Kubectl:
    return Kubectl(mesh.layout)


@pytest.fixture(scope="module")
def new_namespace(kubectl: Kubectl) -> Iterator[Callable[..., str]]:
    """Make namespaces with names of their own; they are deleted with the module."""
    made: list[str] = []

    def make(prefix: str, injected: bool = True) -> str:
        name = f"{prefix}-{uuid.uuid4().hex[:6]}"
        kubectl.apply(manifests.namespace(name, injected))
        made.append(name)
        return name

    yield make
    if made:
        kubectl("delete", "namespace", "--wait=false", *made)


@pytest.fixture(scope="module")
def backend(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Backend:
    name = new_namespace("traces", injected=False)
    kubectl.apply(*manifests.collector(name))
    kubectl.rolled(name, "deployment/collector")
    return Backend(kubectl, name)


@pytest.fixture(scope="module")
def collection(kubectl: Kubectl, backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(kubectl, tmp_path_factory.mktemp("results"), backend.address)


@pytest.fixture(scope="module")
def app(kubectl: Kubectl, new_namespace: Callable[..., str]) -> Callable[..., str]:
    """A namespace with one real application `web`, ready."""

    def make(prefix: str = "shop", **options: Any) -> str:
        name = new_namespace(prefix)
        kubectl.apply(manifests.service(name, "web"), manifests.workload(name, "web", **options))
        kubectl.rolled(name, f"{options.get('kind', 'Deployment').lower()}/web")
        return name

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/cluster" in str(item.fspath):
            item.add_marker(pytest.mark.mesh)
