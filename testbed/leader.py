# SPDX-License-Identifier: Apache-2.0
"""The process that starts the components and is their parent. With real pods it is the init of its own pid namespace:
when it ends, however it ends, the kernel ends everything else and takes the network and mounts away."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from . import bootstrap, certificates, kubeconfig, network, process
from .binaries import Binaries
from .component import Component, Setting
from .components.apiserver import apiserver, inner_url
from .components.controller_manager import controller_manager
from .components.etcd import etcd
from .components.istiod import istiod
from .components.kube_proxy import kube_proxy
from .components.kwok import kwok
from .components.node_agent import node_agent
from .components.relay import relay
from .components.scheduler import scheduler
from .errors import TestbedError
from .kubernetes_api import Api
from .mesh import START_AGAIN
from .paths import Layout
from .ports import Ports, free_ports
from .prerequisites import ADMIN_PATH
from .progress import Reporter

PRIVATE_FOLDER = Path("/run/testbed")
SERVER_NAMES = (
    "localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
    f"kubernetes.default.svc.{network.CLUSTER_DOMAIN}", network.KUBERNETES_SERVICE_IP, network.NODE_IP,
)  # fmt: skip


class Leader:
    def __init__(self, setting: Setting, reporter: Reporter, listener_fd: int | None) -> None:
        self.setting = setting
        self.reporter = reporter
        self.listener_fd = listener_fd
        self.running: list[process.Running] = []

    def bring_up(self) -> None:
        setting = self.setting
        self._start_and_wait(etcd(setting))
        self._start_and_wait(apiserver(setting))
        if self.listener_fd is not None:
            self._start(relay(setting, self.listener_fd))
        followers = [self._start(describe(setting)) for describe in (controller_manager, scheduler, kwok)]
        api = Api(setting.layout.inner_kubeconfig)
        bootstrap.nodes(api, setting.real_pods, setting.ports.kubelet)
        bootstrap.istio(api, setting)
        followers.append(self._start(istiod(setting)))
        if setting.real_pods:
            followers.append(self._start(kube_proxy(setting)))
            followers.append(self._start(node_agent(setting)))
        for follower in followers:
            self._wait(follower)
        bootstrap.wait_for_injection(api)
        self.reporter.step("the injection webhook answers")

    def tear_down(self) -> None:
        while self.running:
            process.stop(self.running.pop())

    def save_state(self) -> None:
        state = {
            "real_pods": self.setting.real_pods,
            "components": {running.component.name: running.pid for running in self.running},
        }
        self.setting.layout.state.write_text(json.dumps(state))

    def supervise(self) -> None:
        """Returns never: reaps what the mesh leaves, as an init must, and notes which component ended."""
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                signal.pause()
                continue
            ended = next((r for r in self.running if info and r.pid == info.si_pid), None)
            if ended is not None:
                print(f"{ended.component.name} ended with status {ended.process.wait()}", flush=True)
            elif info is not None:
                # `start_again` may have been quicker.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(info.si_pid, 0)

    def start_again(self, *_: object) -> None:
        """What has ended, as a kubelet does with the pods of a control plane; a handler of signals."""
        for place, running in enumerate(self.running):
            if running.process.poll() is not None:
                self.running[place] = self._launched(running.component)
        self.save_state()

    def _start(self, component: Component) -> process.Running:
        running = self._launched(component)
        self.running.append(running)
        self.save_state()
        return running

    def _launched(self, component: Component) -> process.Running:
        environment = {"PATH": ADMIN_PATH, "HOME": str(self.setting.data), "LANG": "C.UTF-8"}
        return process.start(component, self.setting.layout.log(component.name), environment)

    def _wait(self, running: process.Running) -> None:
        seconds = process.wait_ready(running)
        self.reporter.step(f"{running.component.name} ready after {seconds:.1f} s")

    def _start_and_wait(self, component: Component) -> None:
        self._wait(self._start(component))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--binaries", type=Path, required=True)
    parser.add_argument("--report-fd", type=int, required=True)
    parser.add_argument("--listener-fd", type=int)
    parser.add_argument("--outer-url")
    arguments = parser.parse_args()
    reporter = Reporter(arguments.report_fd)
    layout = Layout(arguments.root)
    real_pods = arguments.listener_fd is not None
    signal.signal(signal.SIGTERM, _exit_on_signal)
    leader = None
    try:
        _note_leader(layout)
        data = _enter_namespaces() if real_pods else _plain_folder(layout)
        setting = _setting(layout, data, Binaries(arguments.binaries), real_pods, arguments.outer_url)
        leader = Leader(setting, reporter, arguments.listener_fd)
        leader.bring_up()
        signal.signal(START_AGAIN, leader.start_again)
        reporter.done()
        leader.supervise()
    except TestbedError as error:
        reporter.fail(str(error))
        sys.exit(1)
    except Exception:
        reporter.fail(traceback.format_exc())
        sys.exit(1)
    finally:
        if leader:
            leader.tear_down()


def _exit_on_signal(*_: object) -> None:
    # Once is enough: a second signal must not interrupt the tidying up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _note_leader(layout: Layout) -> None:
    """The pid as seen outside: /proc is still the outer one here."""
    layout.leader_pid.write_text(f"{Path('/proc/self').readlink()}\n")


def _enter_namespaces() -> Path:
    """`unshare` made the namespaces; what is visible in them is arranged here."""
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    PRIVATE_FOLDER.mkdir()
    commands = f"link set lo up\naddr add {network.NODE_IP}/32 dev lo\n"
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    # kube-proxy and Istio's redirection open many short connections in one namespace.
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("16000 60999")
    return PRIVATE_FOLDER


def _plain_folder(layout: Layout) -> Path:
    data = layout.root / "data"
    data.mkdir()
    return data


def _setting(layout: Layout, data: Path, binaries: Binaries, real_pods: bool, outer_url: str | None) -> Setting:
    setting = Setting(
        layout=layout,
        data=data,
        ports=Ports() if real_pods else free_ports(),
        certificates=certificates.create(layout.certificates, SERVER_NAMES),
        binaries=binaries,
        token=secrets.token_hex(16),
        address="0.0.0.0" if real_pods else "127.0.0.1",
        real_pods=real_pods,
    )
    authority = setting.certificates.ca
    kubeconfig.write(layout.inner_kubeconfig, inner_url(setting), setting.token, authority)
    kubeconfig.write(layout.kubeconfig, outer_url or inner_url(setting), setting.token, authority)
    return setting


if __name__ == "__main__":
    main()
