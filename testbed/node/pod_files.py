# SPDX-License-Identifier: Apache-2.0
"""What of a pod lies on disk: its volumes, and the few files of /etc that a kubelet writes for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from .. import network
from . import volumes
from .cluster import PodCluster

Object = dict[str, Any]
OF_ETC = ("hosts", "hostname", "resolv.conf")


class PodFiles:
    def __init__(self, folder: Path, cluster: PodCluster) -> None:
        self._folder = folder
        self._cluster = cluster
        self._places: dict[str, Path] = {}

    def fill_volumes(self, pod: Object) -> None:
        """Also brings changed content up to date; raises MountError for what is missing."""
        self._places = volumes.fill(pod, self._folder / "volumes", self._cluster.fetch, self._cluster.token)

    def write_etc(self, pod: Object, hostname: str, address: str) -> None:
        domain, namespace = network.CLUSTER_DOMAIN, pod["metadata"]["namespace"]
        aliases = [f"{a['ip']} {' '.join(a['hostnames'])}" for a in pod["spec"].get("hostAliases") or ()]
        search = f"{namespace}.svc.{domain} svc.{domain} {domain}"
        contents = {
            "hosts": "\n".join(["127.0.0.1 localhost", f"{address} {hostname}", *aliases]),
            "hostname": hostname,
            "resolv.conf": f"nameserver {network.NODE_IP}\nsearch {search}\noptions ndots:5",
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in OF_ETC:
            (self._folder / name).write_text(contents[name] + "\n")

    def mounts(self, container: Object) -> list[tuple[str, str]]:
        etc = [(str(self._folder / name), f"/etc/{name}") for name in OF_ETC]
        return [*etc, *volumes.mounts(container, self._places)]

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
