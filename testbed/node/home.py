# SPDX-License-Identifier: Apache-2.0
"""What a pod has on the node: its files, its address, its sandbox; and how a container is started in it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import network
from ..binaries import Binaries
from ..kubernetes_api import Api
from . import images, volumes
from .addresses import Addresses
from .cluster import PodCluster
from .containers import Container
from .launch import start_order
from .pod_files import PodFiles
from .sandbox import Sandbox, SandboxError

Object = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What all pods of the node share."""

    api: Api
    addresses: Addresses
    binaries: Binaries
    data: Path
    pod_logs: Path
    probe_threads: Executor


class Home:
    def __init__(self, shared: Surroundings, pod: Object, cluster: PodCluster) -> None:
        metadata = pod["metadata"]
        self._shared = shared
        self._cluster = cluster
        self._log_prefix = f"{metadata['namespace']}_{metadata['name']}"
        self._hostname = str(pod["spec"].get("hostname") or metadata["name"])[:63]
        self.files = PodFiles(shared.data / "pods" / metadata["uid"], cluster)
        self.address: str | None = None
        self.sandbox: Sandbox | None = None

    def prepare(self, pod: Object, on_exit: Callable[[str, int], None]) -> None:
        """Raises MountError or SandboxError, and then has taken nothing."""
        self.files.fill_volumes(pod)
        address = self._shared.addresses.take()
        try:
            self.sandbox = Sandbox(self._hostname, address, self._log("sandbox"), on_exit)
        except (SandboxError, OSError):
            self._shared.addresses.give_back(address)
            raise
        self.address = address
        self.files.write_etc(pod, self._hostname, address)

    def start(self, pod: Object, container: Container) -> None:
        """Raises MissingReference if the container's environment names what is not there."""
        assert self.sandbox is not None
        # The API server may not have sent the address back yet.
        ip = {"podIP": self.address, "podIPs": [{"ip": self.address}], "hostIP": network.NODE_IP}
        pod = {**pod, "status": {**(pod.get("status") or {}), **ip}}
        image = images.image(container.spec.get("image", ""), self._shared.binaries)
        mounts = self.files.mounts(container.spec)
        self.sandbox.start(start_order(pod, container, image, mounts, self._lookup, self._log(container.name)))

    def close(self) -> None:
        if self.sandbox is not None and self.address is not None:
            self.sandbox.close()
            self._shared.addresses.give_back(self.address)
            self.sandbox = self.address = None

    def remove(self) -> None:
        self.close()
        self.files.remove()

    def _lookup(self, kind: str, name: str) -> dict[str, str] | None:
        found = self._cluster.fetch(kind, name)
        return None if found is None else volumes.text_data(kind, found)

    def _log(self, container: str) -> Path:
        return self._shared.pod_logs / f"{self._log_prefix}_{container}.log"
