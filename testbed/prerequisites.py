# SPDX-License-Identifier: Apache-2.0
"""What the machine must have for real pods, and how to run a process in namespaces of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from .errors import PrerequisiteError

PACKAGES = {"iptables": "iptables", "ip": "iproute2", "unshare": "util-linux", "mount": "mount"}
WITHOUT = "Or start the parts that need no real pods: python -m testbed up --no-real-pods"
ADMIN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Each line is one ability that a pod needs, tried where it harms nobody: in namespaces that end with the command.
TRIALS = (
    ("mount a tmpfs", "mount -t tmpfs tmpfs /run"),
    ("mount /proc", "mount -t proc proc /proc"),
    ("make a pair of virtual interfaces (kernel module veth)", "ip link add testbed0 type veth peer name testbed1"),
    ("redirect traffic (iptables nat table)", "iptables -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001"),
    ("match by user (iptables owner match)", "iptables -t nat -A OUTPUT -m owner --uid-owner 1337 -j RETURN"),
)


def unshare_command() -> list[str]:
    """The pid namespace's init is the only child; if either of the two dies, all that runs inside does."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-auto", "--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child", "--"]


def ensure(report: Callable[[str], None]) -> None:
    missing = sorted({package for program, package in PACKAGES.items() if not _which(program)})
    if missing:
        _install(missing, report)
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{ADMIN_PATH}"}
    trial = subprocess.run([*unshare_command(), "true"], env=environment, capture_output=True, text=True)
    if trial.returncode:
        raise PrerequisiteError(_namespaces_message(trial.stderr.strip()))
    script = "\n".join(f"{command} || {{ echo {what!r}; exit 1; }}" for what, command in TRIALS)
    trial = subprocess.run([*unshare_command(), "sh", "-c", script], env=environment, capture_output=True, text=True)
    if trial.returncode:
        failed = trial.stdout.strip()
        raise PrerequisiteError(f"Real pods can't run here: failed to {failed}.\n{trial.stderr.strip()}\n{WITHOUT}")


def _which(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{ADMIN_PATH}")


def _install(packages: list[str], report: Callable[[str], None]) -> None:
    command = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0 or not _which("apt-get"):
        raise PrerequisiteError(f"Real pods need {', '.join(packages)}: install with `{command}`.\n{WITHOUT}")
    report(f"installing {', '.join(packages)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *arguments], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise PrerequisiteError(f"`{command}` failed; install it by hand.\n{done.stderr.strip()}\n{WITHOUT}")


def _namespaces_message(stderr: str) -> str:
    if os.geteuid() == 0:
        advice = "In a container it needs CAP_SYS_ADMIN and CAP_NET_ADMIN (docker run --privileged)."
    elif "newuidmap" in stderr or "map" in stderr:
        advice = "An ordinary user needs newuidmap (apt-get install uidmap) and a range in /etc/subuid and /etc/subgid."
    else:
        advice = (
            "Allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0) or run as root."
        )
    return f"Real pods need network, mount and pid namespaces, and making them failed: {stderr}\n{advice}\n{WITHOUT}"
