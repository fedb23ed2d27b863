# SPDX-License-Identifier: Apache-2.0
"""Exchanges through a real Envoy, each beside the same exchange without the filter."""

import base64
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import bootstrap, cluster, pair, trace_filter
from tests.filter.envoy.process import request, running
from tests.filter.envoy.scene import CONFIGURATION, Scene
from tests.filter.envoy.servers import BackendHandler, UpstreamHandler, serving

SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        config = bootstrap(pair(trace_filter(released, CONFIGURATION)), clusters)
        with running(program, config, tmp_path_factory.mktemp("envoy")) as envoy:
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


def test_credentials_in_urls_stay_here(scene: Scene) -> None:
    inner = f"https%3A%2F%2Falice%3A{SECRET}%40x%2F%3Fid_token%3D{SECRET}%26b%3D2"
    amazon = f"X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}&Signature={SECRET}&client_secret={SECRET}"
    _, post = scene.both(
        "GET", f"/moved?redirect={inner}&c=3&{amazon}", referer=f"https://{SECRET}@shop/?api_key={SECRET}"
    )
    assert SECRET.encode() not in post.body
    assert "%26b%3D2&c=3&" in post.document["scnt_request"]["path"]
    headers = dict(post.document["scnt_response"]["headers"])
    assert headers["location"] == "https://[redacted]@intra/x"
    assert headers["link"] == "<https://[redacted]@intra/>; rel=a"


def test_fields_of_bodies_stay_here(scene: Scene) -> None:
    pieces = [b'{"user": {"pass', b'word": "', SECRET.encode() * 9000, b'", "name": "al"}, "pin": 12', b"34}"]
    _, post = scene.both("POST", "/signin-json", pieces, content_type="application/json")
    sent = post.document["scnt_request"]
    shown = b'{"user": {"password": "[redacted]", "name": "al"}, "pin": "[redacted]"}'
    assert (base64.b64decode(sent["body"]), sent["truncated_body"]) == (shown, False)
    form = f"user=al&p%61ssword={SECRET}&next=/".encode()
    _, post = scene.both("POST", "/signin-form", form, content_type="application/x-www-form-urlencoded")
    assert base64.b64decode(post.document["scnt_request"]["body"]) == b"user=al&p%61ssword=[redacted]&next=/"


def test_an_answer_that_offers_another_protocol_has_its_body(scene: Scene) -> None:
    _, post = scene.both("GET", "/offers")
    received = post.document["scnt_response"]
    assert (base64.b64decode(received["body"]), received["truncated_body"]) == (b"offered", False)


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
