# SPDX-License-Identifier: Apache-2.0
"""The cluster as tests see it: through kubectl, which shares no code with the collection."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from testbed.paths import Layout

T = TypeVar("T")
DEADLINE_SECONDS = 90.0


def eventually(what: str, check: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """Poll until the check gives something true; fail with what it last gave.

    What takes long is asked for less often: each question costs a tenth of a second of a core.
    """
    begin = time.monotonic()
    while True:
        last = check()
        if last:
            return last
        waited = time.monotonic() - begin
        assert waited < seconds, f"not within {seconds:.0f} s: {what} (last seen: {last!r})"
        time.sleep(min(1.0, max(0.2, waited / 10)))


class Kubectl:
    """One cluster."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.kubeconfig = str(layout.kubeconfig)

    def __call__(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        command = [str(self.layout.bin / "kubectl"), "--kubeconfig", self.kubeconfig, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> Any:
        return json.loads(self("get", *arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        self("apply", "-f", "-", stdin="\n---\n".join(json.dumps(item) for item in objects))

    def rolled(self, namespace: str, *workloads: str) -> None:
        """The deadline is each one's own."""
        if workloads:
            self("rollout", "status", "-n", namespace, *workloads, "--timeout", f"{DEADLINE_SECONDS:.0f}s")

    def pods(self, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """Those that are not on their way out, oldest first."""
        found = self.get("pods", "-n", namespace, *(["-l", selector] if selector else []))["items"]
        living = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
        return sorted(living, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def through_pod(self, namespace: str, pod: str, port: int, path: str) -> str:
        return self("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}")

    def call(self, namespace: str, pod: str, url: str) -> dict[str, Any]:
        """One request by the application in a pod, through its sidecar."""
        answer: dict[str, Any] = json.loads(self.through_pod(namespace, pod, 8080, f"/call?url={quote(url, safe='')}"))
        return answer

    def stats(self, namespace: str, pod: str) -> dict[str, float]:
        """The sidecar's Prometheus page; of a metric with labels, the sum."""
        found: dict[str, float] = {}
        for line in self.through_pod(namespace, pod, 15090, "/stats/prometheus").splitlines():
            match = re.match(r"([A-Za-z_:][\w:]*)(\{.*\})? (\S+)$", line)
            if match:
                found[match[1]] = found.get(match[1], 0.0) + float(match[3])
        return found

    def revision_running(self, namespace: str, pod: str) -> str:
        """What the filter in a pod's sidecar says it is; "" where none runs."""
        value = self.stats(namespace, pod).get("wasmcustom_trace_revision")
        return "" if value is None else f"{int(value):010x}"


def ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
