# SPDX-License-Identifier: Apache-2.0
"""A real OpenTelemetry Collector that is restarted while exchanges go on: nothing is lost, and what arrives twice is
counted. Three times here, twenty by `make soak-collector`."""

import os
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from testbed import binaries
from tests.filter import otel_collector
from tests.filter.envoy.bootstrap import bootstrap, cluster, listener, trace_filter
from tests.filter.envoy.process import Envoy, poll, request, running
from tests.filter.envoy.servers import BackendHandler, Server, UpstreamHandler, serving

RESTARTS = int(os.environ.get("COLLECTOR_RESTARTS", "3"))
SECONDS_UP, SECONDS_DOWN = 1.0, 1.0
CONFIGURATION = {
    "format": "otlp",
    "backend": {"cluster": "backend", "timeout_ms": 1000},
    "batch": {"count": 20, "milliseconds": 100},
}


class Load(threading.Thread):
    """Requests, one after the other, each with a path of its own."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.over = threading.Event()
        self.sent: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            path = f"/{len(self.sent)}"
            assert request(self.port, "POST", path, b"abc").status == 200
            self.sent.append(path)
            time.sleep(0.002)


def arrived(sink: Server) -> Counter[str]:
    posts = [otel_collector.read(post.body)[1] for post in list(sink.received)]
    return Counter(str(record["attributes"]["url.path"]) for records in posts for record in records)


def restart(program: Path, sink: Server, folder: Path, envoy: Envoy) -> None:
    """By turns it ends in its own way and is killed."""
    for number in range(RESTARTS):
        before = envoy.metrics()["sent"]
        with otel_collector.collecting(program, sink.port, folder, killed=number % 2 == 0):
            envoy.wait_for_metric("sent", before.__lt__)
            time.sleep(SECONDS_UP)
        time.sleep(SECONDS_DOWN)


def test_nothing_is_lost(released: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, folder = otel_collector.binary(print), tmp_path / "collector"
    backend = cluster("backend", 0)
    (endpoint,) = backend["load_assignment"]["endpoints"][0]["lb_endpoints"]
    endpoint["endpoint"]["address"] = {"pipe": {"path": str(folder / "otlp.sock")}}
    with serving(UpstreamHandler) as upstream, serving(BackendHandler) as sink:
        traced = trace_filter(released, CONFIGURATION)
        config = bootstrap([listener("otlp", traced)], [cluster("upstream", upstream.port), backend])
        with running(binaries.envoy(), config, tmp_path / "envoy") as envoy:
            load = Load(envoy.port("otlp"))
            load.start()
            restart(program, sink, folder, envoy)
            load.over.set()
            load.join()
            with otel_collector.collecting(program, sink.port, folder):
                envoy.wait_for_metric("sent", lambda value: value >= len(load.sent))
                poll(lambda: {*arrived(sink)} >= {*load.sent}, "all traces")
            metrics = envoy.metrics()
    found = arrived(sink)
    twice = sum(found.values()) - len(found)
    with capsys.disabled():
        told = f"{RESTARTS} restarts: {len(load.sent)} exchanges, {metrics['resent']} sent again, {twice} arrived twice"
        print(f"\n{told}")
    assert {*found} == {*load.sent}
    assert (metrics["sent"], metrics["failed"], metrics["dropped"]) == (len(load.sent), 0, 0)
    assert metrics["resent"] > 0, "no call was ever in the way of a restart"
    assert twice <= metrics["resent"]
