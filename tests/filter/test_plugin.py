# SPDX-License-Identifier: Apache-2.0
"""The life of a configured filter: revision, heartbeat, several configurations in one machine."""

from pathlib import Path

from tests.filter.host.proxy import Exchange, Proxy

REVISION = "0a1b2c3d4e"


def test_revision_and_heartbeat(wasm: Path) -> None:
    proxy = Proxy(wasm, {"revision": REVISION})
    assert proxy.metric("revision") == 0x0A1B2C3D4E
    assert proxy.metric("heartbeat") == 0
    assert proxy.machine.tick_ms == 5000
    proxy.machine.call("proxy_on_tick", proxy.root)
    assert proxy.metric("heartbeat") == 1_700_000_000


def test_the_heartbeat_of_an_old_configuration_does_not_answer_for_a_new_one(wasm: Path) -> None:
    proxy = Proxy(wasm, {"revision": REVISION})
    proxy.configure(50, {"revision": "ffffffffff", "heartbeat_seconds": 2})
    assert proxy.metric("revision") == 0xFFFFFFFFFF
    proxy.machine.call("proxy_on_tick", proxy.root)
    assert proxy.metric("heartbeat") == 0
    proxy.machine.call("proxy_on_tick", 50)
    assert proxy.metric("heartbeat") == 1_700_000_000
    assert proxy.end(50)
    proxy.machine.call("proxy_on_tick", 50)


def test_a_machine_without_requests_does_not_answer_for_one_that_had_them(wasm: Path) -> None:
    """Envoy's main thread has a machine that ticks and never sees a request; its gauges are the workers' too."""
    worker, main = Proxy(wasm, {"revision": REVISION}), Proxy(wasm, {"revision": REVISION})
    main.machine.metrics = worker.machine.metrics
    main.tick()
    assert worker.metric("heartbeat") == 1_700_000_000
    worker.run()
    worker.tick()
    assert worker.metric("heartbeat") == 1_700_000_001
    # The worker dies: from here on nobody may say that it lives.
    main.machine.now_ns += 100 * 10**9
    main.tick()
    assert worker.metric("heartbeat") == 1_700_000_001
    # A new revision, that no machine has had requests of yet.
    main.configure(50, {"revision": "ffffffffff"})
    main.root = 50
    main.tick()
    assert worker.metric("heartbeat") == 1_700_000_100


def test_a_new_revision_takes_the_heartbeat_away_until_it_runs(wasm: Path) -> None:
    proxy = Proxy(wasm, {"revision": REVISION})
    proxy.machine.call("proxy_on_tick", proxy.root)
    proxy.configure(50, {"revision": REVISION, "name": "same"})
    assert proxy.metric("heartbeat") == 1_700_000_000
    proxy.configure(51, {"revision": "ffffffffff"})
    assert proxy.metric("heartbeat") == 0


def test_each_configuration_serves_its_own_streams(wasm: Path) -> None:
    proxy = Proxy(wasm)
    proxy.configure(50, {"backend": {"cluster": "other"}, "name": "other"})
    proxy.run()
    proxy.root = 50
    proxy.run()
    assert [call.cluster for call in proxy.machine.calls] == [b"outbound|9000||collector", b"other"]


def test_configurations_are_bounded_and_their_places_return(wasm: Path) -> None:
    proxy = Proxy(wasm)
    for root in range(100, 108):
        proxy.configure(root, {})
    assert proxy.metric("configuration_errors") == 1
    proxy.root = 107
    proxy.run()
    assert (len(proxy.machine.calls), proxy.metric("dropped")) == (0, 1)
    assert proxy.end(100)
    proxy.configure(107, {})
    proxy.trace()


def test_a_stream_outlives_its_configuration(wasm: Path) -> None:
    proxy = Proxy(wasm)
    stream = proxy.start(Exchange())
    assert proxy.end(proxy.root)
    proxy.finish(stream)
    assert proxy.machine.calls == []


def test_nothing_is_called_before_a_request(wasm: Path) -> None:
    proxy = Proxy(wasm)
    proxy.machine.call("proxy_on_tick", proxy.root)
    assert proxy.machine.calls == []
    proxy.trace()  # the first request after start is traced


def test_without_a_backend_nothing_is_traced_and_it_is_said_once(wasm: Path) -> None:
    proxy = Proxy(wasm, b"{}")
    proxy.run()
    assert (proxy.machine.calls, proxy.metric("dropped"), proxy.metric("configuration_errors")) == ([], 1, 1)
    assert sum(b"nothing is traced" in line for line in proxy.machine.logs) == 1


def test_machines_that_serve_add_up(wasm: Path) -> None:
    """The counter's rate is how many there are: all workers share it."""
    workers = [Proxy(wasm, {"revision": REVISION}) for _ in range(4)]
    for worker in workers[1:]:
        worker.machine.metrics = workers[0].machine.metrics
    main, *serving = workers

    def gained(alive: list[Proxy]) -> int:
        before = main.metric("serving_seconds")
        for worker in workers:
            worker.machine.now_ns += 5 * 10**9
        for worker in alive:
            worker.tick()
        return main.metric("serving_seconds") - before

    assert gained(workers) == 0, "without requests, as Envoy's main thread, nobody counts"
    for worker in serving:
        worker.run()
    assert gained(workers) == 3 * 5
    assert gained([main, *serving[1:]]) == 2 * 5, "one has died"
    serving[0].configure(50, {"revision": "ffffffffff"})
    assert gained([main, *serving[1:]]) == 0, "who drains does not answer for the new one"
