# SPDX-License-Identifier: Apache-2.0
"""How a machine or a configuration ends in each Envoy: traffic, documents that wait, and the metrics."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.filter.builds import FILTER, build
from tests.filter.envoy.bootstrap import (
    LISTENER,
    RBAC,
    Value,
    bootstrap,
    cluster,
    discover,
    listener,
    slot,
    slot_content,
    trace_filter,
    watched,
)
from tests.filter.envoy.process import Envoy, poll, request, running
from tests.filter.envoy.scripted import connect, receive
from tests.filter.envoy.servers import BackendHandler, Server, UpstreamHandler, serving

HEARTBEAT = {"heartbeat_seconds": 1}
HEADERS_THAT_TRAP = 50
WAITS: Value = {"format": "ndjson", "batch": {"count": 1000, "milliseconds": 60_000}}
"""Nothing of this is sent before it ends."""


@pytest.fixture(scope="session")
def trapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filter, with a fault: it traps at a request with very many headers."""
    folder = tmp_path_factory.mktemp("trapping")
    shutil.copytree(FILTER, folder / "filter", ignore=shutil.ignore_patterns(".zig-cache", "zig-out"))
    main = folder / "filter" / "src" / "main.zig"
    sound = "export fn proxy_on_request_headers(id: u32, _: u32, _: u32) u32 {\n"
    assert main.read_text().count(sound) == 1
    faulty = sound.replace("id: u32, _: u32", "id: u32, count: u32")
    main.write_text(main.read_text().replace(sound, f"{faulty}    if (count > {HEADERS_THAT_TRAP}) @trap();\n"))
    return build(folder / "filter", folder / "out")


@dataclass
class Ends:
    envoy: Envoy
    upstream: Server
    backend: Server
    folder: Path

    def get(self, path: str, **headers: str) -> int:
        return request(self.envoy.port("traced"), "GET", path, **headers).status

    def put(self, config: Value) -> None:
        discover(self.folder / "slot.json", [slot_content(config)])

    def waiting(self) -> list[str]:
        """The paths of the documents that waited, once they have arrived."""
        lines = [line for post in list(self.backend.received) for line in post.body.splitlines() if b"/waits" in line]
        return [json.loads(line)["scnt_request"]["path"] for line in lines]

    def heartbeats_later(self, count: int) -> None:
        """When another machine beside it has shown this many more heartbeats."""
        before = self.envoy.metrics("witness").get("heartbeat", 0)
        self.envoy.wait_for_metric("heartbeat", lambda value: value >= max(before, 1) + count, name="witness")


def in_slot(wasm: Path, revision: str, **more: Any) -> Value:
    config: Value = trace_filter(wasm, {"revision": revision, "backend": {"cluster": "backend"}} | HEARTBEAT | more)[0]
    content: Value = config["typed_config"]
    return content


@contextmanager
def ends(program: Path, wasm: Path, folder: Path, *more: Value) -> Iterator[Ends]:
    """A listener with a slot, and one whose filter only witnesses that time passes."""
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as backend:
        clusters = [cluster("upstream", upstream.port), cluster("backend", backend.port)]
        witness = trace_filter(wasm, {"name": "witness", "backend": {"cluster": "backend"}} | HEARTBEAT)
        config = bootstrap(
            [listener("traced", [slot(folder / "slot.json")]), listener("witness", witness), *more], clusters
        )
        config["dynamic_resources"] = {"lds_config": watched(folder / "listeners.json")}
        with running(program, config, folder / "envoy", "--drain-time-s", "1") as envoy:
            yield Ends(envoy, upstream, backend, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    discover(tmp_path / "listeners.json", [])
    return tmp_path


def test_a_trap(program: Path, released: Path, trapping: Path, folder: Path) -> None:
    """Who is in the machine at that time is answered 503, by Envoy; then it is loaded anew, as if nothing had been."""
    discover(folder / "slot.json", [slot_content(in_slot(trapping, "0000000007"))])
    with ends(program, released, folder) as scene:
        assert scene.get("/before") == 200
        scene.envoy.wait_for_metric("heartbeat", lambda value: value > 0)
        with connect(scene.envoy.port("traced")) as client:
            client.sendall(b"POST /meanwhile HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n\r\na")
            assert scene.get("/trap", **{f"x_{number}": "" for number in range(HEADERS_THAT_TRAP)}) == 503
            client.sendall(b"b")
            assert receive(client, b"\r\n\r\n").startswith(b"HTTP/1.1 503 ")
        # Envoy's main thread still ticks, and does not answer for the worker.
        assert not is_alive(scene)
        # At once, unless it was loaded a moment ago.
        poll(lambda: scene.get("/again") == 200, "the filter to be loaded again")
        after = scene.envoy.metrics()["heartbeat"]
        assert [scene.get(f"/after-{number}") for number in range(3)] == [200] * 3
        scene.backend.wait_for(lambda post: b"/after-2" in post.body)
        scene.envoy.wait_for_metric("heartbeat", lambda value: value > after)
        assert scene.envoy.metrics()["revision"] == 7
        assert "wasm.trace.vm_reload_success: 1" in scene.envoy.admin("/stats?filter=vm_reload")


def test_removal(program: Path, released: Path, folder: Path) -> None:
    discover(folder / "slot.json", [slot_content(in_slot(released, "0000000008"))])
    with ends(program, released, folder) as scene:
        assert scene.get("/before") == 200
        scene.envoy.wait_for_metric("heartbeat", lambda value: value > 0)
        scene.put({"@type": RBAC})
        # What Envoy still shows of it does not change any more.
        poll(lambda: not is_alive(scene), "the heartbeat to stop")
        assert scene.get("/after") == 200
        assert not [post for post in scene.backend.received if b"/after" in post.body]


def is_alive(scene: Ends) -> bool:
    before = scene.envoy.metrics().get("heartbeat", 0)
    scene.heartbeats_later(2)
    return scene.envoy.metrics().get("heartbeat", 0) > before


def test_what_waits_when_a_new_configuration_comes(program: Path, released: Path, folder: Path) -> None:
    """It comes into the same machine, so that the backend's answer still finds somebody."""
    discover(folder / "slot.json", [slot_content(in_slot(released, "0000000001", **WAITS))])
    with ends(program, released, folder) as scene:
        assert [scene.get(f"/waits-{number}") for number in range(3)] == [200] * 3
        scene.put(in_slot(released, "0000000002", **WAITS))
        poll(lambda: len(scene.waiting()) == 3, "what waited")
        scene.envoy.wait_for_metric("sent", lambda value: value == 3)
        metrics = scene.envoy.metrics()
        assert (metrics["revision"], metrics["dropped"], metrics["failed"]) == (2, 0, 0)
        scene.envoy.wait_for_metric("in_flight", lambda value: value == 0)


def test_what_waits_when_the_listener_drains(program: Path, released: Path, folder: Path) -> None:
    """Once the last stream is over there is no machine to wait for an answer, only a connection to write to."""
    going = trace_filter(released, {"name": "going", "backend": {"cluster": "backend"}} | WAITS)
    leaving = listener("leaving", going)
    discover(folder / "listeners.json", [{"@type": LISTENER} | leaving])
    discover(folder / "slot.json", [slot_content({"@type": RBAC})])
    with ends(program, released, folder) as scene:
        port = scene.envoy.port("leaving")
        for number in range(3):
            assert request(port, "GET", f"/waits-{number}").status == 200
        leave_a_connection_to_the_backend(scene)
        with connect(port) as client:
            client.sendall(b"GET /hang/waits HTTP/1.1\r\nhost: shop\r\n\r\n")
            scene.upstream.wait_for(lambda got: got.path == "/hang/waits")
            discover(folder / "listeners.json", [])
            poll(lambda: "listener_manager.total_listeners_draining: 1" in scene.envoy.admin("/stats"), "draining")
        poll(lambda: len(scene.waiting()) == 4, "what waited")
        assert sorted(scene.waiting()) == ["/hang/waits", "/waits-0", "/waits-1", "/waits-2"]


def test_what_waits_when_envoy_ends(program: Path, released: Path, folder: Path) -> None:
    discover(folder / "slot.json", [slot_content(in_slot(released, "0000000003", **WAITS))])
    with ends(program, released, folder) as scene:
        assert [scene.get(f"/waits-{number}") for number in range(3)] == [200] * 3
        leave_a_connection_to_the_backend(scene)
        assert scene.waiting() == []
    poll(lambda: len(scene.waiting()) == 3, "what waited")


def leave_a_connection_to_the_backend(scene: Ends) -> None:
    """A batch that went out earlier does so; here it is a request. (It is the machine's own backend: not traced.)"""
    assert request(scene.envoy.port("witness"), "POST", "/to-backend", b"{}").status == 200
