# SPDX-License-Identifier: Apache-2.0
"""The ports of the mesh. In a network namespace of its own each component has its usual one; on the host's loopback
(`--no-real-pods`) every one is a free one, so that several meshes can run side by side."""

from __future__ import annotations

import socket
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Ports:
    etcd_client: int = 2379
    etcd_peer: int = 2380
    apiserver: int = 6443
    controller_manager: int = 10257
    scheduler: int = 10259
    kube_proxy: int = 10256
    kube_proxy_metrics: int = 10249
    kwok: int = 10247
    istiod_http: int = 8080
    istiod_grpc: int = 15010
    istiod_xds: int = 15012
    istiod_monitoring: int = 15014
    istiod_webhook: int = 15017
    node_agent: int = 10248
    kubelet: int = 10250


def free_ports() -> Ports:
    """All sockets are held open until every number is known: otherwise the kernel may hand out one twice."""
    names = [field.name for field in fields(Ports)]
    sockets = [outer_listener() for _ in names]
    numbers = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return Ports(**dict(zip(names, numbers, strict=True)))


def outer_listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    return listener
