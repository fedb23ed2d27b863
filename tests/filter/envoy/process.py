# SPDX-License-Identifier: Apache-2.0
"""A real Envoy on loopback, on ports that the kernel chooses."""

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.filter.envoy.bootstrap import Value
from tests.filter.envoy.servers import DEADLINE_SECONDS

ADMIN, LOG = "admin", "envoy.log"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def request(
    port: int, method: str, path: str, body: object = None, address: str = "127.0.0.1", **headers: str
) -> Answer:
    """One request on a connection of its own. A body that is an iterable is sent in chunks."""
    connection = http.client.HTTPConnection(address, port, timeout=DEADLINE_SECONDS)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=names)  # type: ignore[arg-type]
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def poll(question: Callable[[], bool], what: str, details: Callable[[], str] = lambda: "") -> None:
    """Asks until the answer is yes; there is a deadline, and no wait that is longer than needed."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not question():
        assert time.monotonic() < end, f"waited {DEADLINE_SECONDS} s for {what} {details()}"
        time.sleep(0.02)


@dataclass
class Envoy:
    admin_port: int
    log: Path
    pid: int

    def admin(self, path: str) -> str:
        return request(self.admin_port, "GET", path).body.decode()

    def port(self, listener: str) -> int:
        for status in json.loads(self.admin("/listeners?format=json"))["listener_statuses"]:
            if status["name"] == listener:
                return int(status["local_address"]["socket_address"]["port_value"])
        raise AssertionError(f"no listener {listener}: {self.log.read_text()[-2000:]}")

    def metrics(self, name: str = "trace") -> dict[str, int]:
        """The metrics of the filter of this name, as the Prometheus page shows them."""
        lines = re.findall(rf"^wasmcustom_{name}_(\w+)\{{[^}}]*\}} (\d+)$", self.admin("/stats/prometheus"), re.M)
        return {metric: int(value) for metric, value in lines}

    def wait_for_metric(self, metric: str, wanted: Callable[[int], bool], name: str = "trace") -> None:
        poll(lambda: wanted(self.metrics(name).get(metric, -1)), f"{name}_{metric}", lambda: str(self.metrics(name)))

    def wasm_log(self) -> str:
        return "\n".join(line for line in self.log.read_text().splitlines() if "wasm log" in line)


@contextmanager
def running(
    program: Path, bootstrap: Value, folder: Path, *options: str, concurrency: int = 1, wasm_log: str = "trace"
) -> Iterator[Envoy]:
    """An Envoy that is ready."""
    with started(program, bootstrap, folder, *options, concurrency=concurrency, wasm_log=wasm_log) as process:
        log = folder / LOG
        yield _ready(process, folder / ADMIN, log)
        assert process.poll() is None, f"Envoy ended by itself: {log.read_text()[-2000:]}"


@contextmanager
def started(
    program: Path, bootstrap: Value, folder: Path, *options: str, concurrency: int = 1, wasm_log: str = "trace"
) -> "Iterator[subprocess.Popen[bytes]]":
    """An Envoy that may not be ready yet."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "envoy.json"
    config.write_text(json.dumps(bootstrap))
    command = [str(program), "-c", str(config), "--admin-address-path", str(folder / ADMIN)]
    command += ["--concurrency", str(concurrency), "--disable-hot-restart", *options]
    command += ["--log-level", "warning", "--component-log-level", f"wasm:{wasm_log}"]
    with (folder / LOG).open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: "subprocess.Popen[bytes]", address: Path, log: Path) -> Envoy:
    def asked() -> bool:
        assert process.poll() is None, f"Envoy exited with {process.returncode}: {log.read_text()[-3000:]}"
        if not address.exists() or ":" not in address.read_text():
            return False
        try:
            return "LIVE" in Envoy(_port(address), log, process.pid).admin("/ready")
        except OSError:
            return False

    poll(asked, "Envoy to be ready:", lambda: log.read_text()[-2000:])
    return Envoy(_port(address), log, process.pid)


def _port(address: Path) -> int:
    return int(address.read_text().rpartition(":")[2])
