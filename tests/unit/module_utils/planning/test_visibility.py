# SPDX-License-Identifier: Apache-2.0
"""Whether proxies of a namespace have a cluster for the backend."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.openclarity.wasm_filters.plugins.module_utils.planning.visibility import Backend, hidden

HOST = "collector.traces.svc.cluster.local"
ROOT = "istio-system"


def backend(export_to: str = "", mesh: tuple[str, ...] = ()) -> Backend:
    metadata: dict[str, Any] = {"name": "collector", "namespace": "traces"}
    if export_to:
        metadata["annotations"] = {"networking.istio.io/exportTo": export_to}
    return Backend({"metadata": metadata}, HOST, 9000, mesh)


def sidecar(
    *hosts: str, namespace: str = "shop", name: str = "default", port: int = 0, **labels: str
) -> dict[str, Any]:
    listener: dict[str, Any] = {"hosts": list(hosts), **({"port": {"number": port}} if port else {})}
    spec: dict[str, Any] = {"egress": [listener]} if hosts else {}
    if labels:
        spec["workloadSelector"] = {"labels": labels}
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": name}, "spec": spec}


def of(found: Backend, *sidecars: dict[str, Any], namespaces: str = "shop") -> dict[str, str]:
    return dict(hidden(found, namespaces.split(), sidecars, ROOT))


def test_nothing_hides_it() -> None:
    assert of(backend()) == {}


@pytest.mark.parametrize(
    "hosts",
    [
        ["*/*"],
        ["./*", "traces/*"],
        [f"traces/{HOST}"],
        ["*/*.svc.cluster.local"],
        [f"*/{HOST}"],
        [HOST],
        [],
    ],
)
def test_a_sidecar_that_leaves_it_in(hosts: list[str]) -> None:
    assert of(backend(), sidecar(*hosts)) == {}


@pytest.mark.parametrize(
    "hosts", [["./*"], ["istio-system/*"], ["traces/other.traces.svc.cluster.local"], ["~/*"], ["*/*.example.com"]]
)
def test_a_sidecar_that_leaves_it_out(hosts: list[str]) -> None:
    assert of(backend(), sidecar(*hosts)) == {"shop": "the egress of Sidecar shop/default leaves it out"}


def test_the_backends_own_namespace_is_meant_by_a_dot() -> None:
    assert of(backend(), sidecar("./*", namespace="traces"), namespaces="traces") == {}


def test_a_listener_of_a_port_takes_only_that() -> None:
    assert of(backend(), sidecar("*/*", port=9000)) == {}
    assert list(of(backend(), sidecar("*/*", port=80))) == ["shop"]


def test_the_root_namespaces_one_is_for_those_without_their_own() -> None:
    root = sidecar("./*", namespace=ROOT)
    found = of(backend(), root, sidecar("*/*"), namespaces="shop pay")
    assert found == {"pay": "the egress of Sidecar istio-system/default leaves it out"}
    # One with a selector is not for all.
    assert of(backend(), sidecar("./*", namespace=ROOT, app="web")) == {}


def test_of_several_the_oldest_counts() -> None:
    assert of(backend(), sidecar("./*", name="b"), sidecar("*/*", name="a")) == {}
    assert of(backend(), sidecar("./*", name="a"), sidecar("*/*", name="b"))


def test_one_for_some_pods_says_for_which() -> None:
    found = of(backend(), sidecar("./*", name="some", app="web"))
    assert found == {"shop": "the egress of Sidecar shop/some leaves it out, for pods with app=web"}


@pytest.mark.parametrize(
    ("export_to", "mesh", "seen_by"),
    [
        ("", (), {"shop", "traces"}),
        ("*", (".",), {"shop", "traces"}),
        (".", (), {"traces"}),
        ("shop, pay", (), {"shop"}),
        ("~", (), set()),
        ("", (".",), {"traces"}),
        ("", ("~",), set()),
        ("", ("*",), {"shop", "traces"}),
    ],
)
def test_who_it_is_exported_to(export_to: str, mesh: tuple[str, ...], seen_by: set[str]) -> None:
    found = of(backend(export_to, mesh), namespaces="shop traces")
    assert {"shop", "traces"} - set(found) == seen_by
    assert set(found.values()) <= {"the exportTo of Service traces/collector leaves them out"}
