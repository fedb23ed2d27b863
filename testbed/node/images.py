# SPDX-License-Identifier: Apache-2.0
"""There are no images: the host's file system is the image, and an image's name decides which program runs. This file
knows the programs; `testbed/images/` has those of our own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..binaries import ISTIO_VERSION, Binaries, envoy
from ..paths import PACKAGE
from .environment import PATH

OWN = "testbed/"
STAND_IN = "app"
FOLDER = PACKAGE / "images"
INNER_FOLDER = "/opt/testbed/images"
INNER_PYTHON = "/opt/testbed/python"


@dataclass(frozen=True)
class Image:
    entrypoint: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    mounts: list[tuple[str, str]] = field(default_factory=list)
    """(source, target): programs under the paths that the real image has them at, readable for any user id."""


def image(name: str, binaries: Binaries) -> Image:
    if _short(name).startswith("proxyv2"):
        return _proxy(binaries)
    if _short(name).startswith("python:"):
        return _python_image()
    return _own(name.partition(":")[0])


def command(container: dict[str, Any], found: Image) -> list[str]:
    """As a runtime does: `command` replaces the image's entry point, and then its arguments as well."""
    return [*(container.get("command") or found.entrypoint), *(container.get("args") or [])]


def own_images() -> list[str]:
    return sorted(path.stem.replace("_", "-") for path in FOLDER.glob("[a-z]*.py"))


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _own(name: str) -> Image:
    wanted = name.removeprefix(OWN) if name.startswith(OWN) else STAND_IN
    script = wanted if wanted in own_images() else STAND_IN
    python, mounts, environment = _python()
    entrypoint = [python, "-I", f"{INNER_FOLDER}/{script.replace('-', '_')}.py"]
    return Image(entrypoint, environment, [*mounts, (str(FOLDER), INNER_FOLDER)])


def _python_image() -> Image:
    """What the official image has: python3 on the path."""
    python, mounts, environment = _python()
    return Image([], {**environment, "PATH": f"{Path(python).parent}:{PATH}"}, mounts)


def _python() -> tuple[str, list[tuple[str, str]], dict[str, str]]:
    """The interpreter below the venv, brought to where any user may enter: it may well lie in root's home."""
    prefix = Path(sys.base_prefix)
    program = Path(os.path.realpath(sys.executable))
    if prefix == Path("/usr") or not program.is_relative_to(prefix):
        return str(program), [], {}
    inner = f"{INNER_PYTHON}/{program.relative_to(prefix)}"
    return inner, [(str(prefix), INNER_PYTHON)], {"LD_LIBRARY_PATH": f"{INNER_PYTHON}/lib"}


def _proxy(binaries: Binaries) -> Image:
    return Image(
        entrypoint=["/usr/local/bin/pilot-agent"],
        environment={"ISTIO_META_ISTIO_VERSION": ISTIO_VERSION},
        mounts=[
            (str(binaries.pilot_agent), "/usr/local/bin/pilot-agent"),
            (str(envoy()), "/usr/local/bin/envoy"),
            (str(binaries.envoy_bootstrap), "/var/lib/istio/envoy/envoy_bootstrap_tmpl.json"),
        ],
    )
