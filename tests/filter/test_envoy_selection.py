# SPDX-License-Identifier: Apache-2.0
"""The choice of what is traced, through a real Envoy."""

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, route, trace_filter
from tests.filter.envoy.process import poll, request, running
from tests.filter.envoy.servers import BackendHandler, Received, Server, UpstreamHandler, serving

CONFIGURATION = {
    "backend": {"cluster": "backend"},
    "exclude": {"paths": ["/health", "/api/*/admin"], "methods": ["delete"], "hosts": ["hid*:80"], "statuses": ["4XX"]},
    "body_content_types": ["application/json", "application/*+json", "*/plain"],
    "redact_headers": ["x-in-*", "-accept-encoding"],
}


SENT = 40


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Server]]:
    traced = trace_filter(released, CONFIGURATION)
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        folder = tmp_path_factory.mktemp("selection")
        with running(program, bootstrap([listener("traced", traced)], clusters), folder) as envoy:
            yield envoy.port("traced"), backend


@pytest.mark.parametrize("by", ["traceparent", "x-request-id"])
def test_both_ends_of_a_call_choose_alike(
    program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory, by: str
) -> None:
    """By the trace id of the caller, or by the request id that the first Envoy made."""
    near, far = (
        trace_filter(released, {"backend": {"cluster": place}, "sample_rate": 0.5}) for place in ("near", "far")
    )
    with (
        serving(UpstreamHandler) as upstream,
        serving(BackendHandler) as near_end,
        serving(BackendHandler) as far_end,
    ):
        folder = tmp_path_factory.mktemp("ends")
        pipe = str(folder / "pipe")
        listeners = [
            listener("near", near, routes=[route("/", "pipe")]),
            listener("far", far, pipe, [route("/", "upstream")]),
        ]
        clusters = [
            cluster("pipe", address=pipe),
            cluster("upstream", upstream.port),
            cluster("near", near_end.port),
            cluster("far", far_end.port),
        ]
        with running(program, bootstrap(listeners, clusters), folder / "envoy") as envoy:
            for number in range(SENT):
                trace_id = hashlib.sha256(b"%d" % number).hexdigest()[:32]
                headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"} if by == "traceparent" else {}
                assert request(envoy.port("near"), "GET", f"/{number}", **headers).status == 200
            # Two configurations in one machine: what one does not send, it skips.
            poll(lambda: sum(envoy.metrics()[metric] for metric in ("sent", "skipped")) == 2 * SENT, "all of them")
            chosen = [
                sorted(post.document["scnt_request"]["path"] for post in end.received) for end in (near_end, far_end)
            ]
    assert chosen[0] == chosen[1]
    assert 0 < len(chosen[0]) < SENT


def test_include_and_exclude(scene: tuple[int, Server]) -> None:
    port, backend = scene
    for method, path, host in [
        ("GET", "/health/live", "shop"),
        ("GET", "/api/v1/admin", "shop"),
        ("DELETE", "/cart", "shop"),
        ("GET", "/cart", "hidden"),
        ("GET", "/local", "shop"),
    ]:
        request(port, method, path, host=host)
    request(port, "GET", "/last", host="shop")
    backend.wait_for(lambda post: post.document["scnt_request"]["path"] == "/last")
    assert len([post for post in backend.received if b"/last" not in post.body and b"-body" not in post.body]) == 0


def test_a_header_that_is_named_is_hidden_beside_the_defaults(scene: tuple[int, Server]) -> None:
    port, backend = scene
    request(port, "GET", "/named-body", host="shop", x_in_side="s3cr3t", cookie="s3cr3t")
    assert b"s3cr3t" not in backend.wait_for(lambda post: b"/named-body" in post.body).body


def has(mark: bytes, post: Received) -> bool:
    return mark in post.body


def test_media_types_are_no_wider_than_they_say(scene: tuple[int, Server]) -> None:
    port, backend = scene
    for kind, sent in (("application/vnd.api+json", "e30="), ("application/octet-stream", ""), ("image/png", "")):
        path = f"/{kind.replace('/', '-')}-body"
        mark = path.encode()
        request(port, "POST", path, b"{}", content_type=kind)
        document = backend.wait_for(functools.partial(has, mark)).document
        assert document["scnt_request"]["body"] == sent


def test_bodies_by_content_type(scene: tuple[int, Server]) -> None:
    port, backend = scene
    request(port, "POST", "/json-body", b"{}", content_type="application/json; charset=utf-8")
    request(port, "POST", "/grpc-body", b"{}", content_type="application/grpc+json")
    json = backend.wait_for(lambda post: b"/json-body" in post.body).document
    assert json["scnt_request"]["body"] == "e30="
    grpc = backend.wait_for(lambda post: b"/grpc-body" in post.body).document
    assert (grpc["scnt_request"]["body"], grpc["scnt_response"]["body"]) == ("", "")
    assert grpc["scnt_request"]["truncated_body"] is True
