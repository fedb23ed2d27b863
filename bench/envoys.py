"""The Envoys of a bench: one per variant, and one that plays the application behind all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import traffic
from bench.variants import Variant
from tests.filter.envoy.bootstrap import Value, bootstrap, cluster, listener, route
from tests.filter.envoy.process import Envoy, running

# The application and the sink read the whole request before they answer: else they would close the
# connection, and the reconnects would count as the filter's cost.
BUFFER = {
    "name": "buffer",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
        "max_request_bytes": 4 << 20,
    },
}


@contextmanager
def application(folder: Path) -> Iterator[int]:
    """The upstream, which answers every request alike; its port."""
    headers = [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in traffic.RESPONSE_HEADERS.items()
    ]
    everything = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": traffic.RESPONSE_BODY}},
        "response_headers_to_add": headers,
    }
    with running(bootstrap([listener("upstream", [BUFFER], routes=[everything])], []), folder, wasm_log="off") as envoy:
        yield envoy.port("upstream")


def proxy(
    variant: Variant, upstream: int, sink: int, sink_names: tuple[str, ...], ports: tuple[int, ...] = (0,)
) -> Value:
    """Bootstrap of an Envoy with the variant's filter in one listener per port, each in a machine of its own."""
    listeners = [
        listener(f"traced{at}", variant.filters(f"trace{at}"), routes=[route("/", "upstream")], port=port)
        for at, port in enumerate(ports)
    ]
    return bootstrap(listeners, [cluster("upstream", upstream), *(cluster(name, sink) for name in sink_names)])


@contextmanager
def proxying(
    variant: Variant, upstream: int, sink: int, sink_names: tuple[str, ...], folder: Path
) -> Iterator[tuple[Envoy, int]]:
    """It runs; with the port to send requests to."""
    # As in a sidecar: what a filter has to say below "warning" is not written.
    with running(proxy(variant, upstream, sink, sink_names), folder, wasm_log="warning") as envoy:
        yield envoy, envoy.port("traced0")
