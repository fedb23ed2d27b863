# SPDX-License-Identifier: Apache-2.0
"""The list of hosts to trace: asked for again and again, the last good one kept."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import poll, request, running
from tests.filter.envoy.servers import BackendHandler, UpstreamHandler, serving
from tests.filter.host.machine import INTERNAL_FAILURE, Call
from tests.filter.host.proxy import BACKEND, PROPERTIES, REQUEST, Exchange, Proxy

SECOND = 1_000_000_000
FROM = {"hosts_from": {"cluster": "sampling", "authority": "collector:9990", "seconds": 100}}


def polls(proxy: Proxy) -> list[Call]:
    return [call for call in proxy.machine.calls if call.cluster == b"sampling"]


def answered(proxy: Proxy, *hosts: str) -> None:
    proxy.tick()
    proxy.answer(polls(proxy)[-1], body=json.dumps({"hosts": hosts}).encode())


def is_traced(proxy: Proxy, host: str) -> bool:
    before = len(proxy.machine.calls)
    properties = PROPERTIES | {b"xds\0node\0metadata\0NAMESPACE": b"pay"}
    proxy.run(Exchange(request=[(b":authority", host.encode()), *REQUEST[1:]], properties=properties))
    return len(proxy.machine.calls) > before


def test_the_question(wasm: Path) -> None:
    proxy = Proxy(
        wasm, FROM | {"backend": BACKEND | {"headers": [["x-trace-source-token", "t"]]}, "format": "apiclarity"}
    )
    assert proxy.machine.calls == []
    proxy.tick()
    (call,) = polls(proxy)
    assert call.body == b""
    assert dict(call.headers) == {
        b":method": b"GET",
        b":scheme": b"http",
        b":path": b"/api/hostsToTrace",
        b":authority": b"collector:9990",
        b"x-wasm-filter-trace": b"trace",
        b"x-trace-source-token": b"t",
    }


def test_nothing_is_traced_before_the_first_answer_and_then_what_it_says(wasm: Path) -> None:
    proxy = Proxy(wasm, FROM)
    assert not is_traced(proxy, "cart.pay")
    answered(proxy, "cart.pay:80", "shop:8080")
    hosts = ("cart.pay", "cart", "cart.pay.svc.cluster.local", "shop:8080", "shop", "other", "cart.pay:81")
    assert [is_traced(proxy, host) for host in hosts] == [True, True, True, True, False, False, False]
    assert proxy.metric("skipped") == 4
    assert proxy.metric("dropped") == 0


def test_all_and_none(wasm: Path) -> None:
    proxy = Proxy(wasm, FROM)
    answered(proxy, "*")
    assert is_traced(proxy, "any")
    proxy.machine.now_ns += 200 * SECOND
    answered(proxy)
    assert not is_traced(proxy, "any")


def test_asked_again_with_jitter_and_never_twice_at_once(wasm: Path) -> None:
    proxy = Proxy(wasm, FROM)
    proxy.tick()
    proxy.machine.now_ns += 1000 * SECOND
    proxy.tick()
    assert len(polls(proxy)) == 1, "the first one has no answer yet"
    times = []
    for _ in range(2000):
        before = len(polls(proxy))
        proxy.tick()
        if len(polls(proxy)) > before:
            times.append(proxy.machine.now_ns)
        proxy.answer(polls(proxy)[-1], body=b'{"hosts": []}')
        proxy.machine.now_ns += SECOND
    gaps = {(later - earlier) // SECOND for earlier, later in pairwise(times[1:])}
    assert all(75 <= gap <= 126 for gap in gaps)
    assert len(gaps) > 5


BAD = [b"", b"[]", b"{}", b'{"hosts": ["b"]', b'{"hosts": [1]}', b'{"hosts": "b"}', b'{"hosts": ["b"]}' + b" " * 20_000]


@pytest.mark.parametrize("answer", BAD)
def test_the_last_good_list_is_kept(wasm: Path, answer: bytes) -> None:
    proxy = Proxy(wasm, FROM)
    answered(proxy, "a")
    for body, status in ((answer, b"200"), (b'{"hosts": ["b"]}', b"500"), (b"", None)):
        proxy.machine.now_ns += 200 * SECOND
        proxy.tick()
        proxy.answer(polls(proxy)[-1], status, body)
    assert len(polls(proxy)) == 4
    assert proxy.metric("polls_failed") == 3
    assert is_traced(proxy, "a") and not is_traced(proxy, "b")
    assert (proxy.metric("failed"), proxy.metric("sent")) == (0, 0)


def test_a_question_that_cannot_be_asked_is_asked_again_soon(wasm: Path) -> None:
    proxy = Proxy(wasm, FROM)
    assert proxy.machine.tick_ms == 1000
    proxy.machine.refuse = lambda name: INTERNAL_FAILURE if name == "proxy_http_call" else None
    proxy.tick()
    assert proxy.metric("polls_failed") == 1
    proxy.machine.refuse = lambda _: None
    proxy.machine.now_ns += 2 * SECOND
    answered(proxy, "*")
    assert is_traced(proxy, "any")


def test_a_long_list(wasm: Path) -> None:
    proxy = Proxy(wasm, FROM)
    answered(proxy, *[f"host-{number}.pay" for number in range(512)])
    assert is_traced(proxy, "host-511.pay")
    proxy.machine.now_ns += 200 * SECOND
    answered(proxy, *[f"more-{number}" for number in range(513)])
    assert is_traced(proxy, "host-0.pay") and not is_traced(proxy, "more-1")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80) | st.text('{}[]",:\\u0e1 hosts', max_size=60).map(str.encode))
def test_any_answer(wasm: Path, answer: bytes) -> None:
    proxy = Proxy(wasm, FROM)
    proxy.tick()
    proxy.answer(polls(proxy)[-1], body=answer)
    is_traced(proxy, "any")


def test_through_envoy(program: Path, released: Path, tmp_path: Path) -> None:
    configuration = {"backend": {"cluster": "backend"}, "hosts_from": {"cluster": "backend", "seconds": 1}}
    traced = trace_filter(released, configuration)
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        backend.hosts = ["cart.pay:80"]
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        with running(program, bootstrap([listener("traced", traced)], clusters), tmp_path) as envoy:
            port = envoy.port("traced")

            def sent(host: str) -> int:
                request(port, "GET", "/" + host, host=host)
                return sum(post.method == "POST" and host.encode() in post.body for post in list(backend.received))

            poll(lambda: sent("cart.pay") > 0, "a trace of the host on the list")
            assert sent("other.pay") == 0
            backend.hosts = ["other.pay"]
            poll(lambda: sent("other.pay") > 0, "a trace of the host on the next list")
            assert envoy.metrics()["polls_failed"] == 0
