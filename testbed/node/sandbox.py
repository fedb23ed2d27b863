# SPDX-License-Identifier: Apache-2.0
"""The namespaces of one pod, seen from the agent: made, told what to run, taken away."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import network
from ..paths import CHECKOUT

READY_SECONDS = 20.0
UNSHARE = ("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc", "--")


@dataclass(frozen=True)
class Start:
    """All that `sandbox_init` needs to become a container."""

    name: str
    command: list[str]
    environment: dict[str, str]
    mounts: list[tuple[str, str]]
    kept: list[str]
    log: str
    uid: int
    gid: int
    groups: list[int]
    folder: str


class SandboxError(Exception):
    pass


class Sandbox:
    def __init__(self, hostname: str, address: str, log: Path, on_exit: Callable[[str, int], None]) -> None:
        self._on_exit = on_exit
        self._ready = threading.Event()
        self._link = f"veth{address.replace('.', '')[2:]}"[:15]
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*UNSHARE, sys.executable, "-S", "-m", "testbed.node.sandbox_init"],
                env={"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
            )
        try:
            self._connect(hostname, address)
        except BaseException:
            self.close()
            raise

    def start(self, order: Start) -> None:
        self._tell({"start": asdict(order)})

    def signal(self, name: str, number: int) -> None:
        self._tell({"signal": {"name": name, "number": number}})

    def close(self) -> None:
        """Ends every process of the pod; the link goes with the namespace."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True)

    def _connect(self, hostname: str, address: str) -> None:
        threading.Thread(target=self._listen, name=f"sandbox {hostname}", daemon=True).start()
        inside = _first_child(self._process.pid)
        _ip(
            f"link add {self._link} type veth peer name eth0 netns {inside}\n"
            f"link set {self._link} up\n"
            f"route add {address} dev {self._link} src {network.NODE_IP}\n"
        )
        commands = (
            "link set lo up\nlink set eth0 up\n"
            f"addr add {address}/32 dev eth0\n"
            f"route add {network.NODE_IP} dev eth0 scope link\n"
            f"route add default via {network.NODE_IP} src {address}\n"
        )
        self._tell({"network": {"hostname": hostname, "commands": commands}})
        if not self._ready.wait(READY_SECONDS):
            raise SandboxError(f"the sandbox of {hostname} was not ready within {READY_SECONDS:g} s")

    def _tell(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise SandboxError(f"the sandbox is gone: {error}") from error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "ready" in message:
                self._ready.set()
            else:
                self._on_exit(message["exited"]["name"], message["exited"]["status"])


def _first_child(pid: int) -> int:
    """Of `unshare`, once it has forked: the process that is in the new namespaces."""
    own = Path("/proc/self/ns/net").readlink()
    deadline_polls = 2000
    for _ in range(deadline_polls):
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, IndexError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[1]) == pid and (entry / "ns/net").readlink() != own:
                        return int(entry.name)
        threading.Event().wait(0.005)
    raise SandboxError("unshare made no process")


def _ip(commands: str) -> None:
    done = subprocess.run(["ip", "-batch", "-"], input=commands, text=True, capture_output=True)
    if done.returncode:
        raise SandboxError(f"ip: {done.stderr.strip()}")
