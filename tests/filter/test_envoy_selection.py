"""The choice of what is traced, through a real Envoy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import request, running
from tests.filter.envoy.servers import BackendHandler, Server, UpstreamHandler, serving

CONFIGURATION = {
    "backend": {"cluster": "backend"},
    "exclude": {"paths": ["/health"], "methods": ["DELETE"], "hosts": ["hidden"], "statuses": ["4xx"]},
    "body_content_types": ["application/json"],
}


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Server]]:
    traced = trace_filter(released, CONFIGURATION)
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        folder = tmp_path_factory.mktemp("selection")
        with running(program, bootstrap([listener("traced", traced)], clusters), folder) as envoy:
            yield envoy.port("traced"), backend


def test_include_and_exclude(scene: tuple[int, Server]) -> None:
    port, backend = scene
    for method, path, host in [
        ("GET", "/health/live", "shop"),
        ("DELETE", "/cart", "shop"),
        ("GET", "/cart", "hidden"),
        ("GET", "/local", "shop"),
    ]:
        request(port, method, path, host=host)
    request(port, "GET", "/last", host="shop")
    backend.wait_for(lambda post: post.document["scnt_request"]["path"] == "/last")
    assert len([post for post in backend.received if b"/last" not in post.body and b"-body" not in post.body]) == 0


def test_bodies_by_content_type(scene: tuple[int, Server]) -> None:
    port, backend = scene
    request(port, "POST", "/json-body", b"{}", content_type="application/json; charset=utf-8")
    request(port, "POST", "/grpc-body", b"{}", content_type="application/grpc+json")
    json = backend.wait_for(lambda post: b"/json-body" in post.body).document
    assert (json["scnt_request"]["body"], json["scnt_response"]["body"]) == ("e30=", "")
    grpc = backend.wait_for(lambda post: b"/grpc-body" in post.body).document
    assert (grpc["scnt_request"]["body"], grpc["scnt_response"]["body"]) == ("", "")
    assert grpc["scnt_request"]["truncated_body"] is True
