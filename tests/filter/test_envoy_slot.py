# SPDX-License-Identifier: Apache-2.0
"""The slot: a place in the filter chain that takes a filter, another one, or garbage; no listener notices."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.filter.envoy.bootstrap import (
    Value,
    bootstrap,
    capabilities,
    cluster,
    discover,
    listener,
    slot,
    slot_content,
    wasm_config,
)
from tests.filter.envoy.process import Envoy, request, running
from tests.filter.envoy.servers import BackendHandler, Server, UpstreamHandler, serving


class Slotted:
    """An Envoy with a slot, and what is put into it."""

    def __init__(self, program: Path, wasm: Path, folder: Path) -> None:
        self.program = program
        self.wasm = wasm
        self.folder = folder
        self.discovery = folder / "slot.json"

    def put(self, config: Value) -> None:
        discover(self.discovery, [slot_content(config)])

    def put_filter(self, revision: str, allowed: list[str] | None = None, **more: object) -> None:
        configuration = {"revision": revision, "backend": {"cluster": "backend"}, "heartbeat_seconds": 1} | more
        self.put(wasm_config(self.wasm, configuration, allowed))

    @contextlib.contextmanager
    def envoy(self, upstream: Server, backend_port: int, **runtime: object) -> Iterator[Envoy]:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend_port)]
        config = bootstrap([listener("traced", [slot(self.discovery)])], clusters)
        config["layered_runtime"] = {"layers": [{"name": "test", "static_layer": runtime}]}
        with running(self.program, config, self.folder / "envoy") as envoy:
            yield envoy


@pytest.fixture
def slotted(program: Path, released: Path, tmp_path: Path) -> Slotted:
    return Slotted(program, released, tmp_path)


@contextlib.contextmanager
def both_ends() -> Iterator[tuple[Server, Server]]:
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        yield upstream, backend


def get(envoy: Envoy, path: str) -> int:
    return request(envoy.port("traced"), "GET", path).status


def test_a_filter_arrives_and_is_swapped_while_traffic_flows(slotted: Slotted) -> None:
    slotted.put_filter("0000000001")
    with both_ends() as (upstream, backend), slotted.envoy(upstream, backend.port) as envoy:
        assert get(envoy, "/first") == 200
        # The first request after start is traced.
        assert backend.wait_for(lambda _: True).document["scnt_request"]["path"] == "/first"
        assert envoy.metrics()["revision"] == 1
        second = {"cluster": "backend", "headers": [["x-which", "second"]]}
        slotted.put_filter("0000000002", backend=second)
        envoy.wait_for_metric("revision", lambda value: value == 2)
        envoy.wait_for_metric("heartbeat", lambda value: value > 0)
        # The heartbeat says that a worker runs the new one, and it does.
        assert get(envoy, "/second") == 200
        post = backend.wait_for(lambda received: received.document["scnt_request"]["path"] == "/second")
        assert dict(post.headers)["x-which"] == "second"
        assert "listener_manager.listener_modified: 0" in envoy.admin("/stats?filter=listener_manager")


@pytest.mark.parametrize("content", [None, b"garbage"])
def test_a_missing_or_broken_file_leaves_traffic_alone(slotted: Slotted, tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "broken.wasm"
    if content is not None:
        broken.write_bytes(content)
    config = wasm_config(slotted.wasm, {"backend": {"cluster": "backend"}})
    config["config"]["vm_config"]["code"]["local"]["filename"] = str(broken)
    slotted.put(config)
    with both_ends() as (upstream, backend), slotted.envoy(upstream, backend.port) as envoy:
        assert get(envoy, "/without") == 200
        # A good one heals it.
        slotted.put_filter("0000000003")
        envoy.wait_for_metric("revision", lambda value: value == 3)
        envoy.wait_for_metric("heartbeat", lambda value: value > 0)
        assert get(envoy, "/healed") == 200
        backend.wait_for(lambda received: b"/healed" in received.body)


def test_a_configuration_that_is_nonsense_is_loaded_all_the_same(slotted: Slotted) -> None:
    slotted.put_filter("0000000007", bodies=["?"], unknown=1)
    with both_ends() as (upstream, backend), slotted.envoy(upstream, backend.port) as envoy:
        assert get(envoy, "/nonsense") == 200
        backend.wait_for(lambda received: b"/nonsense" in received.body)
        # Two entries, in the machine that Envoy tries on its main thread, and in the worker's.
        assert envoy.metrics()["configuration_errors"] >= 2
        assert "keep their defaults" in envoy.wasm_log()


def test_an_envoy_that_refuses_what_is_deprecated_goes_on_without_and_takes_it_unrestricted(slotted: Slotted) -> None:
    restriction = "capability_restriction_config"
    refused = {f"envoy.deprecated_features:envoy.extensions.wasm.v3.PluginConfig.{restriction}": False}
    slotted.put_filter("0000000004")
    with both_ends() as (upstream, backend), slotted.envoy(upstream, backend.port, **refused) as envoy:
        assert get(envoy, "/restricted") == 200
        # Envoys before 1.40 know of no deprecation, and take it.
        log = envoy.log.read_text()
        assert ("revision" not in envoy.metrics()) == (restriction in log), log
        config = wasm_config(slotted.wasm, {"revision": "0000000005", "backend": {"cluster": "backend"}})
        del config["config"][restriction]
        slotted.put(config)
        envoy.wait_for_metric("revision", lambda value: value == 5)
        assert get(envoy, "/unrestricted") == 200
        backend.wait_for(lambda received: b"/unrestricted" in received.body)


def test_the_restriction_of_capabilities_is_in_force(slotted: Slotted) -> None:
    allowed = [name for name in capabilities(slotted.wasm) if name != "proxy_http_call"]
    slotted.put_filter("0000000008", allowed=allowed)
    with both_ends() as (upstream, backend), slotted.envoy(upstream, backend.port) as envoy:
        assert get(envoy, "/forbidden") == 200
        envoy.wait_for_metric("failed", lambda value: value == 1)
        assert backend.received == []
