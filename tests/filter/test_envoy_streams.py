# SPDX-License-Identifier: Apache-2.0
"""Streams through each Envoy: what one end sends reaches the other while the stream is open; bodies stay here."""

import base64
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.filter.envoy.bootstrap import HTTP2, bootstrap, cluster, pair, route, trace_filter
from tests.filter.envoy.process import running
from tests.filter.envoy.scene import CONFIGURATION, Scene, steady, steady_text
from tests.filter.envoy.scripted import Wire, connect, receive, scripted
from tests.filter.envoy.servers import DEADLINE_SECONDS, BackendHandler, serving

LISTENERS = ("plain", "traced")
UPGRADE = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n"
# A masked text frame and its echo, as RFC 6455 has them; Envoy does not look into them.
FRAME, ECHO = bytes.fromhex("818537fa213d7f9f4d5158"), b"\x81\x05Hello"


class Events:
    """One event, and the next one only when the client has it."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type.encode()
        self.next = threading.Event()

    def __call__(self, wire: Wire) -> None:
        self.next.clear()
        wire.say(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: %s\r\n" % self.content_type)
        wire.say(b"transfer-encoding: chunked\r\n\r\n")
        wire.say(b"9\r\ndata: 1\n\n\r\n")
        assert self.next.wait(DEADLINE_SECONDS)
        wire.say(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")


def websocket(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
    while wire.rfile.read(len(FRAME)) == FRAME:
        wire.say(ECHO)


def tunnelled(wire: Wire) -> None:
    wire.say(b"from the other end of the tunnel")


EVENTS = {"sse": Events("text/event-stream; charset=utf-8"), "lines": Events("text/plain")}


class Cart(grpc.GenericRpcHandler):
    """A gRPC service without protobuf: its messages are bytes."""

    def service(self, call: grpc.HandlerCallDetails) -> Any:
        if call.method == "/shop.Cart/Get":
            return grpc.unary_unary_rpc_method_handler(self.get)
        return grpc.stream_stream_rpc_method_handler(self.watch)

    def get(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("x-sum", "42"),))
        if message == b"missing":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such cart")
        return b"got " + message

    def watch(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            yield b"seen " + message


@contextmanager
def grpc_server() -> Iterator[int]:
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Cart()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(DEADLINE_SECONDS)


@pytest.fixture(scope="module")
def scene(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    connected: dict[str, Any] = {"upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}]}
    listeners = pair(
        trace_filter(released, CONFIGURATION),
        routes=[
            {"match": {"connect_matcher": {}}, "route": {"cluster": "upstream"} | connected},
            route("/shop.Cart/", "grpc"),
            route("/", "upstream"),
        ],
        upgrade_configs=[{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}],
    )
    scripts = EVENTS | {"websocket": websocket, "tunnelled": tunnelled}
    with scripted(scripts) as upstream, grpc_server() as grpc_port, serving(BackendHandler) as backend:
        clusters = [
            cluster("upstream", upstream.port),
            cluster("grpc", grpc_port, protocol=HTTP2),
            cluster("backend", backend.port),
        ]
        with running(program, bootstrap(listeners, clusters), tmp_path_factory.mktemp("streams")) as envoy:
            yield Scene(envoy, upstream, backend)


def without_bodies(scene: Scene, path: str, status: str) -> dict[str, Any]:
    """The trace of a stream: all but its bodies, and these marked as left out."""
    document = scene.trace(path).document
    for side in ("scnt_request", "scnt_response"):
        assert document[side]["body"] == ""
    assert document["scnt_response"]["truncated_body"] is True
    assert document["scnt_response"]["status_code"] == status
    return document


def test_websocket(scene: Scene) -> None:
    opened = []
    for name in LISTENERS:
        with connect(scene.envoy.port(name)) as client:
            client.sendall(f"GET /websocket/{name} HTTP/1.1\r\nhost: shop\r\n".encode() + UPGRADE)
            opened.append(steady_text(receive(client, b"\r\n\r\n")))
            for _ in range(3):
                client.sendall(FRAME)
                assert receive(client, ECHO) == ECHO
            assert scene.traces("/websocket/traced") == 0
    assert opened[0] == opened[1]
    assert opened[1].startswith(b"HTTP/1.1 101 ")
    assert without_bodies(scene, "/websocket/traced", "101")["scnt_request"]["truncated_body"] is True


@pytest.mark.parametrize("kind", EVENTS)
def test_events_arrive_before_the_next_is_sent(scene: Scene, kind: str) -> None:
    answers = []
    for name in LISTENERS:
        with connect(scene.envoy.port(name)) as client:
            client.sendall(f"GET /{kind}/{name} HTTP/1.1\r\nhost: shop\r\n\r\n".encode())
            answer = receive(client, b"data: 1\n\n")
            EVENTS[kind].next.set()
            answers.append(steady_text(answer + receive(client, b"0\r\n\r\n")))
    assert answers[0] == answers[1]
    if kind == "sse":
        without_bodies(scene, "/sse/traced", "200")
    else:
        received = scene.trace("/lines/traced").document["scnt_response"]
        assert base64.b64decode(received["body"]) == b"data: 1\n\ndata: 2\n\n"


def test_connect(scene: Scene) -> None:
    answers = []
    for name in LISTENERS:
        with connect(scene.envoy.port(name)) as client:
            client.sendall(b"CONNECT cart.pay:443 HTTP/1.1\r\nhost: cart.pay:443\r\n\r\n")
            answers.append(steady_text(receive(client, b"\r\n\r\n")))
            client.sendall(b"GET /tunnelled/%s HTTP/1.1\r\n\r\n" % name.encode())
            assert receive(client, b"tunnel") == b"from the other end of the tunnel"
    assert answers[0] == answers[1]
    post = scene.backend.wait_for(lambda post: post.document["scnt_request"]["method"] == "CONNECT")
    sent = post.document["scnt_request"]
    assert (sent["host"], sent["path"], sent["body"], sent["truncated_body"]) == ("cart.pay:443", "", "", True)


def get(port: int, message: bytes) -> tuple[Any, ...]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            answer, call = channel.unary_unary("/shop.Cart/Get").with_call(message, timeout=DEADLINE_SECONDS)
            return answer, call.code(), call.trailing_metadata()
        except grpc.RpcError as error:
            return error.details(), error.code(), steady([*error.trailing_metadata()])


def test_grpc(scene: Scene) -> None:
    answers = [get(scene.envoy.port(name), b"private") for name in LISTENERS]
    assert answers[0] == answers[1] == (b"got private", grpc.StatusCode.OK, (("x-sum", "42"),))
    document = without_bodies(scene, "/shop.Cart/Get", "200")
    assert (document["scnt_request"]["method"], document["scnt_request"]["version"]) == ("POST", "HTTP/2")
    assert document["scnt_request"]["truncated_body"] is True
    assert ["content-type", "application/grpc"] in document["scnt_request"]["headers"]
    assert document["scnt_response"]["headers"][-1] == ["grpc-status", "0"]
    assert "x-sum" not in dict(document["scnt_response"]["headers"]), "of trailers only the status is kept"


def test_grpc_that_fails(scene: Scene) -> None:
    answers = [get(scene.envoy.port(name), b"missing") for name in LISTENERS]
    assert answers[0] == answers[1]
    assert answers[1][:2] == ("no such cart", grpc.StatusCode.NOT_FOUND)
    failed = scene.backend.wait_for(lambda post: b'["grpc-status","5"]' in post.body).document
    assert failed["scnt_response"]["status_code"] == "200"


def test_grpc_both_ways_at_once(scene: Scene) -> None:
    for name in LISTENERS:
        turn = threading.Semaphore(0)

        def questions(turn: threading.Semaphore = turn) -> Iterator[bytes]:
            for number in range(3):
                yield b"%d" % number
                assert turn.acquire(timeout=DEADLINE_SECONDS)

        with grpc.insecure_channel(f"127.0.0.1:{scene.envoy.port(name)}") as channel:
            answers = channel.stream_stream("/shop.Cart/Watch")(questions(), timeout=DEADLINE_SECONDS)
            for number in range(3):
                # The next question is asked after this answer only.
                assert next(answers) == b"seen %d" % number
                assert scene.traces("/shop.Cart/Watch") == 0
                turn.release()
            assert next(answers, None) is None
    without_bodies(scene, "/shop.Cart/Watch", "200")


def test_grpc_that_is_given_up(scene: Scene) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{scene.envoy.port('traced')}") as channel:
        held = threading.Event()
        questions = (b"%d" % number for number in range(2) if number == 0 or held.wait(DEADLINE_SECONDS))
        answers = channel.stream_stream("/shop.Cart/Give-Up")(questions, timeout=DEADLINE_SECONDS)
        assert next(answers) == b"seen 0"
        answers.cancel()
        without_bodies(scene, "/shop.Cart/Give-Up", "200")
        held.set()
