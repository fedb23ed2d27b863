# SPDX-License-Identifier: Apache-2.0
"""A real OpenTelemetry Collector, built once from collector/: OTLP/HTTP comes in on a Unix socket, and what it made of
that goes out as JSON to a port on loopback, batch for batch."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.go_build import GoModule
from testbed.kept import kept
from tests.filter import judges
from tests.filter.envoy.process import poll
from tests.filter.envoy.servers import DEADLINE_SECONDS

SOURCES = Path(__file__).with_name("collector")
COLD_PACKAGES = 850


def binary(report: Callable[[str], None]) -> Path:
    module = GoModule(SOURCES, "-s -w", COLD_PACKAGES, report)

    def make(folder: Path) -> None:
        report("building the OpenTelemetry Collector from source, once: 1 to 2 minutes on 2 cores")
        module.build(folder, ".")

    return kept("collector", module.key(), make) / "collector"


def configuration(receiver: dict[str, Any], sink: str) -> dict[str, Any]:
    """Without a queue, so that a batch that comes in goes out as one, and the answer says how that went."""
    exporter = {
        "endpoint": sink,
        "encoding": "json",
        "compression": "none",
        "sending_queue": {"enabled": False},
        "retry_on_failure": {"enabled": False},
    }
    # Written at the end too, which is what the tests read.
    own_metrics = {"periodic": {"interval": 60_000, "exporter": {"console": {}}}}
    return {
        "receivers": {"otlp": {"protocols": {"http": receiver}}},
        "exporters": {"otlp_http": exporter},
        "service": {
            "pipelines": {"logs": {"receivers": ["otlp"], "exporters": ["otlp_http"]}},
            "telemetry": {"logs": {"encoding": "json"}, "metrics": {"readers": [own_metrics]}},
        },
    }


def read(post: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the Collector wrote: the resource, and the records. It adds an empty body to each, and is else held to what
    the filter is held to."""
    request = judges.strict_json(post)
    for resource in request["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            assert scope["scope"] == {"name": "openclarity.wasm_filters"}
            assert all(record.pop("body") == {} for record in scope["logRecords"])
    return judges.otlp(json.dumps(request).encode())


@dataclass
class Collector:
    socket: Path
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "stderr").read_text().splitlines()]

    def telemetry(self) -> dict[str, float]:
        """Its own counters of log records, as it last wrote them: the end is the latest."""
        text = (self.folder / "stdout").read_text().strip()
        found: dict[str, float] = {}
        while text:
            page, end = json.JSONDecoder().raw_decode(text)
            for scope in page["ScopeMetrics"]:
                for metric in scope["Metrics"]:
                    if metric["Name"].endswith("_log_records"):
                        found[metric["Name"]] = sum(point["Value"] for point in metric["Data"]["DataPoints"])
            text = text[end:].lstrip()
        return found


@contextmanager
def collecting(program: Path, sink_port: int, folder: Path, *, killed: bool = False) -> Iterator[Collector]:
    """When it is left, the Collector has ended in its own way, unless `killed`: its log and telemetry are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    collector = Collector(folder / "otlp.sock", folder)
    # Who was killed has left it.
    collector.socket.unlink(missing_ok=True)
    receiver = {"transport": "unix", "endpoint": str(collector.socket)}
    config = folder / "collector.json"
    config.write_text(json.dumps(configuration(receiver, f"http://127.0.0.1:{sink_port}")))
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen([program, "--config", config], stdout=stdout, stderr=stderr)

    def listening() -> bool:
        assert process.poll() is None, (folder / "stderr").read_text()[-3000:]
        return collector.socket.is_socket()

    try:
        poll(listening, "the Collector to listen")
        yield collector
    finally:
        (process.kill if killed else process.terminate)()
        try:
            status = process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert killed or status == 0, (folder / "stderr").read_text()[-3000:]


if __name__ == "__main__":
    print(binary(functools.partial(print, flush=True)))
