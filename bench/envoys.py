# SPDX-License-Identifier: Apache-2.0
"""The Envoys of a bench: one per variant, and one that plays the application behind all of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import traffic
from bench.variants import Variant
from testbed import binaries
from tests.filter.envoy.bootstrap import Value, bootstrap, cluster, listener, route
from tests.filter.envoy.process import Envoy, running

BODY_BYTES_MAX = 4 << 20
# The application and the sink read the whole request before they answer: else they would close the
# connection, and the reconnects would count as the filter's cost.
BUFFER = {
    "name": "buffer",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
        "max_request_bytes": BODY_BYTES_MAX,
    },
}


@contextmanager
def application(folder: Path, bodies: Mapping[str, str]) -> Iterator[int]:
    """The upstream: answers with the body of the first prefix that the path has; its port."""
    upstream = listener("upstream", [BUFFER], routes=[_answer(prefix, body) for prefix, body in bodies.items()])
    manager = upstream["filter_chains"][0]["filters"][0]["typed_config"]
    manager["route_config"]["max_direct_response_body_size_bytes"] = BODY_BYTES_MAX
    with running(binaries.envoy(), bootstrap([upstream], []), folder, wasm_log="off") as envoy:
        yield envoy.port("upstream")


def _answer(prefix: str, body: str) -> Value:
    headers = [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in traffic.RESPONSE_HEADERS.items()
    ]
    direct: Value = {"status": 200}
    if body:
        direct["body"] = {"inline_string": body}
    return {"match": {"prefix": prefix}, "direct_response": direct, "response_headers_to_add": headers}


def proxy(
    variant: Variant, upstream: int, sink: int, sink_names: tuple[str, ...], ports: tuple[int, ...] = (0,)
) -> Value:
    """Bootstrap of an Envoy with the variant's filter in one listener per port, each in a machine of its own."""
    listeners = [
        listener(f"traced{at}", variant.filters(f"trace{at}"), routes=[route("/", traffic.CLUSTER)], port=port)
        for at, port in enumerate(ports)
    ]
    return bootstrap(listeners, [cluster(traffic.CLUSTER, upstream), *(cluster(name, sink) for name in sink_names)])


@contextmanager
def proxying(
    variant: Variant, upstream: int, sink: int, sink_names: tuple[str, ...], folder: Path
) -> Iterator[tuple[Envoy, int]]:
    """It runs; with the port to send requests to."""
    # As in a sidecar: what a filter has to say below "warning" is not written.
    config = proxy(variant, upstream, sink, sink_names)
    with running(binaries.envoy(), config, folder, wasm_log="warning") as envoy:
        yield envoy, envoy.port("traced0")
