# SPDX-License-Identifier: Apache-2.0
"""The running mesh for tests, the demo and benchmarks: apply, wait, look into a proxy, stop a component for a while."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml

from . import mesh
from .bootstrap import object_path
from .kubernetes_api import Api, ApiError, Object
from .paths import Layout

POLL_SECONDS = 0.1
WAIT_SECONDS = 90.0
APPLY = "application/apply-patch+yaml"

T = TypeVar("T")


class Mesh:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.api = Api(layout.kubeconfig)

    @property
    def kubeconfig(self) -> Path:
        return self.layout.kubeconfig

    def apply(self, manifests: str, namespace: str | None = None) -> None:
        for document in filter(None, yaml.safe_load_all(manifests)):
            if namespace and document["kind"] != "Namespace":
                document["metadata"].setdefault("namespace", namespace)
            path = object_path(document)
            self.api.patch(f"{path}?fieldManager=testbed&force=true", document, APPLY)

    def get(self, path: str) -> Object | None:
        """None for what does not exist."""
        try:
            return self.api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def wait(self, what: str, ask: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
        """Until `ask` has an answer that is not empty."""
        deadline = time.monotonic() + seconds
        while True:
            answer = ask()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            time.sleep(POLL_SECONDS)

    def pods(self, namespace: str, selector: str = "") -> list[Object]:
        query = f"?labelSelector={selector}" if selector else ""
        items: list[Object] = self.api.get(f"/api/v1/namespaces/{namespace}/pods{query}")["items"]
        return items

    def wait_ready(self, namespace: str, selector: str = "", count: int = 1) -> list[Object]:
        def ready() -> list[Object] | None:
            pods = [p for p in self.pods(namespace, selector) if "deletionTimestamp" not in p["metadata"]]
            return pods if len(pods) == count and all(map(is_ready, pods)) else None

        return self.wait(f"{count} ready pods of {selector or 'any label'} in {namespace}", ready)

    def events(self, namespace: str, reason: str) -> list[Object]:
        found: list[Object] = self.api.get(f"/api/v1/namespaces/{namespace}/events?fieldSelector=reason={reason}")[
            "items"
        ]
        return found

    def fetch(self, namespace: str, pod: str, port: int, path: str) -> str:
        """A page of a pod through the API server, as the collection's proofs read it."""
        url = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/{path.lstrip('/')}"
        return self.api.raw("GET", url).decode()

    def log(self, namespace: str, pod: str, container: str) -> str:
        return (self.layout.pod_logs / f"{namespace}_{pod}_{container}.log").read_text(errors="replace")

    @contextlib.contextmanager
    def namespace(self, name: str = "test", injected: bool = True) -> Iterator[str]:
        """A fresh one; its deletion is not waited for."""
        name = self.create_namespace(name, injected)
        try:
            yield name
        finally:
            self.api.delete(f"/api/v1/namespaces/{name}")

    def create_namespace(self, prefix: str = "test", injected: bool = True) -> str:
        name = f"{prefix}-{uuid.uuid4().hex[:6]}"
        labels = {"istio-injection": "enabled"} if injected else {}
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        # Pods need it for their token; the controller makes it a moment later.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        self.wait(f"the service account of {name}", lambda: self.get(account))
        return name

    @contextlib.contextmanager
    def paused(self, component: str) -> Iterator[None]:
        """With controller-manager stopped a client is timed against the API server alone."""
        pid = mesh.component_pid(self.layout, component)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def killed(self, *components: str) -> Iterator[None]:
        """By SIGKILL, all at once; they are started anew afterwards, with the data that they had."""
        for pid in [mesh.component_pid(self.layout, name) for name in components]:
            os.kill(pid, signal.SIGKILL)
        try:
            self.wait(f"the end of {components}", lambda: not any(self._run(components)))
            yield
        finally:
            mesh.start_again(self.layout)
            self.wait(
                f"{components}, and an API server that answers", lambda: all(self._run(components)) and self._answers()
            )

    def _run(self, components: tuple[str, ...]) -> list[bool]:
        status = mesh.status(self.layout)
        return [status is not None and status.components[name] for name in components]

    def _answers(self) -> bool:
        try:
            return self.api.raw("GET", "/readyz") == b"ok"
        except (OSError, http.client.HTTPException, ApiError):
            return False


def is_ready(pod: Object) -> bool:
    conditions: list[dict[str, Any]] = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
