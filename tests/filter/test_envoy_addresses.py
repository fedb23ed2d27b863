# SPDX-License-Identifier: Apache-2.0
"""Who called whom, in each Envoy: IPv4, IPv6, Unix domain sockets, HTTP/2, and the contexts of the filter."""

import base64
import http.client
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.filter import judges
from tests.filter.envoy.bootstrap import HTTP2, Value, bootstrap, cluster, listener, route, trace_filter
from tests.filter.envoy.process import Answer, Envoy, request, running
from tests.filter.envoy.scene import CONFIGURATION
from tests.filter.envoy.scripted import Wire, scripted, talk
from tests.filter.envoy.servers import BackendHandler, Received, Server, UpstreamHandler, serving

CONTEXTS = ("outbound", "inbound", "gateway")
ELSEWHERE = "203.0.113.9"


@dataclass
class Places:
    envoy: Envoy
    upstream: Server
    backend: Server
    folder: Path

    def get(self, listener: str, path: str, **headers: str) -> Answer:
        return request(self.envoy.port(listener), "GET", path, **headers)

    def addresses(self, path: str) -> tuple[str, str]:
        """Source, without the port that changes each time, and destination."""
        document = self.trace(path).document
        source, _, port = document["source_address"].rpartition(":")
        return source if port != "0" else document["source_address"], document["destination_address"]

    def trace(self, path: str) -> Received:
        return self.backend.wait_for(lambda post: post.path == "/publish" and f'"{path}"'.encode() in post.body)


def local(wire: Wire) -> None:
    wire.say(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nlocal")


def listeners(wasm: Path, folder: Path) -> list[Value]:
    """`edge` trusts one hop before it, `careful` none; the others, like sidecars, believe what they are told."""
    chains = {context: trace_filter(wasm, CONFIGURATION | {"context": context}) for context in CONTEXTS}
    teapot = {"match": {"prefix": "/teapot"}, "direct_response": {"status": 418}}
    routes = [teapot, route("/local", "local"), route("/", "upstream")]
    strict = trace_filter(wasm, {"backend": {"cluster": "backend"}, "format": "apiclarity"})
    return [
        *(listener(context, chain, routes=[route("/h2/", "http2"), *routes]) for context, chain in chains.items()),
        listener("edge", chains["gateway"], routes=routes, use_remote_address=True, xff_num_trusted_hops=1),
        listener("careful", chains["outbound"], routes=routes, use_remote_address=True),
        listener("six", chains["outbound"], "::1"),
        listener("pipe", chains["outbound"], str(folder / "pipe"), routes=routes),
        listener("strict", strict, str(folder / "strict"), routes=routes),
    ]


@pytest.fixture(scope="module")
def places(program: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    folder = tmp_path_factory.mktemp("addresses")
    with (
        serving(UpstreamHandler) as upstream,
        serving(BackendHandler) as backend,
        scripted({"local": local}, folder / "upstream"),
    ):
        clusters = [
            cluster("upstream", upstream.port),
            cluster("local", address=str(folder / "upstream")),
            # Envoy is its own client here: HTTP/1.1 to the listener before, HTTP/2 to the one behind.
            cluster("http2", address=str(folder / "pipe"), protocol=HTTP2),
            cluster("backend", backend.port),
        ]
        with running(program, bootstrap(listeners(released, folder), clusters), folder / "envoy") as envoy:
            yield Places(envoy, upstream, backend, folder)


@pytest.mark.parametrize("context", CONTEXTS)
def test_source_and_destination(places: Places, context: str) -> None:
    assert places.get(context, f"/{context}").status == 200
    port = places.upstream.port if context == "gateway" else places.envoy.port(context)
    assert places.addresses(f"/{context}") == ("127.0.0.1", f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("gateway", f"{ELSEWHERE}:0"),
        ("edge", f"{ELSEWHERE}:0"),
        ("inbound", f"{ELSEWHERE}:0"),
        ("careful", "127.0.0.1"),
    ],
)
def test_x_forwarded_for_counts_where_envoy_trusts_it(places: Places, name: str, source: str) -> None:
    path = f"/for-{name}"
    assert places.get(name, path, x_forwarded_for=ELSEWHERE).status == 200
    assert places.addresses(path)[0] == source


def test_a_gateway_whose_endpoint_fails_or_is_not_needed(places: Places) -> None:
    assert places.get("gateway", "/reset").status == 503
    assert places.addresses("/reset")[1] == f"127.0.0.1:{places.upstream.port}"
    assert places.get("gateway", "/teapot").status == 418
    assert places.addresses("/teapot")[1] == f"127.0.0.1:{places.envoy.port('gateway')}"


def test_x_forwarded_for_is_the_request_s_and_not_the_connection_s(places: Places) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", places.envoy.port("inbound"))
    told: list[dict[str, str]] = [{}, {"x-forwarded-for": "203.0.113.1"}, {"x-forwarded-for": "203.0.113.2"}, {}]
    for number, headers in enumerate(told):
        connection.request("GET", f"/hop-{number}", headers=headers)
        connection.getresponse().read()
    connection.close()
    sources = [places.addresses(f"/hop-{number}")[0] for number in range(4)]
    assert sources == ["127.0.0.1", "203.0.113.1:0", "203.0.113.2:0", "127.0.0.1"]


def test_connections_keep_their_own_addresses(places: Places) -> None:
    for number in range(3):
        places.get("outbound", f"/own-{number}")
    sources = {places.trace(f"/own-{number}").document["source_address"] for number in range(3)}
    assert len(sources) == 3


def test_ipv6(places: Places) -> None:
    port = places.envoy.port("six")
    assert request(port, "GET", "/six", address="::1").status == 200
    assert places.addresses("/six") == ("[::1]", f"[::1]:{port}")


def test_unix_domain_sockets(places: Places) -> None:
    text = b"GET /local/pipe HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n"
    assert talk(places.folder / "pipe", text).endswith(b"local")
    assert places.trace("/local/pipe").document["destination_address"] == str(places.folder / "pipe")
    # As an endpoint too.
    assert places.get("gateway", "/local/endpoint").body == b"local"
    assert places.addresses("/local/endpoint")[1] == str(places.folder / "upstream")
    # And where the backend wants a host and a port.
    talk(places.folder / "strict", text)
    judges.apiclarity(places.backend.wait_for(lambda post: post.path == "/api/telemetry").body)


def test_http2(places: Places) -> None:
    """Two listeners after each other, the second one by HTTP/2."""
    body = b"x" * 100_000
    assert request(places.envoy.port("outbound"), "POST", "/h2/cart", body).body == b"got " + body
    for place, version in ((f"127.0.0.1:{places.envoy.port('outbound')}", "HTTP/1.1"), ("pipe", "HTTP/2")):
        sent = traced_at(places, place, "/h2/cart").document["scnt_request"]
        assert sent["version"] == version
        assert base64.b64decode(sent["body"]) == body
        assert sent["headers"][0] == ["host", sent["host"]]


def traced_at(places: Places, place: str, path: str) -> Received:
    """What the place whose address ends like this says of the exchange."""

    def wanted(post: Received) -> bool:
        at_the_listener = post.document.get("destination_address", "").endswith(place)
        return at_the_listener and post.document["scnt_request"]["path"] == path

    return places.backend.wait_for(wanted)
