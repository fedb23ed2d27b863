# SPDX-License-Identifier: Apache-2.0
"""Requests between real pods: names, sidecars, mTLS, and the way to a proxy's own pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testbed.client import Mesh
from testbed.manifests import SERVING, pod, service

pytestmark = pytest.mark.mesh

STRICT = json.dumps(
    {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "default"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
)
ASK = "import sys, urllib.request as u\nwhile 1:\n try: print(u.urlopen(sys.argv[1]).read().decode(), flush=True)\n" + (
    " except Exception as e: print(e, flush=True)\n __import__('time').sleep(0.2)"
)


def asking(url: str) -> dict[str, object]:
    return {"command": ["python3", "-c", ASK, url]}


def test_sidecars_carry_mutual_tls(mesh: Mesh) -> None:
    with mesh.namespace("shop") as shop, mesh.namespace("pay") as pay:
        mesh.apply(STRICT, shop)
        mesh.apply(service("web"), shop)
        mesh.apply(pod("web", SERVING), shop)
        mesh.apply(pod("caller", asking(f"http://web.{shop}/echo")), pay)
        mesh.wait_ready(shop)
        mesh.wait_ready(pay)

        answer = mesh.wait("an answer", lambda: _answer(mesh, pay, "caller"))
        headers = dict(answer["headers"])
        assert f"By=spiffe://cluster.local/ns/{shop}/sa/default" in headers["x-forwarded-client-cert"]
        assert f"URI=spiffe://cluster.local/ns/{pay}/sa/default" in headers["x-forwarded-client-cert"]


def test_strict_refuses_who_has_no_sidecar(mesh: Mesh) -> None:
    with mesh.namespace("shop") as shop, mesh.namespace("plain", injected=False) as plain:
        mesh.apply(service("web"), shop)
        mesh.apply(pod("web", SERVING), shop)
        mesh.apply(pod("caller", asking(f"http://web.{shop}.svc.cluster.local/echo")), plain)
        mesh.wait_ready(shop)
        # Without STRICT it gets through: kube-proxy leads it to the Service.
        assert mesh.wait("an answer", lambda: _answer(mesh, plain, "caller"))

        mesh.apply(STRICT, shop)
        mesh.wait("a refusal", lambda: "reset by peer" in mesh.log(plain, "caller", "app"))


@pytest.mark.parametrize("suffix", ["", ".{}", ".{}.svc", ".{}.svc.cluster.local"])
def test_every_form_of_a_service_name_resolves(mesh: Mesh, suffix: str) -> None:
    with mesh.namespace(injected=False) as namespace:
        mesh.apply(service("web"), namespace)
        mesh.apply(pod("web", SERVING), namespace)
        mesh.apply(pod("caller", asking(f"http://web{suffix.format(namespace)}/")), namespace)
        assert mesh.wait("an answer", lambda: _answer(mesh, namespace, "caller"))["pod"] == "web"


def test_api_server_reaches_a_proxys_statistics(mesh: Mesh) -> None:
    with mesh.namespace() as namespace:
        # A port that no Service names has no listener chain of its own, and so no figures.
        mesh.apply(service("web"), namespace)
        mesh.apply(pod("web", SERVING), namespace)
        mesh.wait_ready(namespace)
        page = mesh.fetch(namespace, "web", 15090, "/stats/prometheus")
        assert "envoy_listener_manager_lds_update_rejected{} 0" in page
        wanted = 'envoy_http_downstream_rq{response_code_class="2xx",http_conn_manager_prefix="inbound_0.0.0.0_8080"}'
        assert wanted in page


def _answer(mesh: Mesh, namespace: str, name: str) -> dict[str, Any] | None:
    try:
        lines = mesh.log(namespace, name, "app").splitlines()
    except FileNotFoundError:
        return None
    answers = [json.loads(line) for line in lines if line.startswith("{")]
    return answers[-1] if answers else None
