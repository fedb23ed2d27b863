# SPDX-License-Identifier: Apache-2.0
"""The mesh's names, without a network."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from testbed.node.dns import Records, answer


@pytest.fixture
def records() -> Records:
    found = Records()
    found.replace("services", [_service("web", "10.96.0.7"), _service("db", "None"), _service("empty", "None")])
    endpoints = [
        {"addresses": ["10.244.0.2"], "hostname": "db-0", "conditions": {"ready": True}},
        {"addresses": ["10.244.0.3"], "hostname": "db-1", "conditions": {"ready": False}},
    ]
    metadata = {"name": "db-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "db"}}
    found.replace("endpointslices", [{"metadata": metadata, "endpoints": endpoints}])
    return found


def _service(name: str, cluster_ip: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"clusterIP": cluster_ip}}


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("web.shop", ["10.96.0.7"]),
        ("db.shop", ["10.244.0.2"]),
        ("db-1.db.shop", ["10.244.0.3"]),
        ("db-2.db.shop", None),
        ("empty.shop", []),
        ("web.pay", None),
        ("shop", None),
        ("a.b.web.shop", None),
    ],
)
def test_resolution(records: Records, name: str, addresses: list[str] | None) -> None:
    assert records.resolve(f"{name}.svc.cluster.local") == addresses


def test_names_outside_do_not_exist(records: Records) -> None:
    assert records.resolve("example.org") is None


def query(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 77, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


@pytest.mark.parametrize(
    ("name", "kind", "code", "addresses"),
    [
        ("WEB.shop.svc.cluster.local", 1, 0, ["10.96.0.7"]),
        ("web.shop.svc.cluster.local", 28, 0, []),
        ("nothing.shop.svc.cluster.local", 1, 3, []),
    ],
)
def test_answers(records: Records, name: str, kind: int, code: int, addresses: list[str]) -> None:
    reply = answer(query(name, kind), records)
    assert reply is not None
    identity, flags, _, count = struct.unpack_from("!HHHH", reply)
    assert (identity, flags & 0x8000, flags & 0xF, count) == (77, 0x8000, code, len(addresses))
    assert [socket.inet_ntoa(reply[-4:])] * count == addresses


@pytest.mark.parametrize("garbage", [b"", b"\0" * 5, b"\0" * 12 + b"\xff" * 8, query("a.b", 1)[:-3]])
def test_garbage_gets_no_answer(records: Records, garbage: bytes) -> None:
    assert answer(garbage, records) is None
