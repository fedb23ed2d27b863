# SPDX-License-Identifier: Apache-2.0
"""A venv for each pair, in .cache/matrix; made anew when its lock has changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sysconfig
from pathlib import Path

from testbed.paths import CHECKOUT

from .pairs import Pair, interpreter

FOLDER = CHECKOUT / ".cache" / "matrix"
INSTALL = "install --require-hashes --only-binary :all: --disable-pip-version-check --quiet --progress-bar off -r"


class MissingError(Exception):
    """This machine has no such Python."""


def bin_of(pair: Pair) -> Path:
    """Where its programs are.

    :raises MissingError: this machine has no such Python.
    """
    folder = FOLDER / pair.name
    stamp, wanted = folder / ".lock", hashlib.sha256(pair.lock.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        python = interpreter(pair.python)
        if not python:
            raise MissingError(pair.missing)
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), *INSTALL.split(), str(pair.lock)], check=True)
        stamp.write_text(wanted)
    return folder / "bin"


def collections() -> Path:
    """This checkout and kubernetes.core: only one release of it comes by PyPI, in the package `ansible`."""
    folder = FOLDER / "collections"
    here = Path(sysconfig.get_path("purelib")) / "ansible_collections" / "kubernetes" / "core"
    for name, target in (("openclarity/wasm_filters", CHECKOUT), ("kubernetes/core", here)):
        link = folder / "ansible_collections" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return folder


def environment(programs: Path) -> dict[str, str]:
    """The pair's programs first, and no collection but those two."""
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(collections()),
        "ANSIBLE_COLLECTIONS_PATH": str(collections()),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    }
