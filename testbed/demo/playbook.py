# SPDX-License-Identifier: Apache-2.0
"""Runs a playbook as a user would type it, its output straight to the user."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..paths import CHECKOUT
from .errors import DemoError
from .place import Place, near
from .screen import BOLD, Screen

NAMESPACES = ("-e", "namespaces=shop,pay")
ARGUMENTS = (*NAMESPACES, "-e", "wasm_filter_trace_backend_address=collector.traces")
OTHERS = ("K8S_AUTH_", "WASM_FILTER_", "TRACE_SAMPLING_")
"""Whatever a user has set for other clusters is not for this one."""


def deploy(screen: Screen, place: Place, *more: str) -> dict[str, Any]:
    """The result of it."""
    return _run(screen, place, "deploy", "result", *ARGUMENTS, *more)


def status(screen: Screen, place: Place) -> dict[str, Any]:
    """What is there."""
    return _run(screen, place, "status", "status", *NAMESPACES)


def _run(screen: Screen, place: Place, name: str, file: str, *arguments: str) -> dict[str, Any]:
    """What it has written."""
    program = Path(sys.executable).with_name("ansible-playbook")
    path = place.file(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    screen.line("")
    screen.line(f"  $ export KUBECONFIG={place.kubeconfig}")
    words = [str(near(program)), f"playbooks/{name}.yml", *arguments, "-e", f"wasm_filter_{file}_file={near(path)}"]
    for text in command_lines(words):
        screen.line(f"  {text}", BOLD)
    screen.line("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    environment["KUBECONFIG"] = str(place.kubeconfig)
    if not screen.terminal:
        environment["PYTHONUNBUFFERED"] = "1"
    done = subprocess.run([str(program), *words[1:]], cwd=CHECKOUT, env=environment, check=False)
    if done.returncode:
        raise DemoError(f"The playbook ended with exit status {done.returncode}; what failed stands above.")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def command_lines(words: list[str], width: int = 96) -> list[str]:
    """A command that can be pasted, each option on the same line as its value."""
    lines, current = [], f"$ {words[0]}"
    parts = [" ".join(map(shlex.quote, words[at : at + 2])) for at in range(2, len(words), 2)]
    for part in [shlex.quote(words[1]), *parts]:
        if len(current) + len(part) + 3 > width:
            lines.append(f"{current} \\")
            current = "     "
        current += f" {part}"
    return [*lines, current]


def look_around(place: Place) -> list[str]:
    """What a user can type next."""
    commands = {
        f"export KUBECONFIG={place.kubeconfig}": "",
        f"{place.kubectl} get pods,envoyfilters,configmaps -n shop": "",
        ".venv/bin/ansible-playbook playbooks/remove.yml -e namespaces=shop,pay": "takes the filter out",
        place.down: "ends everything",
    }
    return [f"{command:72}  {what and '# ' + what}".rstrip() for command, what in commands.items()]
