# SPDX-License-Identifier: Apache-2.0
"""Any events in any order with any bytes: never a trap, never anything but "continue", always valid documents.

The machine raises on a trap and on a pointer outside of memory. The model below keeps what the filter was given
and compares it with what it sent.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.filter.fuzz.documents import text_of
from tests.filter.host.machine import (
    BAD_ARGUMENT,
    CALL_RESPONSE_BODY,
    INTERNAL_FAILURE,
    NOT_FOUND,
    REQUEST_BODY,
    REQUEST_HEADERS,
    RESPONSE_BODY,
    RESPONSE_HEADERS,
)
from tests.filter.host.proxy import PROPERTIES, Exchange, Proxy
from tests.filter.host.wire import Pair, encode_pairs

SECRET = b"do-not-tell"
LIMIT = 3000

common = st.sampled_from([b":path", b":method", b":authority", b":status", b"host", b"x-request-id", b"", b"x"])
secret_header = st.tuples(st.sampled_from([b"authorization", b"set-cookie", b"x-api-key"]), st.just(SECRET))
secret_query = st.tuples(st.sampled_from([b":path", b"location"]), st.just(b"/?a=1&token=" + SECRET + b"&b"))
plain_header = st.tuples(common | st.binary(max_size=20), st.binary(max_size=200))
header_lists = st.lists(plain_header | secret_header | secret_query, max_size=12)
long_chunks = st.integers(0, 5000).map(lambda size: bytes(range(256)) * 20 + b"z" * size)
chunks = st.lists(st.binary(max_size=50) | long_chunks, max_size=6)
quick = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cut(bodies: list[bytes]) -> tuple[bytes, bool]:
    whole = b"".join(bodies)
    return whole[:LIMIT], len(whole) > LIMIT


def visible(pairs: list[Pair]) -> list[list[str]]:
    hidden = (b"authorization", b"set-cookie", b"x-api-key")
    result = []
    for name, value in pairs:
        if name.startswith(b":") or name == b"host":
            continue
        shown = b"[redacted]" if name.lower() in hidden else value.replace(b"token=" + SECRET, b"token=[redacted]")
        result.append([text_of(name), text_of(shown)])
    return result


@quick
@given(header_lists, chunks, header_lists, chunks)
def test_whole_exchanges(wasm: Path, request: Any, sent: Any, response: Any, received: Any) -> None:
    proxy = Proxy(
        wasm,
        {"request_body_bytes_max": LIMIT, "response_body_bytes_max": LIMIT, "redact_body_fields": ["-*"]},
    )
    document = proxy.trace(Exchange(request=request, request_body=sent, response=response, response_body=received))
    for side, bodies in (("scnt_request", sent), ("scnt_response", received)):
        body, truncated = cut(bodies)
        assert base64.b64decode(document[side]["body"], validate=True) == body
        assert document[side]["truncated_body"] is truncated
    headers = [pair for pair in document["scnt_request"]["headers"] if pair[0] != "host"]
    assert headers == visible(request)
    assert [pair for pair in document["scnt_response"]["headers"] if pair[0] != "host"] == visible(response)
    assert SECRET not in proxy.machine.calls[0].body
    status = document["scnt_response"]["status_code"]
    assert status == "0" or (len(status) == 3 and status.isdigit())


CONFIGURATIONS: list[dict[str, Any]] = [
    {"context": "gateway"},
    {"format": "otlp", "bodies": "on", "batch": {"count": 2}},
    {"format": "ndjson", "batch": {"bytes": 100}, "exclude": {"statuses": ["2xx"]}},
    {"format": "apiclarity", "sample_rate": 0.5, "hosts_from": {"cluster": "sampling", "seconds": 1}},
]
contexts = st.integers(0, 6)
raw_maps = st.binary(max_size=60) | header_lists.map(lambda pairs: encode_pairs(pairs)[:-3])
events = st.one_of(
    st.tuples(st.just("proxy_on_context_create"), contexts, st.sampled_from([0, 1, 1, 1, 2])),
    st.tuples(st.just("proxy_on_configure"), st.sampled_from([1, 2]), st.binary(max_size=40)),
    st.tuples(st.just("proxy_on_tick"), contexts),
    st.tuples(st.just("proxy_on_request_headers"), contexts, header_lists | raw_maps),
    st.tuples(st.just("proxy_on_response_headers"), contexts, header_lists | raw_maps),
    st.tuples(st.sampled_from(["proxy_on_request_body", "proxy_on_response_body"]), contexts, st.binary(max_size=300)),
    st.tuples(st.just("proxy_on_done"), contexts),
    st.tuples(st.just("proxy_on_http_call_response"), st.integers(0, 2), st.integers(0, 9), st.integers(0, 2)),
    st.tuples(st.just("refuse"), st.sampled_from([NOT_FOUND, BAD_ARGUMENT, INTERNAL_FAILURE]), st.integers(0, 40)),
)


def play(proxy: Proxy, event: tuple[Any, ...]) -> None:
    machine, (name, *rest) = proxy.machine, event
    if name == "refuse":
        countdown = [rest[1]]

        def refuse(_: str) -> int | None:
            countdown[0] -= 1
            return rest[0] if countdown[0] == 0 else None

        machine.refuse = refuse
    elif name.endswith("_headers"):
        machine.offer.headers = {REQUEST_HEADERS: rest[1], RESPONSE_HEADERS: rest[1]}
        assert machine.call(name, rest[0], 1, 0) == 0
    elif name.endswith("_body"):
        machine.offer.buffers = {REQUEST_BODY: rest[1], RESPONSE_BODY: rest[1]}
        # What the host announces and what it then gives need not agree.
        assert machine.call(name, rest[0], len(rest[1]) + rest[0] % 2, 0) == 0
    elif name == "proxy_on_configure":
        proxy.configure(
            rest[0], rest[1] if len(rest[1]) % 3 else CONFIGURATIONS[len(rest[1]) // 3 % len(CONFIGURATIONS)]
        )
    elif name == "proxy_on_http_call_response":
        machine.offer.buffers = {CALL_RESPONSE_BODY: b'{"hosts": ["*"]}'}
        machine.now_ns += rest[2] * 10**9
        machine.call(name, *rest, len(b'{"hosts": ["*"]}'), 0)
    else:
        machine.call(name, *rest)


@settings(quick, max_examples=250)
@given(st.lists(events, max_size=60))
def test_any_order_of_events(wasm: Path, sequence: list[tuple[Any, ...]]) -> None:
    proxy = Proxy(wasm)
    proxy.machine.offer.properties = dict(PROPERTIES)
    for event in sequence:
        play(proxy, event)
    for call in proxy.machine.calls:
        for document in (
            call.body.splitlines() if b"ndjson" in dict(call.headers).get(b"content-type", b"") else [call.body]
        ):
            assert document == b"" or json.loads(document.decode())
        assert SECRET not in call.body
    assert not any(SECRET in line for line in proxy.machine.logs)
    # Whatever came before, a whole exchange is traced afterwards.
    proxy.machine.refuse = lambda _: None
    proxy.configure(proxy.root, {})
    proxy.next_id = 1000
    proxy.trace()


@quick
@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(list(PROPERTIES)), st.binary(max_size=300)))
def test_a_host_that_talks_nonsense(wasm: Path, wire: bytes, properties: dict[bytes, bytes]) -> None:
    proxy = Proxy(wasm)
    properties.pop(b"xds\0cluster_name", None)
    exchange = Exchange(properties=properties, response=None)
    stream = proxy.start(exchange)
    proxy.machine.offer.headers = {RESPONSE_HEADERS: wire}
    proxy.machine.call("proxy_on_response_headers", stream, 1, 0)
    proxy.finish(stream)
    json.loads(proxy.machine.calls[0].body.decode())


@pytest.mark.parametrize("address", [0, 1, 8, 0x7FFF_FFFF, 0xFFFF_FFF0])
def test_an_address_that_is_not_ours_is_not_believed(wasm: Path, address: int, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy(wasm)

    def lie(data: bytes, address_at: int, size_at: int) -> int:
        proxy.machine._write(address_at, address.to_bytes(4, "little"))
        proxy.machine._write(size_at, (0xFFFF_FFFF).to_bytes(4, "little"))
        return 0

    monkeypatch.setattr(proxy.machine, "_return", lie)
    proxy.run(Exchange(request_body=[b"abc"]))
    json.loads(proxy.machine.calls[0].body.decode())
