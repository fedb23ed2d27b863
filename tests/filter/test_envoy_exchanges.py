# SPDX-License-Identifier: Apache-2.0
"""Exchanges that are not a request and an answer in a row, through each Envoy, beside the same without the filter."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import (
    HTTP1_WITH_TRAILERS,
    HTTP2,
    Value,
    bootstrap,
    cluster,
    listener,
    route,
    trace_filter,
)
from tests.filter.envoy.process import running
from tests.filter.envoy.scene import CONFIGURATION, Scene, steady, steady_text
from tests.filter.envoy.scripted import Wire, connect, receive, scripted, talk
from tests.filter.envoy.servers import BackendHandler, Received, serving

OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
END = b"content-length: 2\r\n\r\nok"
LISTENERS = ("plain", "traced")


def trailers(wire: Wire) -> None:
    body, *lines = wire.chunked()
    answer = b"%s after %s" % (b",".join(lines), body)
    wire.say(OK + b"transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n")
    wire.say(b"%x\r\n%s\r\n0\r\nx-sum: 42\r\n\r\n" % (len(answer), answer))


def early(wire: Wire) -> None:
    """The answer is complete, and the request's body is not."""
    wire.say(b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno")


class Flaky:
    """Fails the first attempt of each request."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, wire: Wire) -> None:
        again = wire.path in self.seen
        self.seen.add(wire.path)
        wire.say((OK if again else b"HTTP/1.1 503 No\r\nconnection: close\r\n") + END)


def interim(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = wire.rfile.read(3)
    wire.say(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n" + OK + b"content-length: 3\r\n\r\n" + body)


def cut(wire: Wire) -> None:
    """Half of an answer."""
    wire.say(OK + b"content-length: 100\r\n\r\nhalf")
    wire.reset()


def rejected(wire: Wire) -> None:
    wire.reset()


def garbage(wire: Wire) -> None:
    wire.say(b"\x00\xffno HTTP\r\n\r\n")


def head(wire: Wire) -> None:
    wire.say(OK + b"content-length: 1000\r\n\r\n")


def patient(wire: Wire) -> None:
    """Reads until the other side is gone."""
    wire.rfile.read()


def endless(wire: Wire) -> None:
    """A body without end, as long as somebody reads it."""
    wire.say(OK + b"transfer-encoding: chunked\r\n\r\n")
    while True:
        wire.say(b"5\r\nmore \r\n")


SCRIPTS = {
    "trailers": trailers,
    "h2": trailers,
    "early": early,
    "interim": interim,
    "cut": cut,
    "rejected": rejected,
    "garbage": garbage,
    "head": head,
    "patient": patient,
    "endless": endless,
}


def listeners(wasm: Path, folder: Path) -> Iterator[Value]:
    """With and without the filter; and of each a second one behind it, by HTTP/2."""
    retried = route("/flaky", "upstream")
    retries = {"retry_on": "5xx", "num_retries": 2, "retry_back_off": {"base_interval": "0.01s"}}
    retried["route"]["retry_policy"] = retries
    options: Value = {
        "http_protocol_options": {"enable_trailers": True},
        "proxy_100_continue": True,
        "delayed_close_timeout": "0.1s",
    }
    for name, chain in zip(LISTENERS, ([], trace_filter(wasm, CONFIGURATION)), strict=True):
        routes = [retried, route("/h2", f"{name}-h2"), route("/", "upstream")]
        yield listener(name, chain, routes=routes, **options)
        yield listener(f"{name}-h2", chain, str(folder / name), routes=[route("/", "upstream")], **options)


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("exchanges")
    with scripted(SCRIPTS | {"flaky": Flaky()}) as upstream, serving(BackendHandler) as backend:
        clusters = [
            cluster("upstream", upstream.port, protocol=HTTP1_WITH_TRAILERS),
            *(cluster(f"{name}-h2", address=str(folder / name), protocol=HTTP2) for name in LISTENERS),
            cluster("backend", backend.port),
        ]
        with running(program, bootstrap([*listeners(released, folder)], clusters), folder / "envoy") as envoy:
            yield Scene(envoy, upstream, backend)


def both(scene: Scene, start: str, *more: bytes) -> bytes:
    """The exchange through the filter, after it was compared with the same one without it, at both ends."""
    answers = []
    seen = []
    for name in LISTENERS:
        before = len(scene.upstream.received)
        text = f"{start}\r\nhost: shop\r\nconnection: close\r\n".encode() + b"".join(more)
        answers.append(steady_text(talk(scene.envoy.port(name), text)))
        seen.append([(got.method, got.path, steady(got.headers)) for got in scene.upstream.received[before:]])
    assert answers[0] == answers[1]
    assert seen[0] == seen[1] != []
    return answers[1]


def status(scene: Scene, path: str) -> str:
    return str(scene.trace(path).document["scnt_response"]["status_code"])


def body(scene: Scene, path: str, side: str = "scnt_response") -> bytes:
    return base64.b64decode(scene.trace(path).document[side]["body"])


@pytest.mark.parametrize(("path", "version"), [("/trailers", "HTTP/1.1"), ("/h2", "HTTP/2")])
def test_trailers_both_ways(scene: Scene, path: str, version: str) -> None:
    chunks = b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-sent: 41\r\n\r\n"
    answer = both(scene, f"POST {path} HTTP/1.1", b"trailer: x-sent\r\n", chunks)
    assert b"x-sent: 41 after abcde" in answer
    assert answer.endswith(b"\r\n0\r\nx-sum: 42\r\n\r\n")

    def wanted(post: Received) -> bool:
        sent = post.document["scnt_request"]
        return bool((sent["path"], sent["version"]) == (path, version))

    document = scene.backend.wait_for(wanted).document
    assert base64.b64decode(document["scnt_request"]["body"]) == b"abcde"
    assert base64.b64decode(document["scnt_response"]["body"]) == b"x-sent: 41 after abcde"


def test_an_answer_before_the_request_is_complete(scene: Scene) -> None:
    answer = both(scene, "POST /early HTTP/1.1", b"content-length: 100000\r\n\r\n", b"x" * 10)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.endswith(b"no")
    assert (status(scene, "/early"), body(scene, "/early")) == ("403", b"no")
    assert body(scene, "/early", "scnt_request") == b"x" * 10


def test_retries_are_one_exchange(scene: Scene) -> None:
    texts = [f"GET /flaky/{name} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n" for name in LISTENERS]
    answers = [talk(scene.envoy.port(name), text.encode()) for name, text in zip(LISTENERS, texts, strict=True)]
    assert steady_text(answers[0]) == steady_text(answers[1])
    assert [sum(got.path == f"/flaky/{name}" for got in scene.upstream.received) for name in LISTENERS] == [2, 2]
    assert (status(scene, "/flaky/traced"), body(scene, "/flaky/traced")) == ("200", b"ok")
    both(scene, "GET /head/after-retries HTTP/1.1", b"\r\n")
    scene.trace("/head/after-retries")
    assert scene.traces("/flaky/traced") == 1


def test_interim_answers_are_not_the_answer(scene: Scene) -> None:
    """Envoy hands 100 on, and keeps 103 to itself."""
    answer = both(scene, "POST /interim HTTP/1.1", b"expect: 100-continue\r\ncontent-length: 3\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"HTTP/1.1 200 OK\r\n" in answer
    assert (status(scene, "/interim"), body(scene, "/interim")) == ("200", b"abc")


def test_head(scene: Scene) -> None:
    answer = both(scene, "HEAD /head HTTP/1.1", b"\r\n")
    assert b"content-length: 1000\r\n" in answer
    received = scene.trace("/head").document["scnt_response"]
    assert (received["status_code"], received["body"], received["truncated_body"]) == ("200", "", False)
    assert ["content-length", "1000"] in received["headers"]


@pytest.mark.parametrize(("path", "wanted"), [("/cut", "200"), ("/rejected", "503"), ("/garbage", "502")])
def test_an_upstream_that_breaks_off(scene: Scene, path: str, wanted: str) -> None:
    answer = both(scene, f"GET {path} HTTP/1.1", b"\r\n")
    assert answer.startswith(f"HTTP/1.1 {wanted} ".encode())
    assert status(scene, path) == wanted
    assert body(scene, path) == answer.partition(b"\r\n\r\n")[2]


def test_a_client_that_breaks_off(scene: Scene) -> None:
    with connect(scene.envoy.port("traced")) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nhost: shop\r\n\r\n")
        receive(client, b"more")
    assert status(scene, "/endless") == "200"
    assert body(scene, "/endless").startswith(b"more ")


def test_a_client_that_breaks_off_its_request(scene: Scene) -> None:
    with connect(scene.envoy.port("traced")) as client:
        client.sendall(b"POST /patient HTTP/1.1\r\nhost: shop\r\ncontent-length: 10\r\n\r\nhalf")
        scene.upstream.wait_for(lambda got: got.path == "/patient")
    assert status(scene, "/patient") == "0"
    assert body(scene, "/patient", "scnt_request") == b"half"
