# SPDX-License-Identifier: Apache-2.0
"""The first process of a pod, in the pod's own network, mount, pid and host name namespaces. It is told by JSON lines
on its standard input what to start and to signal, and tells on its standard output what ended. When its input ends
(the agent is gone) it ends too, and the kernel ends the rest of the pod with it.

    in:   {"network": {"hostname", "commands"}}   {"start": {...}}   {"signal": {"name", "number"}}
    out:  {"ready": true}   {"exited": {"name", "status"}}
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from . import root

CANNOT_START = 128


class Init:
    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def serve(self) -> None:
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        pending = b""
        while True:
            for key, _ in selector.select():
                if key.fd == wake_read:
                    os.read(wake_read, 512)
                    self._reap()
                    continue
                data = os.read(0, 1 << 20)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _obey(self, order: dict[str, Any]) -> None:
        if "network" in order:
            _configure_network(**order["network"])
            _tell({"ready": True})
        elif "start" in order:
            self._start(order["start"])
        elif "signal" in order:
            self._signal(**order["signal"])

    def _start(self, order: dict[str, Any]) -> None:
        pid = os.fork()
        if pid == 0:
            _become(order)
        self._names[pid] = order["name"]

    def _signal(self, name: str, number: int) -> None:
        for pid, known in list(self._names.items()):
            if known == name:
                # The whole session: a shell's children are part of its container.
                for send in (os.kill, os.killpg):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        send(pid, number)
                        break

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self._names.pop(pid, None)
            if name is not None:
                # What a container leaves of its session must not outlive it.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                _tell({"exited": {"name": name, "status": os.waitstatus_to_exitcode(status)}})


def _configure_network(hostname: str, commands: str) -> None:
    socket.sethostname(hostname)
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True)
    # As container runtimes do: an application need not be root to listen on port 80.
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")


def _become(order: dict[str, Any]) -> None:
    """Never returns: the forked child turns into the container's process."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        root.enter([(source, target) for source, target in order["mounts"]], order["kept"])
        os.setgroups(order["groups"])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
        os.chdir(order["folder"])
        os.umask(0o022)
        os.execvpe(order["command"][0], order["command"], order["environment"])
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(CANNOT_START)


def _tell(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    Init().serve()
