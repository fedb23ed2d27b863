# SPDX-License-Identifier: Apache-2.0
"""Sidecars' pages of statistics for pods that have no process.

KWOK's addresses are made local ones of the mesh's network namespace, where one server answers for all of them as a
sidecar does in which the filter runs: the revision that it is started with, and a heartbeat that ticks every five
seconds, for each address at another moment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from testbed import mesh
from testbed.network import KWOK_NETWORK
from testbed.paths import CHECKOUT, Layout

PORT = 15090
HEARTBEAT_SECONDS = 5.0
ROUTE = ("local", KWOK_NETWORK, "dev", "lo")


def page(revision: str, address: str, now: float) -> str:
    """Metrics as Envoy writes them, with `filter=^(wasmcustom|listener_manager)`."""
    phase = zlib.crc32(address.encode()) % 1000 / 1000
    gauges = {
        "wasmcustom_trace_revision": int(revision, 16),
        "wasmcustom_trace_heartbeat": 2 * int(now / HEARTBEAT_SECONDS + phase),
        "envoy_listener_manager_lds_update_rejected": 0,
        "envoy_listener_manager_total_filter_chains_draining": 0,
    }
    return "".join(f"# TYPE {name} gauge\n{name}{{}} {value}\n" for name, value in gauges.items())


@contextmanager
def answering(layout: Layout, revision: str) -> Iterator[None]:
    """While KWOK pods run a revision."""
    leader = mesh.leader(layout)
    if leader is None:
        raise RuntimeError("the mesh is not running")
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    inside = ["nsenter", "--target", str(leader), "--net", *user, "--"]
    subprocess.run([*inside, "ip", "route", "add", *ROUTE], check=True)
    try:
        command = [*inside, sys.executable, "-m", "bench.fleet.responder", revision]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":
                    raise RuntimeError("the responder for KWOK pods did not start")
                yield
            finally:
                process.terminate()
    finally:
        subprocess.run([*inside, "ip", "route", "del", *ROUTE], check=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _serve(revision: str) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = page(revision, self.connection.getsockname()[0], time.monotonic()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Thousands of lines help nobody."""

    server = _Server(("0.0.0.0", PORT), Handler)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(sys.argv[1])
