# SPDX-License-Identifier: Apache-2.0
"""Follows the pods that are bound to the node and gives each a worker; keeps the node's lease."""

from __future__ import annotations

import datetime
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .. import certificates, network
from ..binaries import Binaries
from ..kubernetes_api import Api, ApiError
from ..paths import Layout
from ..ports import Ports
from . import dns, kubelet_api
from .addresses import Addresses
from .home import Surroundings
from .worker import Worker

NODE = "real-0"
PROBE_THREADS = 16
LEASE_SECONDS = 10.0
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE}"

Object = dict[str, Any]


class Agent:
    def __init__(self, layout: Layout, data: Path, binaries: Binaries) -> None:
        self._api = Api(layout.inner_kubeconfig)
        self._layout = layout
        self._workers: dict[str, Worker] = {}
        self._surroundings = Surroundings(
            api=self._api,
            addresses=Addresses(),
            binaries=binaries,
            data=data,
            pod_logs=layout.pod_logs,
            probe_threads=ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe"),
        )

    def start(self) -> None:
        records = dns.Records()
        threads = [
            *records.follow(self._api),
            dns.serve(records, network.NODE_IP),
            kubelet_api.serve(
                (network.NODE_IP, Ports().kubelet),
                certificates.paths(self._layout.certificates),
                self._layout.pod_logs,
                self._is_alive,
            ),
            threading.Thread(target=self._keep_lease, name="lease", daemon=True),
            threading.Thread(target=self._follow_pods, name="pods", daemon=True),
        ]
        for thread in threads:
            thread.start()

    def _follow_pods(self) -> None:
        for kind, item in self._api.watch("/api/v1/pods", fieldSelector=f"spec.nodeName={NODE}"):
            if kind == "SYNC":
                present = {pod["metadata"]["uid"]: pod for pod in item["items"]}
                for uid in self._workers.keys() - present.keys():
                    self._workers.pop(uid).vanish()
                for pod in present.values():
                    self._seen(pod)
            elif kind == "DELETED":
                worker = self._workers.pop(item["metadata"]["uid"], None)
                if worker:
                    worker.vanish()
            elif kind in ("ADDED", "MODIFIED"):
                self._seen(item)

    def _seen(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker:
            worker.update(pod)
        elif (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
            worker = self._workers[uid] = Worker(self._surroundings, pod)
            worker.start()

    def _is_alive(self, namespace: str, name: str) -> bool:
        return any(worker.name == f"{namespace}/{name}" for worker in list(self._workers.values()))

    def _keep_lease(self) -> None:
        while True:
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            spec = {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": now}
            try:
                try:
                    self._api.patch(LEASE, {"spec": spec})
                except ApiError as error:
                    if error.status != 404:
                        raise
                    body = {"metadata": {"name": NODE, "namespace": "kube-node-lease"}, "spec": spec}
                    self._api.create(LEASE.rpartition("/")[0], body)
            except (ApiError, OSError) as error:
                print(f"lease: {error}", flush=True)
            time.sleep(LEASE_SECONDS)
