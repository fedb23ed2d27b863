# SPDX-License-Identifier: Apache-2.0
"""The mesh's name server: Services and their endpoints, as Kubernetes' DNS specification names them (A records)."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any

from .. import network
from ..kubernetes_api import Api

A, ANY, IN = 1, 255, 1
TTL_SECONDS = 5
NO_SUCH_NAME, NO_ERROR = 3, 0
DATAGRAM_BYTES = 4096
ANSWERS_MOST = 30
"""More would not fit into the datagram that every resolver takes."""

Object = dict[str, Any]


class Records:
    """Names below the cluster's domain -> addresses; None for a name that does not exist."""

    def __init__(self) -> None:
        self._stores: dict[str, dict[tuple[str, str], Object]] = {"services": {}, "endpointslices": {}}
        self._lock = threading.Lock()

    def follow(self, api: Api) -> list[threading.Thread]:
        paths = ("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices")
        return [threading.Thread(target=self._follow, args=(api, path), name=path, daemon=True) for path in paths]

    def resolve(self, name: str) -> list[str] | None:
        suffix = f".svc.{network.CLUSTER_DOMAIN}"
        if not name.endswith(suffix):
            return None
        labels = name.removesuffix(suffix).split(".")
        if len(labels) not in (2, 3):
            return None
        host, service, namespace = labels[:-2], labels[-2], labels[-1]
        with self._lock:
            found = self._stores["services"].get((namespace, service))
            if found is None:
                return None
            cluster_ip = found["spec"].get("clusterIP")
            if cluster_ip not in (None, "", "None"):
                return None if host else [cluster_ip]
            return self._endpoints(namespace, service, host[0] if host else None)

    def _endpoints(self, namespace: str, service: str, host: str | None) -> list[str] | None:
        addresses: list[str] = []
        for (slice_namespace, _), item in self._stores["endpointslices"].items():
            labels = item["metadata"].get("labels") or {}
            if slice_namespace != namespace or labels.get("kubernetes.io/service-name") != service:
                continue
            for endpoint in item.get("endpoints") or ():
                ready = (endpoint.get("conditions") or {}).get("ready", True)
                if (ready and host is None) or (host is not None and endpoint.get("hostname") == host):
                    addresses += endpoint["addresses"]
        return addresses if addresses or host is None else None

    def replace(self, resource: str, items: list[Object]) -> None:
        with self._lock:
            self._stores[resource] = {_key(item): item for item in items}

    def _follow(self, api: Api, path: str) -> None:
        resource = path.rpartition("/")[2]
        for kind, item in api.watch(path):
            if kind == "SYNC":
                self.replace(resource, item["items"])
                continue
            with self._lock:
                if kind == "DELETED":
                    self._stores[resource].pop(_key(item), None)
                elif kind in ("ADDED", "MODIFIED"):
                    self._stores[resource][_key(item)] = item


def serve(records: Records, address: str, port: int = 53) -> threading.Thread:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((address, port))

    def loop() -> None:
        while True:
            query, client = listener.recvfrom(DATAGRAM_BYTES)
            reply = answer(query, records)
            if reply:
                listener.sendto(reply, client)

    return threading.Thread(target=loop, name="dns", daemon=True)


def answer(query: bytes, records: Records) -> bytes | None:
    """None for what is no question; the mesh reaches no names outside, so those do not exist."""
    try:
        identity, flags, questions = struct.unpack_from("!HHH", query)
        name, end = _name(query, 12)
        kind, _ = struct.unpack_from("!HH", query, end)
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    if questions != 1 or flags & 0x8000:
        return None
    found = records.resolve(name.lower())
    addresses = (found or [])[:ANSWERS_MOST] if kind in (A, ANY) else []
    code = NO_SUCH_NAME if found is None else NO_ERROR
    # Response, authoritative; "recursion available" keeps resolvers from asking elsewhere.
    header = struct.pack("!HHHHHH", identity, 0x8480 | flags & 0x0100 | code, 1, len(addresses), 0, 0)
    entries = [
        struct.pack("!HHHIH", 0xC00C, A, IN, TTL_SECONDS, 4) + socket.inet_aton(address) for address in addresses
    ]
    return header + query[12 : end + 4] + b"".join(entries)


def _name(query: bytes, position: int) -> tuple[str, int]:
    labels = []
    while length := query[position]:
        if length > 63:
            raise IndexError
        labels.append(query[position + 1 : position + 1 + length].decode("ascii"))
        position += 1 + length
    return ".".join(labels), position + 1


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]
