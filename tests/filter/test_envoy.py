"""Exchanges through a real Envoy, each beside the same exchange without the filter."""

import base64
import contextlib
import http.client
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, wasm_config
from tests.filter.envoy.process import Answer, Envoy, request, running
from tests.filter.envoy.servers import BackendHandler, Received, Server, UpstreamHandler, serving

CONFIGURATION = {
    "revision": "0a1b2c3d4e",
    "backend": {"cluster": "backend", "authority": "collector:9000"},
    "heartbeat_seconds": 1,
}
SECRET = "s3cr3t"


@dataclass
class Scene:
    envoy: Envoy
    upstream: Server
    backend: Server

    def trace(self, path: str) -> Received:
        """The trace of the exchange with this path, as far as the path goes without its query."""
        return self.backend.wait_for(lambda post: post.document["scnt_request"]["path"].startswith(path))

    def both(self, method: str, path: str, body: object = None, **headers: str) -> tuple[Answer, Received]:
        """The exchange through the filter and, to compare, without it; then its trace."""
        answers = []
        seen = []
        for name in ("plain", "traced"):
            before = len(self.upstream.received)
            answers.append(request(self.envoy.port(name), method, path, body, **headers))
            seen.append([comparable(received) for received in self.upstream.received[before:]])
        assert seen[0] == seen[1]
        assert [answer.status for answer in answers] == [answers[0].status] * 2
        assert [answer.body for answer in answers] == [answers[0].body] * 2
        assert steady(answers[0].headers) == steady(answers[1].headers)
        return answers[1], self.trace(path.partition("?")[0])


def steady(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without what differs from one request to the next in any case."""
    changing = {"date", "x-request-id", "x-envoy-upstream-service-time", "host"}
    return [pair for pair in headers if pair[0].lower() not in changing]


def comparable(received: Received) -> tuple[str, str, list[tuple[str, str]], bytes]:
    return received.method, received.path, steady(received.headers), received.body


@pytest.fixture(scope="module")
def scene(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    traced = [{"name": "trace", "typed_config": wasm_config(released, CONFIGURATION)}]
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        listeners = [
            listener("plain", []),
            listener("traced", traced),
            listener("traced6", traced, address="::1"),
        ]
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        with running(bootstrap(listeners, clusters), tmp_path_factory.mktemp("envoy")) as envoy:
            yield Scene(envoy, upstream, backend)


def test_every_field_arrives(scene: Scene) -> None:
    answer, post = scene.both("POST", "/full?a=1", b'{"a":1}', content_type="application/json; charset=utf-8")
    assert answer.body == b'got {"a":1}'
    document = post.document
    assert (post.method, post.path) == ("POST", "/publish")
    assert dict(post.headers)["x-wasm-filter-trace"] == "trace"
    assert dict(post.headers)["host"] == "collector:9000"
    sent = document["scnt_request"]
    assert document["request_id"] == dict(sent["headers"])["x-request-id"]
    assert document["scheme"] == "http"
    assert document["destination_address"] == f"127.0.0.1:{scene.envoy.port('traced')}"
    assert document["source_address"].startswith("127.0.0.1:")
    assert (sent["method"], sent["path"], sent["version"]) == ("POST", "/full?a=1", "HTTP/1.1")
    assert sent["host"] == dict(sent["headers"])["host"] == f"127.0.0.1:{scene.envoy.port('traced')}"
    assert base64.b64decode(sent["body"]) == b'{"a":1}'
    assert dict(sent["headers"])["content-type"] == "application/json; charset=utf-8"
    received = document["scnt_response"]
    assert (received["status_code"], received["version"]) == ("200", "HTTP/1.1")
    assert base64.b64decode(received["body"]) == answer.body
    assert (sent["truncated_body"], received["truncated_body"]) == (False, False)


def test_credentials_stay_here(scene: Scene) -> None:
    answer, post = scene.both("GET", f"/login?token={SECRET}&x=1", authorization=SECRET, cookie=SECRET)
    assert dict(answer.headers)["set-cookie"] == f"id={SECRET}"
    assert SECRET.encode() not in post.body
    assert dict(post.document["scnt_response"]["headers"])["set-cookie"] == "[redacted]"
    assert SECRET not in scene.envoy.wasm_log()


def test_ipv6(scene: Scene) -> None:
    port = scene.envoy.port("traced6")
    assert request(port, "GET", "/six", address="::1").status == 200
    document = scene.trace("/six").document
    assert document["destination_address"] == f"[::1]:{port}"
    assert document["source_address"].startswith("[::1]:")


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "PUT"])
def test_methods(scene: Scene, method: str) -> None:
    answer, post = scene.both(method, f"/method-{method}", b"x" if method == "PUT" else None)
    assert post.document["scnt_request"]["method"] == method
    assert base64.b64decode(post.document["scnt_response"]["body"]) == answer.body


def test_chunked_both_ways(scene: Scene) -> None:
    answer, post = scene.both("POST", "/chunked", [b"a" * 7, b"b" * 70_000, b"c"])
    assert answer.body == b"one two three"
    assert base64.b64decode(post.document["scnt_request"]["body"]) == b"a" * 7 + b"b" * 70_000 + b"c"
    assert base64.b64decode(post.document["scnt_response"]["body"]) == answer.body


def test_a_large_body_is_cut_in_the_trace_only(scene: Scene) -> None:
    body = bytes(range(256)) * 6000
    answer, post = scene.both("POST", "/large", body)
    assert answer.body == b"got " + body
    for side, whole in (("scnt_request", body), ("scnt_response", answer.body)):
        assert base64.b64decode(post.document[side]["body"]) == whole[:1_000_000]
        assert post.document[side]["truncated_body"] is True


def test_local_replies_and_answers_without_body(scene: Scene) -> None:
    answer, post = scene.both("GET", "/local")
    assert (answer.status, post.document["scnt_response"]["status_code"]) == (418, "418")
    assert base64.b64decode(post.document["scnt_response"]["body"]) == b"teapot"
    _, post = scene.both("GET", "/empty")
    assert post.document["scnt_response"]["status_code"] == "204"


def test_a_reset_upstream(scene: Scene) -> None:
    answer, post = scene.both("GET", "/reset")
    assert (answer.status, post.document["scnt_response"]["status_code"]) == (503, "503")


def test_a_client_that_goes_away(scene: Scene) -> None:
    with socket.create_connection(("127.0.0.1", scene.envoy.port("traced"))) as client:
        client.sendall(b"GET /hang HTTP/1.1\r\nhost: shop\r\n\r\n")
        scene.upstream.wait_for(lambda received: received.path == "/hang")
    response = scene.trace("/hang").document["scnt_response"]
    assert (response["status_code"], response["headers"]) == ("0", [])


def test_bytes_that_are_no_text(scene: Scene) -> None:
    with socket.create_connection(("127.0.0.1", scene.envoy.port("traced"))) as client:
        client.sendall(b'GET /odd HTTP/1.1\r\nhost: shop\r\nx-odd: caf\xe9 "\\\r\nconnection: close\r\n\r\n')
        reply = http.client.HTTPResponse(client)
        reply.begin()
        assert reply.status == 200
    assert ["x-odd", 'caf\u00e9 "\\'] in scene.trace("/odd").document["scnt_request"]["headers"]


def test_many_requests_on_one_connection(scene: Scene) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", scene.envoy.port("traced"))
    for number in range(20):
        connection.request("GET", f"/many-{number}.")
        connection.getresponse().read()
    posts = [scene.trace(f"/many-{number}.").document for number in range(20)]
    connection.close()
    assert len({post["source_address"] for post in posts}) == 1
    assert len({post["request_id"] for post in posts}) == 20


def test_tracing_the_tracer_never_loops(scene: Scene) -> None:
    port = scene.envoy.port("traced")
    request(port, "POST", "/publish-marked", b"{}", x_wasm_filter_trace="other")
    request(port, "POST", "/to-backend", b'{"scnt_request": {"path": "straight"}}')
    scene.both("GET", "/after-loops")
    paths = [post.document["scnt_request"]["path"] for post in scene.backend.received]
    assert "straight" in paths
    assert not {"/publish-marked", "/to-backend"} & set(paths)


def test_metrics(scene: Scene) -> None:
    scene.both("GET", "/metrics")
    posts = [post for post in scene.backend.received if post.path == "/publish"]
    scene.envoy.wait_for_metric("sent", lambda value: value == len(posts))
    metrics = scene.envoy.metrics()
    assert metrics["revision"] == 0x0A1B2C3D4E
    assert (metrics["failed"], metrics["dropped"], metrics["configuration_errors"]) == (0, 0, 0)
    assert "truncated" in metrics
    scene.envoy.wait_for_metric("heartbeat", lambda value: value > 1_700_000_000)


def test_http2(scene: Scene, released: Path, tmp_path: Path) -> None:
    traced = [{"name": "trace", "typed_config": wasm_config(released, CONFIGURATION)}]
    clusters = [cluster("upstream", scene.upstream.port), cluster("backend", scene.backend.port)]
    # An Envoy that speaks HTTP/1.1 to us and HTTP/2 to the filter's listener stands for the client.
    with running(bootstrap([listener("traced", traced)], clusters), tmp_path / "second") as second:
        client = [cluster("upstream", second.port("traced"), http2=True), cluster("backend", scene.backend.port)]
        with running(bootstrap([listener("client", [])], client), tmp_path / "client") as first:
            answer = request(first.port("client"), "POST", "/http2", b"x" * 100_000)
    assert answer.body == b"got " + b"x" * 100_000
    sent = scene.trace("/http2").document["scnt_request"]
    assert sent["version"] == "HTTP/2"
    assert base64.b64decode(sent["body"]) == b"x" * 100_000
    with contextlib.suppress(ValueError):
        assert sent["headers"].index(["host", sent["host"]]) == 0
