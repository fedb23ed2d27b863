"""A real Envoy on loopback, on ports that the kernel chooses."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.filter.envoy.bootstrap import Value
from tests.filter.envoy.servers import DEADLINE_SECONDS

ADMIN, LOG = "admin", "envoy.log"


def envoy_binary() -> str:
    """`WASM_FILTER_ENVOY` names another one, for a look at other versions."""
    return os.environ.get("WASM_FILTER_ENVOY") or str(Path(sys.executable).with_name("envoy"))


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


def poll(question: Callable[[], bool], what: str) -> None:
    """Asks until the answer is yes; there is a deadline, and no wait that is longer than needed."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not question():
        assert time.monotonic() < end, f"waited {DEADLINE_SECONDS} s for {what}"
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

    def metrics(self) -> dict[str, int]:
        """The filter's metrics as the Prometheus page shows them."""
        lines = re.findall(r"^wasmcustom_trace_(\w+)\{[^}]*\} (\d+)$", self.admin("/stats/prometheus"), re.M)
        return {name: int(value) for name, value in lines}

    def wait_for_metric(self, name: str, wanted: Callable[[int], bool]) -> None:
        poll(lambda: wanted(self.metrics().get(name, -1)), f"trace_{name}, which is {self.metrics()}")

    def wasm_log(self) -> str:
        return "\n".join(line for line in self.log.read_text().splitlines() if "wasm log" in line)


@contextmanager
def running(bootstrap: Value, folder: Path, concurrency: int = 1, wasm_log: str = "trace") -> Iterator[Envoy]:
    with started(bootstrap, folder, concurrency, wasm_log) as process:
        log = folder / LOG
        envoy = Envoy(_admin_port(process, folder / ADMIN, log), log, process.pid)
        poll(lambda: "LIVE" in envoy.admin("/ready"), f"Envoy to be ready: {log.read_text()[-2000:]}")
        yield envoy
        assert process.poll() is None, f"Envoy ended by itself: {log.read_text()[-2000:]}"


@contextmanager
def started(
    bootstrap: Value, folder: Path, concurrency: int = 1, wasm_log: str = "trace"
) -> "Iterator[subprocess.Popen[bytes]]":
    """An Envoy that may not be ready yet."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "envoy.json"
    config.write_text(json.dumps(bootstrap))
    command = [envoy_binary(), "-c", str(config), "--admin-address-path", str(folder / ADMIN)]
    command += ["--concurrency", str(concurrency), "--disable-hot-restart"]
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


def _admin_port(process: "subprocess.Popen[bytes]", address: Path, log: Path) -> int:
    def written() -> bool:
        assert process.poll() is None, f"Envoy exited with {process.returncode}: {log.read_text()[-3000:]}"
        return address.exists() and ":" in address.read_text()

    poll(written, "Envoy's admin address")
    return int(address.read_text().rpartition(":")[2])
